"""An archive's answers about one copy of a page, until its capture is done: a second try goes on from there."""

import contextlib
import hashlib
import shutil
import time
from pathlib import Path

from pydantic import TypeAdapter

from celeb_ops.archive.memento import ArchiveResponse, Memento
from celeb_ops.core import atomic_files

_MAX_AGE_S = 86_400
"""A capture that is not tried again within a day starts from nothing."""
_JSON: TypeAdapter[ArchiveResponse | None] = TypeAdapter(ArchiveResponse | None)


class ResponseCache:
    """Answers by address, in the folder of one copy. ``null`` means that the archive does not have the file."""

    def __init__(self, cache: Path, memento: Memento) -> None:
        """:param cache: ``CELEBS_CACHE``. Folders of other copies that are a day old are removed."""
        self._folder = cache / "archive" / _digest(memento.address)
        for folder in (cache / "archive").glob("*"):
            with contextlib.suppress(OSError):
                if folder.stat().st_mtime < time.time() - _MAX_AGE_S:
                    shutil.rmtree(folder, ignore_errors=True)

    def get(self, url: str) -> tuple[bool, ArchiveResponse | None]:
        """Whether the archive has been asked about an address, and what it has of it."""
        try:
            return True, _JSON.validate_json((self._folder / _digest(url)).read_bytes())
        except (OSError, ValueError):
            return False, None

    def put(self, url: str, answer: ArchiveResponse | None) -> None:
        # A full disk only costs the next try another request.
        with contextlib.suppress(OSError):
            atomic_files.write(self._folder / _digest(url), _JSON.dump_json(answer))

    def clear(self) -> None:
        """The capture is done."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
