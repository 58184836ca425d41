"""The interface of a store, and the keys that it accepts."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

from celeb_ops.core.exceptions import InvalidKeyError
from celeb_ops.core.text import quoted

Change = Callable[[bytes | None], bytes | None]
"""Called with a file's content (None: there is none), returns the new content (None: no change)."""


class Stored(NamedTuple):
    """A file in a listing."""

    key: str
    written: datetime
    """In UTC, by the clock of where it is stored."""
    size: int
    """Bytes."""
    version: str
    """Changes with the content."""


class Store(Protocol):
    """Files by key. ``write`` is atomic: a reader sees the old content or the new, never a half."""

    def url(self, key: str = "") -> str:
        """The key's address, for people and for the asset."""

    def read(self, key: str) -> bytes:
        """The content; NotStoredError if there is none."""

    def write(self, key: str, content: bytes) -> None: ...

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that start with ``prefix``, sorted."""
        return (one.key for one in self.files(prefix))

    def files(self, prefix: str) -> Iterator[Stored]:
        """The files whose keys start with ``prefix``, sorted by key, few in memory at a time. Files that it has yielded
        may be deleted meanwhile."""

    def delete(self, key: str) -> None:
        """Delete the file; nothing happens if it is not there."""

    def sweep(self, *, at_once: bool = False, dry: bool = False) -> int:
        """Remove half-written files of killed writers that are a day old; return their number. No other method sees
        these files.

        :param at_once: whatever their age; a live writer writes its file again.
        :param dry: only count.
        """
        return 0

    def update(self, key: str, change: Change) -> bool:
        """Atomically read, change and write; True if something was written.

        ``change`` may be called several times: it must have no side effects, and do nothing to content that it has
        changed already. If a write succeeds but its response is lost, and another writer continues from it, nobody can
        tell whether the change was made.
        """


_MAX_BYTES, _MAX_PART_BYTES = 1_000, 200
"""S3 allows keys of 1,024 bytes, and a file system names of 255 bytes; temporary files and locks add some characters to
a name."""


def is_key(key: str) -> bool:
    """Whether it stays inside the store and is the only spelling of its file, in S3 and in a folder alike."""
    try:
        length, parts = len(key.encode()), key.split("/")
    except UnicodeEncodeError:
        # A file in a folder may have a name that is no text.
        return False
    # A part with a leading dot is '..', or a file of ours: a lock, an unfinished write.
    usable = all(part and part[0] != "." and len(part.encode()) <= _MAX_PART_BYTES for part in parts)
    return usable and length <= _MAX_BYTES and not {"\\", "\0"} & set(key)


def checked(key: str) -> str:
    """The key itself. InvalidKeyError: it can't be one."""
    if not is_key(key):
        raise InvalidKeyError(
            f"{quoted(key)} is no key of the store: a key is a relative path in which no part is empty, begins with a "
            f"dot or is longer than {_MAX_PART_BYTES} bytes."
        )
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself. InvalidKeyError: no key can begin with it."""
    checked(f"{prefix}x")
    return prefix
