"""Removes from a store all data about the people in its ``removed.yaml``.

Each step can be repeated: wherever a removal is killed, a second one finishes it. So results and ``Sightings``, which
say where a person's faces are, change last, after the screenshots, slices, crops and counts that are found by them.
All small JSON files are read, because a headline may name a person anywhere; pictures only where the person was seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl
from pydantic import ValidationError

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Result
from celeb_ops.core.removal_filter import scrubbed
from celeb_ops.dataset.celebs_csv import without_people
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS, Table
from celeb_ops.privacy.captures import Appearance, clear_capture
from celeb_ops.privacy.removal import Removal, months_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from celeb_ops.core.removal_list import RemovalList

_AT_ONCE = 16
"""Small files read at the same time: from S3 each takes about 30 ms."""
_BATCH = 128
"""Small files held in memory at most."""
_TEXTS = ("headline", "text", "link", "alt", "picture_url", "reason")
"""Columns with a page's own words and addresses: they may name people other than the row's."""


@dataclass
class Purge(Removal):
    """One purge of a store."""

    removed: RemovalList
    unreadable: list[str] = field(default_factory=list, init=False)
    """Damaged files that seem to name somebody on the list."""

    def run(self) -> None:
        """:raises RecordError: a table can't be read, so nobody can tell who is in it."""
        appearances: dict[str, Appearance] = defaultdict(Appearance)
        results = self._find_results(appearances)
        faces = self._find_sightings(appearances)
        for sidecar in self.track(sorted(appearances), "Screenshots"):
            clear_capture(self, sidecar, appearances[sidecar], self.removed)
        for key in (keys.CSV, keys.CSV_V1):
            self.rewrite(key, lambda old, key=key: self._clean_csv(old, key))  # type: ignore[misc]
        self._clean_months(CAPTURES, lambda table: self._clean_captures(table, faces))
        for prefix, what in (
            ("Answers/", "recogniser's answers"),
            ("Images/", "screenshots' facts that named them"),
            ("Outcomes/", "reasons that named them"),
        ):
            for key, _ in self._naming(prefix):
                self._scrub(key, what)
        # Last: a second try uses these to find what the first one missed.
        for key in self.track(results, "Results"):
            self._scrub(key, "results")
        for table in (MENTIONS, SIGHTINGS):
            self._clean_months(table, lambda rows, name=table.name: self._clean_people(rows, name))  # type: ignore[misc]
        self.make_reports_again()

    def _find_results(self, appearances: dict[str, Appearance]) -> list[str]:
        """The keys of results that may name somebody; their faces are added to ``appearances``, by sidecar."""
        found = []
        for key, content in self._naming("Results/"):
            found.append(key)
            try:
                result = Result.model_validate_json(content)
            except ValidationError:
                continue
            for one in result.sightings:
                if self.removed.holds(one.name, one.qid):
                    appearances[result.screenshot].add(one.box, one.crop)
        return found

    def _find_sightings(self, appearances: dict[str, Appearance]) -> Counter[tuple[datetime, str]]:
        """The number of their rows in ``Sightings``, by time and site; the faces are added to ``appearances``."""
        faces: Counter[tuple[datetime, str]] = Counter()
        for table in months_of(self.store, SIGHTINGS):
            for row in table.filter(self._are_theirs(table)).iter_rows(named=True):
                faces[row["time"], row["site"]] += 1
                box = Box(row["left"], row["top"], row["width"], row["height"])
                appearances[row["screenshot"]].add(box, row["crop"])
        return faces

    def _clean_csv(self, old: bytes, key: str) -> tuple[bytes, Counter[str]]:
        new = without_people(old, self.removed, self.store.url(key))
        return new, Counter({f"rows of {key}": len(set(old.splitlines()) - set(new.splitlines()))})

    def _clean_months(self, schema: Table, clean: Callable[[pl.DataFrame], tuple[pl.DataFrame, Counter[str]]]) -> None:
        for key in self.track(list(self.store.list(f"{schema.name}/")), schema.name):
            self.rewrite_table(key, schema, clean)

    def _clean_captures(
        self, table: pl.DataFrame, faces: Counter[tuple[datetime, str]]
    ) -> tuple[pl.DataFrame, Counter[str]]:
        """``Captures`` without their names; their faces are unrecognised ones from now on.

        A row that does not name them is left alone, so that a second run counts nothing twice.
        """
        theirs = set(self._held(table["celebrities"].explode()))
        rows = table.to_dicts() if theirs else []
        touched = [row for row in rows if theirs & set(row["celebrities"] or ())]
        for row in touched:
            names = row["celebrities"]
            row["celebrities"] = [name for name in names if name not in theirs]
            gone = len(names) - len(row["celebrities"])
            row["unrecognised"] = (row["unrecognised"] or 0) + max(faces[row["time"], row["site"]], gone)
        clean, emptied = self._without_texts(pl.DataFrame(rows, schema=table.schema) if touched else table)
        return clean, Counter({"rows of Captures": len(touched), "headlines and links of others": emptied})

    def _clean_people(self, table: pl.DataFrame, name: str) -> tuple[pl.DataFrame, Counter[str]]:
        """``Sightings`` or ``Mentions`` without their rows and without texts naming them elsewhere."""
        others = table.filter(~self._are_theirs(table))
        clean, emptied = self._without_texts(others)
        return clean, Counter({f"rows of {name}": len(table) - len(others), "headlines and links of others": emptied})

    def _are_theirs(self, rows: pl.DataFrame) -> pl.Expr:
        """Whether a row is of one of them, by name or by QID."""
        return pl.any_horizontal(
            pl.col(column).is_in(self._held(rows[column])).fill_null(False) for column in ("name", "qid")
        )

    def _held(self, names: Iterable[str | None]) -> list[str]:
        return [name for name in set(names) if name and self.removed.holds(name)]

    def _without_texts(self, table: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        emptied = 0
        for column in set(_TEXTS) & set(table.columns):
            texts = [text for text in table[column].unique().to_list() if text]
            quickly = [text for text in texts if self.removed.may_be_in(text.encode(errors="replace"))]
            if naming := [text for text in quickly if self.removed.mentioned(text)]:
                named = pl.col(column).is_in(naming)
                emptied += len(table.filter(named))
                table = table.with_columns(pl.when(named).then(None).otherwise(pl.col(column)).alias(column))
        return table, emptied

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

        files = [key for key in self.store.list(prefix) if key.endswith(".json")]
        todo = iter(self.track(files, prefix.rstrip("/")))
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="forget") as pool:
            while batch := list(islice(todo, _BATCH)):
                for key, content in zip(batch, pool.map(read, batch), strict=True):
                    if self.removed.may_be_in(content):
                        yield key, content
