from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops import trends
from tests.trends.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from celeb_ops.store import FolderStore


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def built(folder_store: FolderStore, rows: Rows) -> Callable[[str], pl.DataFrame]:
    """A table of the trends of ``rows``, which are written and built at the first call."""
    done: list[bool] = []

    def table(name: str) -> pl.DataFrame:
        if not done:
            rows.write(folder_store)
            trends.build(folder_store)
            done.append(True)
        return trends.load(folder_store, name)

    return table
