"""A process with its descendants, and whether they have ended."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable


def family(process: subprocess.Popen[Any] | None) -> list[psutil.Process]:
    """A process and all that it started, as far as they run; empty for None."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if process is not None:
            parent = psutil.Process(process.pid)
            return [parent, *parent.children(recursive=True)]
    return []


def alive(process: psutil.Process) -> bool:
    """A zombie is dead: it only waits for its parent, or for process 1, to take note of it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those that have not ended after this time; returns earlier if all have."""
    deadline = time.monotonic() + timeout_s
    running = list(processes)
    while (running := [one for one in running if alive(one)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return running
