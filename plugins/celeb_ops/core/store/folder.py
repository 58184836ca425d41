"""A store in a local folder."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from celeb_ops.core.atomic_files import sweep, write
from celeb_ops.core.exceptions import InvalidKeyError, NotStoredError, StoreError, UpdateConflictError
from celeb_ops.core.store.base import Store, Stored, checked, checked_prefix, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.core.store.base import Change

LOCK_TIMEOUT_S = 120
"""How long an ``update`` in a folder waits for those of others."""


class FolderStore(Store):
    """A local folder. Writers of one file take turns by a lock file beside it, in ``.locks/``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def url(self, key: str = "") -> str:
        return str(self.root / key)

    def _path(self, key: str, last: bool = True) -> Path:
        """Of a key; InvalidKeyError where a link stands on the way, which may lead anywhere.

        :param last: also where the file itself is one: written or deleted, the link is, and not what it leads to.
        """
        path = self.root / checked(key)
        at = path if last else path.parent
        while at != self.root:
            # os.path's, because Path.is_symlink raises where a folder above may not be entered.
            if os.path.islink(at):
                raise InvalidKeyError(
                    f"{at} is a symbolic link, and a store's links are not followed: put the files themselves there."
                )
            at = at.parent
        return path

    @contextmanager
    def _told(self, key: str, verb: str) -> Iterator[None]:
        """Turns the system's errors into a sentence about this key."""
        try:
            yield
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotStoredError(f"{self.url(key)} is not there.") from None
        except OSError as error:
            raise StoreError(f"{self.url(key)} could not be {verb}: {error.strerror or error}.") from error

    def read(self, key: str) -> bytes:
        with self._told(key, "read"):
            return self._path(key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        path = self._path(key, last=False)
        try:
            write(path, content)
        except OSError as error:
            raise StoreError(f"{self.url(key)} could not be written: {error.strerror or error}.") from error

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def files(self, prefix: str) -> Iterator[Stored]:
        # Only the folder that the prefix names is walked: a listing costs what it lists.
        folder = checked_prefix(prefix).rpartition("/")[0]
        if folder:
            self._path(folder)
        return (one for one in self._walked(f"{folder}/" if folder else "") if one.key.startswith(prefix))

    def _walked(self, folder: str) -> Iterator[Stored]:
        """The files in a folder of the store (``""``, or with a slash at its end) and in those inside it."""
        found: list[os.DirEntry[str]] = []
        with suppress(NotStoredError), self._told(folder, "listed"), os.scandir(self.root / folder) as entries:
            found = [one for one in entries if is_key(one.name)]
        # With its slash a folder has its place among the keys. A link would lead out of the store.
        folders = {f"{one.name}/": one for one in found if one.is_dir(follow_symlinks=False)}
        files = {one.name: one for one in found if one.is_file(follow_symlinks=False)}
        for name, entry in sorted((folders | files).items()):
            if name in folders:
                yield from self._walked(folder + name)
                continue
            # It may have gone since it was listed.
            with suppress(NotStoredError), self._told(folder + name, "looked at"):
                state = entry.stat()
                # The file's number too: every write makes a new file, also two within one tick of the clock.
                version = f"{state.st_ino}-{state.st_mtime_ns}-{state.st_size}"
                yield Stored(folder + name, datetime.fromtimestamp(state.st_mtime, UTC), state.st_size, version)

    def delete(self, key: str) -> None:
        path = self._path(key, last=False)
        with suppress(NotStoredError), self._told(key, "deleted"):
            path.unlink()
            # A capture has folders of its own, and would leave them for ever.
            with suppress(OSError):
                if path.parent != self.root:
                    path.parent.rmdir()

    def sweep(self, *, at_once: bool = False, dry: bool = False) -> int:
        return sweep(self.root, at_once=at_once, dry=dry)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        from filelock import FileLock, Timeout

        path = self.root / ".locks" / f"{checked(key).replace('/', '_')}.lock"
        lock = FileLock(path, timeout=LOCK_TIMEOUT_S)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise UpdateConflictError(
                f"{self.url(key)} was kept locked for {LOCK_TIMEOUT_S:g} s by another process; see who holds {path}."
            ) from None
        except OSError as error:
            raise StoreError(f"{self.url(key)} could not be locked: {error.strerror or error}.") from error
        try:
            yield
        finally:
            lock.release()

    def update(self, key: str, change: Change) -> bool:
        with self._locked(key):
            try:
                old = self.read(key)
            except NotStoredError:
                old = None
            new = change(old)
            if new is None or new == old:
                return False
            self.write(key, new)
            return True
