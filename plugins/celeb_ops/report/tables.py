"""The trends' tables for pages: read once, and again when they have changed in the store."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.exceptions import NotPermittedError
from celeb_ops.trends.tables import load

if TYPE_CHECKING:
    import polars as pl

    from celeb_ops.store import Store

_UNLISTED_S = 60
"""How long tables are kept where the store may not be listed, so that nobody can tell whether they changed."""


@dataclass
class Tables:
    """The tables of one store. Threads of a server share it."""

    store: Store
    _kept: dict[str, tuple[str, pl.DataFrame]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def now(self) -> View:
        """The tables as they are now; asks the store once, however many of them a page reads."""
        try:
            return View(self, self.store.versions(keys.TRENDS))
        except NotPermittedError:
            return View(self, None)

    def read(self, name: str, version: str) -> pl.DataFrame:
        """The table, which is in the store in this version."""
        with self._lock:
            kept = self._kept.get(name)
        if kept and kept[0] == version:
            return kept[1]
        table = load(self.store, name)
        with self._lock:
            self._kept[name] = version, table
        return table


@dataclass(frozen=True)
class View:
    """The tables at one moment."""

    tables: Tables
    versions: dict[str, str] | None
    """By key; None: they are not known."""

    def __call__(self, name: str) -> pl.DataFrame:
        """A table; an empty one where trends were not made yet."""
        if self.versions is None:
            version = f"unlisted {time.monotonic() // _UNLISTED_S}"
        else:
            version = self.versions.get(keys.trends(name), "")
        return self.tables.read(name, version)
