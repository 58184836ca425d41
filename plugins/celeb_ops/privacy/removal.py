"""Removals from a store: delete files, rewrite tables, count what was done, or in a dry run only count."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, WatchListError
from celeb_ops.dataset.celebs_csv import Rows, read_csv
from celeb_ops.dataset.tables import from_parquet, to_parquet

if TYPE_CHECKING:
    import polars as pl

    from celeb_ops.core.store import Change, Store
    from celeb_ops.dataset.schema import Table

logger = logging.getLogger(__name__)

Track = Callable[[Sequence[str], str], Iterable[str]]
"""Goes through keys and shows how far it has come with what."""


class DryRunStore:
    """A store that can be read and never changes, around another one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.url = store.url
        self.read = store.read
        self.exists = store.exists
        self.list = store.list
        self.files = store.files

    def sweep(self, *, at_once: bool = False, dry: bool = True) -> int:
        return self._store.sweep(at_once=at_once, dry=True)

    def write(self, key: str, content: bytes) -> None: ...

    def delete(self, key: str) -> None: ...

    def update(self, key: str, change: Change) -> bool:
        """Whether it would be changed."""
        old = self.read(key) if self.exists(key) else None
        new = change(old)
        return new is not None and new != old


@dataclass
class Removal:
    """Takes something out of a store."""

    store: Store
    track: Track = field(default=lambda keys, what: keys, kw_only=True)
    done: Counter[str] = field(default_factory=Counter, init=False)
    """How many of what."""

    @property
    def dry(self) -> bool:
        """Everything is counted, and nothing changes."""
        return isinstance(self.store, DryRunStore)

    def delete(self, what: str, there: Iterable[str]) -> None:
        """Delete these files, which are there."""
        for key in list(there):
            self.store.delete(key)
            self.done[what] += 1

    def delete_slices(self, stem: str) -> None:
        """Delete a capture's slices. The plan first: where it is, they are."""
        slices = sorted(self.store.list(keys.slices(stem)), key=lambda key: key != keys.plan(stem))
        self.delete("slices and plans", slices)

    def delete_pictures(self, what: str, stem: str) -> None:
        """Delete a screenshot's pictures, not its facts."""
        self.delete(what, [key for key in self.store.list(f"Images/{stem}.") if key != keys.sidecar(stem)])

    def rewrite(self, key: str, clean: Callable[[bytes], tuple[bytes, Counter[str]]]) -> None:
        """Put the cleaned content in the place of a file's, where it is there and something had to be done."""
        done: Counter[str] = Counter()

        def change(old: bytes | None) -> bytes | None:
            nonlocal done
            if old is None:
                return None
            new, done = clean(old)
            return new if done.total() else None

        if self.store.update(key, change):
            self.done += done

    def rewrite_table(
        self, key: str, table: Table, clean: Callable[[pl.DataFrame], tuple[pl.DataFrame, Counter[str]]]
    ) -> None:
        """:meth:`rewrite` a month of a table. RecordError where it can't be read."""

        def clean_file(old: bytes) -> tuple[bytes, Counter[str]]:
            rows, done = clean(from_parquet(old, table, self.store.url(key)))
            return to_parquet(rows) if done.total() else old, done

        self.rewrite(key, clean_file)

    def make_reports_again(self) -> None:
        """Delete trends and report at once, for they name people, and make them of the tables as they are now."""
        from celeb_ops.core.settings import Settings
        from celeb_ops.report.writing import write_report
        from celeb_ops.trends import build

        for prefix in ("Report/", "Trends/"):
            self.delete(f"files of {prefix}, made again", self.store.list(prefix))
        if not self.dry:
            build(self.store)
            try:
                write_report(self.store, Settings.load())
            except WatchListError as error:
                # Everything is removed by now, and the old feeds are deleted.
                logger.warning("%s The feeds come back with the next report after you correct the list.", error)


def months_of(store: Store, table: Table, only: str = "") -> Iterator[pl.DataFrame]:
    """The months of a table, or only that of a key. RecordError where one can't be read."""
    for key in store.list(only or f"{table.name}/"):
        if keys.is_month(key, table.name):
            yield from_parquet(store.read(key), table, store.url(key))


def csv_rows(store: Store, key: str = keys.CSV) -> Rows:
    """The rows of a CSV, where there is one. RecordError where it can't be read."""
    try:
        return read_csv(store.read(key), store.url(key))
    except NotStoredError:
        return {}
