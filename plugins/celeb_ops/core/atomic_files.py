"""Files that are there whole or not at all; and what writers that were killed have left half-way, which goes: it may
name somebody who asked to be forgotten."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

KEPT_S = 86_400
"""Nobody writes one file for a day."""
_PART = re.compile(r"\..+\.[0-9a-f]{32}\.part", re.DOTALL)
_ATTEMPTS = 100
"""How often a file is written again whose part, or folder, others took away meanwhile."""


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` when all went well; else nothing is left of it."""
    # Named before it is made: an interrupt can't come between.
    part = _part(path)
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write(path: Path, content: bytes) -> None:
    """Write a file; again where a sweep took the part away, or the deletion of the last file there the folder."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with written(path) as file:
                file.write(content)
            return
        # mkdir says that something else stands there where the folder goes just then.
        except (FileNotFoundError, FileExistsError):
            if attempt == _ATTEMPTS:
                raise


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """An empty folder to write to, which takes the place of ``path`` when all went well; else nothing is left of it."""
    part = _part(path.absolute())
    try:
        part.mkdir(parents=True)
        yield part
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path, *, at_once: bool = False, deep: bool = True, dry: bool = False) -> int:
    """Remove what killed writers have left in a folder, a day after; how many files or folders.

    :param at_once: all, however new: who writes a file of a store just then writes it again. :param deep: in the
        folders inside it too. :param dry: only count.
    """
    removed = 0
    for place, folders, files in os.walk(folder):
        for name in filter(_PART.fullmatch, (*folders, *files)):
            part = Path(place, name)
            # Gone meanwhile, or somebody else's.
            with suppress(OSError):
                if part.is_symlink() or not (at_once or time.time() - part.lstat().st_mtime > KEPT_S):
                    continue
                if not dry:
                    shutil.rmtree(part) if part.is_dir() else part.unlink()
                removed += 1
        folders[:] = [name for name in folders if deep and not name.endswith(".part")]
    return removed


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid4().hex}.part")
