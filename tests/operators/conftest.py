"""A store that can be watched and refuses what it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops.core.exceptions import NotPermittedError
from celeb_ops.core.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Watched(FolderStore):
    """A folder that knows in which order it was written, and forbids verbs as a bucket's policy does."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.written: list[str] = []
        self.denied: set[str] = set()

    def _check(self, verb: str, key: str) -> None:
        if verb in self.denied:
            raise NotPermittedError(f"{key}: no {verb}.")

    def write(self, key: str, content: bytes) -> None:
        super().write(key, content)
        self.written.append(key)

    def delete(self, key: str) -> None:
        self._check("delete", key)
        super().delete(key)

    def list(self, prefix: str) -> Iterator[str]:
        self._check("list", prefix)
        return super().list(prefix)

    def contents(self, prefix: str = "") -> dict[str, bytes]:
        return {key: self.read(key) for key in super().list(prefix)}


@pytest.fixture
def watched(folder_store: FolderStore) -> Watched:
    """The store of the settings."""
    return Watched(folder_store.root)
