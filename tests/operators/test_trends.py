from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops import keys
from celeb_ops.operators import trends
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore


@pytest.mark.usefixtures("written")
def test_builds_then_writes_the_report(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), "Cher")
    rows.write(folder_store)
    trends.build_trends()
    assert folder_store.exists(keys.trends("people"))
    trends.write_report()
    assert b"Cher" in folder_store.read("Report/index.html")
