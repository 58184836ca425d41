from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import Mock

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError
from celeb_ops.report import table_cache as tables_module
from celeb_ops.report.table_cache import Tables
from tests.report import history

if TYPE_CHECKING:
    import pytest

    from celeb_ops.core.store import FolderStore, Store


def test_a_table_is_read_once_and_again_when_it_has_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    history.fill(store, days=2)
    tables = Tables(store)
    read = []
    plain = tables_module.load  # type: ignore[attr-defined]
    monkeypatch.setattr(tables_module, "load", lambda store, name: read.append(name) or plain(store, name))
    first = tables.now()("people")
    assert first.height
    assert tables.now()("people") is first
    assert read == ["people"]

    history.fill(store, [history.Figure("Somebody Else", 1.0)], days=2)
    assert tables.now()("people")["name"].to_list() == ["Somebody Else"]
    assert read == ["people", "people"]


def test_an_absent_table_is_empty_and_is_there_when_it_comes(folder_store: FolderStore) -> None:
    tables = Tables(folder_store)
    assert tables.now()("people").is_empty()
    history.fill(folder_store, days=2)
    assert tables.now()("people").height == 2
    folder_store.delete(keys.trends("people"))
    assert tables.now()("people").is_empty()


def test_a_store_that_may_not_be_listed_is_read_all_the_same(
    folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.fill(folder_store, days=2)
    monkeypatch.setattr(folder_store, "files", Mock(side_effect=NotPermittedError("No.")))
    assert Tables(folder_store).now()("people").height == 2
