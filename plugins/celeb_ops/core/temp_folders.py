"""Temporary folders that end with their process: the next process removes those of one that was killed."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

_OWNER = re.compile(r"celebs-[a-z]+-(\d+)-\w+")


@contextlib.contextmanager
def scratch_folder(kind: str) -> Iterator[Path]:
    """A temporary folder ``celebs-<kind>-<process>-…``, removed on leaving; those of dead processes are removed too."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"celebs-{kind}-{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _sweep() -> None:
    # If a pid is in use again its folder stays a while longer: safer than to remove one that is in use.
    for folder in Path(tempfile.gettempdir()).glob("celebs-*-*-*"):
        owner = _OWNER.fullmatch(folder.name)
        if owner and not psutil.pid_exists(int(owner[1])):
            with contextlib.suppress(OSError):
                # rmtree refuses a link to another folder.
                if folder.lstat().st_uid == os.geteuid():
                    shutil.rmtree(folder, ignore_errors=True)
