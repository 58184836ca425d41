from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from celeb_ops import trends
from tests.trends.rows import Built, Rows

if TYPE_CHECKING:
    import polars as pl

    from celeb_ops.core.store import FolderStore


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def built(folder_store: FolderStore, rows: Rows) -> Built:
    """A table of the trends of ``rows``, which are written and built at the first call."""

    @cache
    def build() -> None:
        rows.write(folder_store)
        trends.build(folder_store)

    def table(name: str) -> pl.DataFrame:
        build()
        return trends.load(folder_store, name)

    return table
