"""A process with all that it started, and whether they are gone once they were ended."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable


def family(process: subprocess.Popen[Any] | None) -> list[psutil.Process]:
    """A process and all that it started, as far as they run; none where there is none."""
    if process is None:
        return []
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def alive(process: psutil.Process) -> bool:
    """A zombie is dead: it only waits for its parent, or for process 1, to take note of it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_of(processes: Iterable[psutil.Process], after_s: float) -> list[psutil.Process]:
    """Those that are still there after this many seconds; earlier if none is."""
    deadline = time.monotonic() + after_s
    left = list(processes)
    while (left := [one for one in left if alive(one)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left
