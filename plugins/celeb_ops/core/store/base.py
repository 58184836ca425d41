"""What a store is, and which keys it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from celeb_ops.core.exceptions import InvalidKeyError
from celeb_ops.core.text import quoted

if TYPE_CHECKING:
    from datetime import datetime

Change = Callable[[bytes | None], bytes | None]
"""Given a file's content (None: there is none), its new content; None leaves it as it is."""


class Stored(NamedTuple):
    """A file in a listing."""

    key: str
    written: datetime
    """In UTC, by the clock of where it is stored."""
    size: int
    """Bytes."""
    version: str
    """Another one when the content has changed."""


class Store(Protocol):
    """Files by key. ``write`` is atomic: a reader sees the old content or the new, never a half."""

    def url(self, key: str = "") -> str:
        """The key's address, for people and for the asset."""

    def read(self, key: str) -> bytes:
        """The content; NotStoredError where there is none."""

    def write(self, key: str, content: bytes) -> None: ...

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that start with ``prefix``, sorted."""
        return (one.key for one in self.files(prefix))

    def files(self, prefix: str) -> Iterator[Stored]:
        """The files whose keys start with ``prefix``, sorted by key. Files that it has yielded may be deleted while it
        goes on; few are in memory at a time."""

    def delete(self, key: str) -> None:
        """Remove the key; nothing happens where it is not there."""

    def sweep(self, *, at_once: bool = False, dry: bool = False) -> int:
        """Remove the half-written files of killed writers that are a day old; how many. No other verb sees them.

        :param at_once: however new; a live writer writes its file again. :param dry: only count.
        """
        return 0

    def update(self, key: str, change: Change) -> bool:
        """Atomically read, change and write; True if something was written.

        ``change`` may be called several times: it must have no effects of its own, and leave alone what it has once
        changed. When a write succeeded but its response was lost, and another writer went on from it, nobody can tell
        whether it was done.
        """


_MAX_BYTES, _MAX_PART_BYTES = 1_000, 200
"""Room in S3 (1,024) and in a folder (255, with what a write under way or a lock has around the name)."""


def is_key(key: str) -> bool:
    """Whether it stays inside the store and is one file's only spelling, in S3 and in a folder alike."""
    try:
        length, parts = len(key.encode()), key.split("/")
    except UnicodeEncodeError:
        # A file in a folder may have a name that is no text.
        return False
    # A part with a leading dot is '..', or one of ours: a lock, a write under way.
    usable = all(part and part[0] != "." and len(part.encode()) <= _MAX_PART_BYTES for part in parts)
    return usable and length <= _MAX_BYTES and not {"\\", "\0"} & set(key)


def checked(key: str) -> str:
    """The key itself. InvalidKeyError if it is none."""
    if not is_key(key):
        raise InvalidKeyError(
            f"{quoted(key)} is no key of the store: a key is a relative path in which no part is empty, begins with a "
            f"dot or is longer than {_MAX_PART_BYTES} bytes."
        )
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself, if it begins keys of the store; the empty one begins them all."""
    checked(f"{prefix}x")
    return prefix
