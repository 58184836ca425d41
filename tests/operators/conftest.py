"""A step's context, and a store that tells in which order it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.hooks import s3
from tests.factories import RUN_TIME
from tests.web import free_port

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore


@pytest.fixture
def context() -> dict[str, Any]:
    return {"logical_date": RUN_TIME}


@pytest.fixture
def written(folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that steps write, in the order in which they do."""
    keys: list[str] = []
    write = folder_store.write

    def tell(key: str, content: bytes) -> None:
        write(key, content)
        keys.append(key)

    monkeypatch.setattr(folder_store, "write", tell)
    monkeypatch.setattr(s3, "open_store", lambda settings: folder_store)
    return keys


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that starts a browser fails."""
    monkeypatch.setenv("CELEBS_BROWSER_URL", f"http://127.0.0.1:{free_port()}")
