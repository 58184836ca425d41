"""Writes files whole or not at all, and removes half-written files of killed tasks: they may name somebody
who asked to be forgotten."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

MAX_AGE_S = 86_400
"""Nobody writes one file for a day."""
_PART = re.compile(r"\..+\.[0-9a-f]{32}\.part", re.DOTALL)
_ATTEMPTS = 100


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` when all went well; else nothing is left of it."""
    # The name is chosen before the file is made, so that no interrupt can leave a file without a name here.
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
    """Write a file. Try again if a sweep removed the temporary file, or a deletion the folder."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with atomic_file(path) as file:
                file.write(content)
            return
        # mkdir raises FileExistsError if the folder vanishes at that moment.
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
    """Remove the half-written files and folders that are a day old; return their number.

    :param at_once: also newer ones: a live writer of a store writes its file again.
    :param deep: also in folders inside it.
    :param dry: only count.
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
