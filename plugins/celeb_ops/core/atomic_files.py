"""Files that are there whole or not at all; and removing what killed writers leave half-written, as it may name
somebody who asked to be forgotten."""

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

MAX_AGE_S = 86_400
"""Nobody writes one file for a day."""
_PART = re.compile(r"\..+\.[0-9a-f]{32}\.part", re.DOTALL)
_ATTEMPTS = 100


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
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
    """Write a file; again where a sweep took the part away, or a deletion the folder."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with atomic_file(path) as file:
                file.write(content)
            return
        # mkdir says that something else stands there where the folder goes just then.
        except (FileNotFoundError, FileExistsError):
            if attempt == _ATTEMPTS:
                raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """An empty folder to write to, which takes the place of ``path`` when all went well; else nothing is left of it."""
    part = _part(path.absolute())
    try:
        part.mkdir(parents=True)
        yield part
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path, *, at_once: bool = False, deep: bool = True, dry: bool = False) -> int:
    """Remove the half-written files and folders that are a day old; how many.

    :param at_once: however new: a live writer of a store writes its file again. :param deep: in the folders inside it
        too. :param dry: only count.
    """
    removed = 0
    for place, folders, files in os.walk(folder):
        for part in (Path(place, name) for name in (*folders, *files) if _PART.fullmatch(name)):
            # Gone meanwhile, or somebody else's.
            with suppress(OSError):
                if at_once or time.time() - part.lstat().st_mtime > MAX_AGE_S:
                    if not dry:
                        shutil.rmtree(part) if part.is_dir() else part.unlink()
                    removed += 1
        folders[:] = [name for name in folders if deep and not name.endswith(".part")]
    return removed


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid4().hex}.part")
