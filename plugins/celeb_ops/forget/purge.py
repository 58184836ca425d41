"""Removes from a store whatever it has of the people in its ``removed.yaml``.

Each step may be done again: killed anywhere, a second time finishes. What tells where a person's faces are (results
and ``Sightings``) is changed after all that was found by it: screenshots, slices, crops and counts. Small JSON files
are all read, many at once, because a headline may name a person anywhere; pictures are only read where the person was
seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from celeb_ops import keys
from celeb_ops.dataset.celebs_csv import without_people
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet, to_parquet
from celeb_ops.exceptions import NotStoredError
from celeb_ops.forget import tables
from celeb_ops.forget.captures import Capture, clear
from celeb_ops.gate import scrubbed
from celeb_ops.geometry import Box
from celeb_ops.records import Result

if TYPE_CHECKING:
    import polars as pl

    from celeb_ops.dataset.schema import Table
    from celeb_ops.removed import Removed
    from celeb_ops.store import Store

_AT_ONCE = 16
"""Small files read at the same time: from S3 each takes about 30 ms."""
_BATCH = 128
"""Small files held in memory at most."""

Track = Callable[[Sequence[str], str], Iterable[str]]
"""Goes through keys and shows how far it has come with what."""


@dataclass
class Purge:
    """One purge of a store."""

    store: Store
    removed: Removed
    track: Track = lambda keys, what: keys
    dry: bool = False
    """Nothing is written, and pictures are not read: ``store`` is one that writes nothing."""
    done: Counter[str] = field(default_factory=Counter)
    """How many of what."""
    unreadable: list[str] = field(default_factory=list)
    """Files that are not what they should be and seem to name somebody."""
    _captures: dict[str, Capture] = field(default_factory=lambda: defaultdict(Capture))
    """By key of the sidecar."""
    _faces: Counter[tuple[Any, str]] = field(default_factory=Counter)
    """Rows of ``Sightings`` that are theirs, by time and site."""
    _results: list[str] = field(default_factory=list)

    def run(self) -> None:
        """:raises RecordError: a table can't be read, so nobody can tell who is in it."""
        self._find()
        for sidecar in self.track(sorted(self._captures), "Screenshots"):
            self.done += clear(self.store, sidecar, self._captures[sidecar], self.removed, self.dry)
        self._csv()
        self._months(CAPTURES, lambda table: tables.without_names(table, self.removed, self._faces))
        self._json("Answers/", "recogniser's answers")
        self._json("Images/", "screenshots' facts that named them")
        self._json("Outcomes/", "reasons that named them")
        # Last: by these a second try would find what the first one did not come to.
        for key in self.track(self._results, "Results"):
            self._scrub(key, "results")
        self._months(SIGHTINGS, lambda table: tables.without_sightings(table, self.removed))

    def _find(self) -> None:
        for key, content in self._naming("Results/"):
            self._results.append(key)
            try:
                result = Result.model_validate_json(content)
            except ValidationError:
                continue
            for one in result.sightings:
                if self.removed.holds(one.name, one.qid):
                    self._captures[result.screenshot].add(one.box, one.crop)
        for key in self.track(list(self.store.list("Sightings/")), "Sightings"):
            table = from_parquet(self.store.read(key), SIGHTINGS, self.store.url(key))
            for row in tables.sightings_of(table, self.removed).iter_rows(named=True):
                self._faces[row["time"], row["site"]] += 1
                box = Box(row["left"], row["top"], row["width"], row["height"])
                self._captures[row["screenshot"]].add(box, row["crop"])

    def _csv(self) -> None:
        for key in (keys.CSV, keys.CSV_V1):
            before = after = b""

            def change(old: bytes | None, key: str = key) -> bytes | None:
                nonlocal before, after
                before, after = old or b"", without_people(old or b"", self.removed, self.store.url(key))
                return None if before == after else after

            if self.store.update(key, change):
                self.done[f"rows of {key}"] += len(set(before.splitlines()) - set(after.splitlines()))

    def _months(self, schema: Table, clean: Callable[[pl.DataFrame], tuple[pl.DataFrame, Counter[str]]]) -> None:
        for key in self.track(list(self.store.list(f"{schema.name}/")), schema.name):
            done: Counter[str] = Counter()

            def change(old: bytes | None, key: str = key) -> bytes | None:
                nonlocal done
                if old is None:
                    return None
                new, done = clean(from_parquet(old, schema, self.store.url(key)))
                return to_parquet(new) if done.total() else None

            if self.store.update(key, change):
                self.done += done

    def _json(self, prefix: str, what: str) -> None:
        for key, _ in self._naming(prefix):
            self._scrub(key, what)

    def _scrub(self, key: str, what: str) -> None:
        try:
            if self.store.update(key, lambda old: scrubbed(old, self.removed) if old else None):
                self.done[what] += 1
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
        told = iter(self.track(there, prefix.rstrip("/")))
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="forget") as pool:
            for start in range(0, len(there), _BATCH):
                batch = there[start : start + _BATCH]
                for key, content in zip(batch, pool.map(read, batch), strict=True):
                    next(told, None)
                    if self.removed.may_be_in(content):
                        yield key, content
        next(told, None)
