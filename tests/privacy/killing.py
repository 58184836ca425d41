"""A process that is killed at any of its changes of a store, and does the same again."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from celeb_ops.core.store import FolderStore, Store
from tests.privacy.conftest import with_files


class Killed(BaseException):
    """No error that anything could catch by mistake."""


class Deadly(FolderStore):
    """A store that kills whoever changes it once too often."""

    def __init__(self, root: Path, left: int) -> None:
        super().__init__(root)
        self.left = left

    def write(self, key: str, content: bytes) -> None:
        super().write(key, content)
        self._count()

    def delete(self, key: str) -> None:
        super().delete(key)
        self._count()

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def killed_and_done_again(root: Path, files: dict[str, bytes], work: Callable[[Store], object]) -> Iterator[Store]:
    """The store after ``work`` on these files was killed after its first change and done again, its second, and so on;
    at last after it was not killed."""
    for changes in count(1):
        store = FolderStore(root)
        for key in set(store.list("")) - files.keys():
            store.delete(key)
        there = {key: store.read(key) for key in store.list("")}
        with_files(store, {key: content for key, content in files.items() if there.get(key) != content})
        deadly = Deadly(root, changes)
        with suppress(Killed):
            work(deadly)
        if deadly.left == 0:
            work(store)
        yield store
        if deadly.left > 0:
            return
