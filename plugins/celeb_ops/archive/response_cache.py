"""What an archive has answered about one copy of a page, until its capture is done: a second try goes on from there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import TypeAdapter

from celeb_ops.archive.memento import ArchiveResponse

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.archive.memento import Memento

_DAY_S = 86_400
"""A capture that is not tried again within a day begins from nothing."""
_JSON: TypeAdapter[ArchiveResponse | None] = TypeAdapter(ArchiveResponse | None)


class Kept:
    """Answers by address, in a folder of one copy's. ``null`` stands for what the archive does not have."""

    def __init__(self, cache: Path, memento: Memento) -> None:
        """:param cache: ``CELEBS_CACHE``. What was left there a day ago is removed."""
        self._all = cache / "archive"
        self._folder = self._all / _digest(memento.address)
        self._sweep()

    def get(self, url: str) -> tuple[bool, ArchiveResponse | None]:
        """Whether the archive has been asked about an address, and what it has of it."""
        try:
            return True, _JSON.validate_json((self._folder / _digest(url)).read_bytes())
        except (OSError, ValueError):
            return False, None

    def put(self, url: str, answer: ArchiveResponse | None) -> None:
        """Keep an answer. A full disk costs the next try another request, and nothing else."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{uuid4().hex}"
            part.write_bytes(_JSON.dump_json(answer))
            part.replace(self._folder / _digest(url))

    def clear(self) -> None:
        """The capture is done."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sweep(self) -> None:
        with contextlib.suppress(OSError):
            for folder in os.scandir(self._all):
                if folder.stat().st_mtime < time.time() - _DAY_S:
                    shutil.rmtree(folder.path, ignore_errors=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
