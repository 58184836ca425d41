"""A process with its descendants, and whether they have ended."""

import contextlib
import subprocess
import time
from collections.abc import Iterable
from typing import Any

import psutil


def family(process: subprocess.Popen[Any] | None) -> list[psutil.Process]:
    """A process and all that it started, as far as they run; empty for None."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if process is not None:
            parent = psutil.Process(process.pid)
            return [parent, *parent.children(recursive=True)]
    return []


def alive(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not: it only waits for its parent to take note."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait for them to end; returns those that are still running after this time."""
    deadline = time.monotonic() + timeout_s
    running = list(processes)
    while (running := [one for one in running if alive(one)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return running
