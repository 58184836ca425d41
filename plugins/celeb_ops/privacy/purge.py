"""Removes from a store whatever it has of the people in its ``removed.yaml``.

Each step may be done again: killed anywhere, a second time finishes. What tells where a person's faces are (results
and ``Sightings``) is changed after all that was found by it: screenshots, slices, crops and counts. Small JSON files
are all read, many at once, because a headline may name a person anywhere; pictures are only read where the person was
seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import ValidationError

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Result
from celeb_ops.core.removal_filter import scrubbed
from celeb_ops.dataset.celebs_csv import without_people
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.privacy import rows
from celeb_ops.privacy.captures import Capture, clear
from celeb_ops.privacy.removal import Removal, months_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import polars as pl

    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.dataset.schema import Table

_AT_ONCE = 16
"""Small files read at the same time: from S3 each takes about 30 ms."""
_BATCH = 128
"""Small files held in memory at most."""


@dataclass
class Purge(Removal):
    """One purge of a store."""

    removed: RemovalList
    unreadable: list[str] = field(default_factory=list, init=False)
    """Files that are not what they should be and seem to name somebody."""

    def run(self) -> None:
        """:raises RecordError: a table can't be read, so nobody can tell who is in it."""
        captures: dict[str, Capture] = defaultdict(Capture)
        results = self._find_results(captures)
        faces = self._find_sightings(captures)
        for sidecar in self.track(sorted(captures), "Screenshots"):
            clear(self, sidecar, captures[sidecar], self.removed)
        for key in (keys.CSV, keys.CSV_V1):
            self.rewrite(key, lambda old, key=key: self._csv(old, key))  # type: ignore[misc]
        self._months(CAPTURES, lambda table: rows.without_names(table, self.removed, faces))
        for prefix, what in (
            ("Answers/", "recogniser's answers"),
            ("Images/", "screenshots' facts that named them"),
            ("Outcomes/", "reasons that named them"),
        ):
            for key, _ in self._naming(prefix):
                self._scrub(key, what)
        # Last: by these a second try would find what the first one did not come to.
        for key in self.track(results, "Results"):
            self._scrub(key, "results")
        self._months(SIGHTINGS, lambda table: rows.without_sightings(table, self.removed))
        self.make_reports_again()

    def _find_results(self, captures: dict[str, Capture]) -> list[str]:
        """The keys of results that may name somebody; where they show them is added to ``captures``."""
        found = []
        for key, content in self._naming("Results/"):
            found.append(key)
            try:
                result = Result.model_validate_json(content)
            except ValidationError:
                continue
            for one in result.sightings:
                if self.removed.holds(one.name, one.qid):
                    captures[result.screenshot].add(one.box, one.crop)
        return found

    def _find_sightings(self, captures: dict[str, Capture]) -> Counter[tuple[datetime, str]]:
        """How many rows of ``Sightings`` are theirs, by time and site; these are added to ``captures``."""
        faces: Counter[tuple[datetime, str]] = Counter()
        for table in months_of(self.store, SIGHTINGS):
            for row in rows.sightings_of(table, self.removed).iter_rows(named=True):
                faces[row["time"], row["site"]] += 1
                box = Box(row["left"], row["top"], row["width"], row["height"])
                captures[row["screenshot"]].add(box, row["crop"])
        return faces

    def _csv(self, old: bytes, key: str) -> tuple[bytes, Counter[str]]:
        new = without_people(old, self.removed, self.store.url(key))
        return new, Counter({f"rows of {key}": len(set(old.splitlines()) - set(new.splitlines()))})

    def _months(self, schema: Table, clean: Callable[[pl.DataFrame], tuple[pl.DataFrame, Counter[str]]]) -> None:
        for key in self.track(list(self.store.list(f"{schema.name}/")), schema.name):
            self.rewrite_table(key, schema, clean)

    def _scrub(self, key: str, what: str) -> None:
        def clean(old: bytes) -> tuple[bytes, Counter[str]]:
            new = scrubbed(old, self.removed)
            return (old, Counter()) if new is None else (new, Counter({what: 1}))

        try:
            self.rewrite(key, clean)
        except ValueError:
            self.unreadable.append(key)

    def _naming(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """The JSON files that may name somebody, with their content."""

        def read(key: str) -> bytes:
            try:
                return self.store.read(key)
            except NotStoredError:
                # Deleted since it was listed.
                return b""

        there = [key for key in self.store.list(prefix) if key.endswith(".json")]
        left = iter(self.track(there, prefix.rstrip("/")))
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="forget") as pool:
            while batch := list(islice(left, _BATCH)):
                for key, content in zip(batch, pool.map(read, batch), strict=True):
                    if self.removed.may_be_in(content):
                        yield key, content
