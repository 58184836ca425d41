"""Whether processes that were ended are gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable


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
