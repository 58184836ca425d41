"""The trends' tables for pages: read once, and again when they have changed in the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError
from celeb_ops.trends.schema import load

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

Load = Callable[[str], pl.DataFrame]
"""Gives a table by its name; an empty one where trends were not made yet."""


_UNLISTED_S = 60
"""How long tables are kept if we may not list the store, and so can't see whether they changed."""


class Tables:
    """The tables of one store. Threads of a server share it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._cache: dict[str, tuple[str, pl.DataFrame]] = {}
        """Version and table, by name."""

    def now(self) -> Load:
        """The tables as they are now; asks the store once, however many of them a page reads."""
        try:
            versions, unlisted = {file.key: file.version for file in self.store.files(keys.TRENDS)}, ""
        except NotPermittedError:
            versions, unlisted = {}, f"unlisted {time.monotonic() // _UNLISTED_S}"

        def read(name: str) -> pl.DataFrame:
            version = versions.get(keys.trends(name), unlisted)
            cached = self._cache.get(name)
            if not cached or cached[0] != version:
                self._cache[name] = cached = version, load(self.store, name)
            return cached[1]

        return read
