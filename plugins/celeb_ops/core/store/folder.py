"""A store in a local folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from celeb_ops.core.atomic_files import sweep, write
from celeb_ops.core.exceptions import InvalidKeyError, NotStoredError, StoreError, UpdateConflictError
from celeb_ops.core.store.base import Change, Store, Stored, checked, checked_prefix, is_key

LOCK_TIMEOUT_S = 120
"""How long an ``update`` in a folder waits for other updates."""


class FolderStore(Store):
    """A local folder. ``update`` calls on one file take turns, by a lock file in the store's ``.locks/``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def url(self, key: str = "") -> str:
        return str(self.root / key)

    def _path(self, key: str, last: bool = True) -> Path:
        """The path of a key. InvalidKeyError: a folder in it is a symbolic link, which may lead out of the store.

        :param last: also reject a link at the file itself. Writing and deleting may have one there: they replace or
            remove the link, not its target.
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
    def _store_errors(self, key: str, action: str) -> Iterator[None]:
        """Turns the system's errors into a sentence about this key."""
        try:
            yield
        except OSError as error:
            if action in {"written", "locked"} or not isinstance(
                error, FileNotFoundError | IsADirectoryError | NotADirectoryError
            ):
                raise StoreError(f"{self.url(key)} could not be {action}: {error.strerror or error}.") from error
            raise NotStoredError(f"{self.url(key)} is not there.") from None

    def read(self, key: str) -> bytes:
        with self._store_errors(key, "read"):
            return self._path(key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        with self._store_errors(key, "written"):
            write(self._path(key, last=False), content)

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
        found: dict[str, os.DirEntry[str]] = {}
        with suppress(NotStoredError), self._store_errors(folder, "listed"), os.scandir(self.root / folder) as entries:
            # A folder is sorted with a slash at its end, so that all keys come in order. Links are left out: they could
            # lead out of the store.
            found = {
                f"{one.name}/" if one.is_dir() else one.name: one
                for one in entries
                if is_key(one.name) and not one.is_symlink() and (one.is_dir() or one.is_file())
            }
        for name, entry in sorted(found.items()):
            if name.endswith("/"):
                yield from self._walked(folder + name)
                continue
            # It may have gone since it was listed.
            with suppress(NotStoredError), self._store_errors(folder + name, "looked at"):
                state = entry.stat()
                # The file's number too: every write makes a new file, also two within one tick of the clock.
                version = f"{state.st_ino}-{state.st_mtime_ns}-{state.st_size}"
                yield Stored(folder + name, datetime.fromtimestamp(state.st_mtime, UTC), state.st_size, version)

    def delete(self, key: str) -> None:
        path = self._path(key, last=False)
        with suppress(NotStoredError), self._store_errors(key, "deleted"):
            path.unlink()
            # A capture has folders of its own, which would stay for ever.
            with suppress(OSError):
                if path.parent != self.root:
                    path.parent.rmdir()

    def sweep(self, *, at_once: bool = False, dry: bool = False) -> int:
        return sweep(self.root, at_once=at_once, dry=dry)

    def update(self, key: str, change: Change) -> bool:
        from filelock import FileLock, Timeout

        lock = FileLock(self.root / ".locks" / f"{checked(key).replace('/', '_')}.lock")
        with self._store_errors(key, "locked"):
            (self.root / ".locks").mkdir(parents=True, exist_ok=True)
            try:
                held = lock.acquire(timeout=LOCK_TIMEOUT_S)
            except Timeout:
                raise UpdateConflictError(
                    f"{self.url(key)} was locked for {LOCK_TIMEOUT_S:g} s by another process; see who holds "
                    f"{lock.lock_file}."
                ) from None
        with held:
            try:
                old = self.read(key)
            except NotStoredError:
                old = None
            new = change(old)
            if new is None or new == old:
                return False
            self.write(key, new)
            return True
