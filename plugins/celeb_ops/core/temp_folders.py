"""Temporary folders that end with their process: the next process removes those of one that was killed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWNER = re.compile(r"celebs-[a-z]+-(\d+)-\w+")


@contextlib.contextmanager
def scratch_folder(kind: str) -> Iterator[Path]:
    """A temporary folder ``celebs-<kind>-<process>-…``, removed on leaving; those of dead processes are removed too."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"celebs-{kind}-{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _sweep() -> None:
    # A pid that is in use again keeps its folder for a while longer: better than to take one that is in use.
    for folder in Path(tempfile.gettempdir()).glob("celebs-*-*-*"):
        owner = _OWNER.fullmatch(folder.name)
        if owner and not psutil.pid_exists(int(owner[1])):
            with contextlib.suppress(OSError):
                # rmtree refuses a link to another folder.
                if folder.lstat().st_uid == os.geteuid():
                    shutil.rmtree(folder, ignore_errors=True)
