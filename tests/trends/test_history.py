"""Reading the months."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.exceptions import RecordError
from celeb_ops.trends import history
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore, Store


def test_newest_first_whatever_the_store(store: Store, rows: Rows) -> None:
    for month in (0, 2, 14):
        rows.seen("A", on(31 * month), "Cher")
    rows.write(store)
    store.write("Captures/notes.parquet", b"somebody's own")
    found = [(month.captures["time"].item(), month.sightings["name"].item()) for month in history.months(store)]
    assert found == [(on(434), "Cher"), (on(62), "Cher"), (on(0), "Cher")]


def test_each_file_is_read_once_and_a_few_at_a_time_no_more_held(
    folder_store: FolderStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in range(12):
        rows.seen("A", on(31 * month), "Cher")
    rows.write(folder_store)
    read, asked = folder_store.read, []
    # Each waits for the others: one after another they would never come through.
    together = threading.Barrier(history.READERS, timeout=20)

    def slow(key: str) -> bytes:
        asked.append(key)
        if key.startswith("Captures/"):
            together.wait()
        return read(key)

    monkeypatch.setattr(folder_store, "read", slow)
    months = history.months(folder_store)
    next(months)
    assert sum(key.startswith("Captures/") for key in asked) <= history.READERS + 1
    assert len(list(months)) == 11
    assert len(asked) == len(set(asked)) == 36


def test_only_needed_columns_come_and_lacking_ones_are_empty(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("A", on(0), "Cher")
    rows.write(folder_store)
    key = keys.sightings(on(0))
    older = pl.read_parquet(io.BytesIO(folder_store.read(key))).drop("picture", "prominence", "qid")
    content = io.BytesIO()
    older.write_parquet(content)
    folder_store.write(key, content.getvalue())
    (month,) = history.months(folder_store)
    assert dict(month.sightings.schema) == history.SIGHTINGS
    assert month.sightings.select("prominence", "picture", "qid").rows() == [(None, None, None)]


def test_a_sighting_without_a_seen_capture_is_not_counted(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("A", on(0), "Cher")
    rows.seen("B", on(0), "Adele")
    rows.captures.pop()
    rows.missed("B", on(0))
    rows.write(folder_store)
    (month,) = history.months(folder_store)
    assert month.sightings["name"].to_list() == ["Cher"]


def table(**columns: list[str]) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(columns).write_parquet(content)
    return content.getvalue()


@pytest.mark.parametrize("content", [b"", b"no table at all", table(time=["yesterday"], site=["A"])])
@pytest.mark.parametrize("key", [keys.captures(on(0)), keys.sightings(on(0))])
def test_a_damaged_month_is_named_and_nothing_is_written(
    folder_store: FolderStore, rows: Rows, key: str, content: bytes
) -> None:
    store = folder_store
    rows.seen("A", on(0), "Cher")
    rows.seen("A", on(40), "Cher")
    rows.write(store)
    trends.build(store)
    before = {key: store.read(key) for key in store.list(keys.TRENDS)}
    store.write(key, content)
    with pytest.raises(RecordError) as error:
        trends.build(store)
    assert str(error.value).startswith(f"{store.url(key)} can't be read as a table (")
    assert "make report" in str(error.value)
    assert {key: store.read(key) for key in store.list(keys.TRENDS)} == before
