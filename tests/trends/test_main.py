"""``python -m celeb_ops.trends.main``, what ``make report`` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops import keys, trends
from celeb_ops.store import FolderStore
from celeb_ops.trends.main import main
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Where CELEBS_STORE points to in tests."""
    return FolderStore(tmp_path / "store")


def test_builds_trends_and_report(store: FolderStore, rows: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    rows.seen("A", on(0), "Cher")
    rows.write(store)
    assert main() == 0
    assert trends.load(store, "people")["name"].to_list() == ["Cher"]
    assert b"Cher" in store.read("Report/index.html")
    assert f"{store.url('Trends/')}: 1 capture, 1 name." in capsys.readouterr().out


def test_says_what_is_damaged(store: FolderStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.write(keys.captures(on(0)), b"no table")
    assert main() == 2
    assert "Captures/2026-11.parquet can't be read as a table" in capsys.readouterr().err
