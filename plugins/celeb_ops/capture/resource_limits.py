"""Limits of the machine's resources for the browser of a page: a browser that uses more is ended."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import psutil
from selenium.common.exceptions import WebDriverException
from urllib3.exceptions import HTTPError

from celeb_ops.core.exceptions import CaptureError, FinalCaptureError, ReasonCode
from celeb_ops.core.processes import family

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

_MEMORY_MB = 2_000
"""Memory of all of a browser's processes: pages of 24,000 and of 100,000 px with 44 pictures took 320 and 370, and some
200 that processes share."""
_DISK_MB = 500
"""Room of a browser's profile and temporary files: a page of 100,000 px takes 10. The browser's own bounds (see
``browser._STORED_MB``) stop one origin earlier, not many of them."""
_BLOCK = 4_096
"""The least that a file counts: a page can make millions of files, also empty ones."""
_WATCH_S = 0.5


@contextlib.contextmanager
def bounded(driver: subprocess.Popen[Any], folder: Path, page: str) -> Iterator[None]:
    """Kill the browser when it holds more memory than ``_MEMORY_MB``, or more than ``_DISK_MB`` in its folder.

    :raises CaptureError: of memory: another time the page may take less.
    :raises FinalCaptureError: of disk: no front page has a use for as much.
    """
    ended = threading.Event()
    passed: list[CaptureError] = []

    def watch() -> None:
        while not passed and not ended.wait(_WATCH_S):
            processes = family(driver)[1:]
            if error := _beyond(processes, folder, page):
                logger.error("%s", error)
                passed.append(error)
                for one in processes:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        one.kill()

    thread = threading.Thread(target=watch, daemon=True, name="watch-browser")
    thread.start()
    try:
        yield
    except (CaptureError, WebDriverException, HTTPError, OSError) as error:
        if passed:
            raise passed[0] from error
        raise
    finally:
        ended.set()
        thread.join()
    if passed:
        raise passed[0]


def _beyond(processes: list[psutil.Process], folder: Path, page: str) -> CaptureError | None:
    if _memory_mb(processes) > _MEMORY_MB:
        text = f"{page} took more than {_MEMORY_MB:,} MB of memory: its browser was ended."
        return CaptureError(text, ReasonCode.BROWSER)
    if _disk_mb(folder) > _DISK_MB:
        return FinalCaptureError(
            f"{page} filled more than {_DISK_MB:,} MB of disk: its browser was ended. Did the site change? If "
            "another host does this, add it to block_hosts.",
            ReasonCode.BROWSER,
        )
    return None


def _memory_mb(processes: list[psutil.Process]) -> float:
    """Memory of some processes: what each has alone, and the most that one of them shares with others."""
    alone, shared = 0, [0]
    for process in processes:
        with contextlib.suppress(psutil.Error):
            memory = process.memory_info()
            shared.append(getattr(memory, "shared", 0))
            alone += memory.rss - shared[-1]
    return (alone + max(shared)) / 1e6


def _disk_mb(folder: Path) -> float:
    """The megabytes that a folder's files take on disk; measuring a browser's 160 files takes about 1 ms."""
    taken = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                taken += max(os.lstat(os.path.join(place, name)).st_blocks * 512, _BLOCK)
    return taken / 1e6
