"""Files that are there whole or not at all; and what writers that were killed have left half-way, which goes.

Such a leaving may name somebody who asked to be forgotten. A writer holds a lock on its part, which ends with it: so
one that is at work is told from one that was killed, where the file system has locks.
"""

from __future__ import annotations

import fcntl
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
"""How often a part is made again that others take away, or its folder, before it is begun."""


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` when all went well; else nothing is left of it."""
    # Named before it is made: an interrupt can't come between.
    part = _part(path)
    try:
        with _made(part) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """An empty folder to write to, which takes the place of ``path`` when all went well; else nothing is left of it."""
    part = _part(path.absolute())
    try:
        part.mkdir(parents=True)
        with _open(part) as held:
            _lock(held)
            yield part
            part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path, *, at_once: bool = False, deep: bool = True, dry: bool = False) -> int:
    """Remove what killed writers have left in a folder, a day after; how many files or folders.

    :param at_once: all that nobody is at work on, however new. :param deep: in the folders inside it too.
    :param dry: only count.
    """
    removed = 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if _PART.fullmatch(name):
                # Gone meanwhile, or somebody else's.
                with suppress(OSError):
                    removed += _swept(Path(place, name), at_once, dry)
        folders[:] = [name for name in folders if deep and not name.endswith(".part")]
    return removed


def _swept(part: Path, at_once: bool, dry: bool) -> bool:
    old = time.time() - part.lstat().st_mtime > KEPT_S
    if not (part.is_file() or part.is_dir()) or part.is_symlink() or not (old or at_once):
        return False
    with _open(part) as held:
        try:
            # Kept until it is gone: a writer who has just made it waits, and begins another one.
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            if not old:
                return False
        if dry:
            return True
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
    return True


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid4().hex}.part")


def _made(part: Path) -> BinaryIO:
    """A new file, with the folder that it is in: whoever deletes the last file there takes that away at any moment."""
    for attempt in range(_ATTEMPTS):
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            file = part.open("xb")
        # mkdir says that something else stands there where the folder goes just then.
        except (FileNotFoundError, FileExistsError):
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        _lock(file.fileno())
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()
    raise OSError(f"{part} is taken away again and again")


def _lock(file: int) -> None:
    # Some network file systems have none: there only a part's age tells.
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
