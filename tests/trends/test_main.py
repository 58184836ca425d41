"""What ``make report`` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops import trends
from celeb_ops.cli.main import main
from celeb_ops.core import keys
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    import pytest

    from celeb_ops.core.store import FolderStore


def test_builds_trends_and_report_or_says_what_is_damaged(
    folder_store: FolderStore, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    rows.seen("A", on(0), "Cher")
    rows.write(folder_store)
    assert main(["report"]) == 0
    assert trends.load(folder_store, "people")["name"].to_list() == ["Cher"]
    assert b"Cher" in folder_store.read("Report/index.html")
    assert f"{folder_store.url('Trends/')}: 1 capture, 1 name." in capsys.readouterr().out
    folder_store.write(keys.captures(on(0)), b"no table")
    assert main(["report"]) == 2
    assert "Captures/2026-11.parquet can't be read as a table" in capsys.readouterr().err
