"""One request at a time to an archive, over all processes of this machine, and none before the archive wants it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_PAUSE_S = 86_400
"""An archive that asks for more is not believed: a day later it may be asked once."""
_LOOK_S = 0.5
"""Between two looks whether somebody still waits for the answer."""
_TOO_MUCH = "The page asks for more than the archive gives in the time there is."


class RateLimiter:
    """
    Whose turn it is to ask an archive.

    What holds for all processes is the time of a file beside the lock: when the next request may begin. So a task that
    the archive has told to wait tells all others.
    """

    def __init__(self, folder: Path, archive_url: str, rate: float) -> None:
        """:param folder: where the lock and its file are kept. :param rate: requests a second, at most."""
        self.host = urlsplit(archive_url).netloc
        self._interval_s = 1 / rate
        self._file = folder / f"archive-{keys.safe(self.host)}"
        self._line = _Line()

    @contextlib.contextmanager
    def turn(self, deadline: float, rank: int = 0, wanted: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """The turn, as long as the request lasts.

        :param deadline: on the monotonic clock. :param rank: those of a lower one in this process come first.
        :param wanted: asked while it waits: whether somebody still waits for the answer.
        :raises ArchiveBusyError: it would not come before the deadline, or is not wanted any more.
        """
        with self._line.place(rank, deadline):
            while True:
                if not wanted():
                    raise ArchiveBusyError("Nobody waits for the archive's answer any more.")
                with self._locked(deadline):
                    if time.monotonic() >= deadline:
                        raise ArchiveBusyError(_TOO_MUCH)
                    wait_s = self._free_at() - time.time()
                    if wait_s <= 0:
                        try:
                            yield
                        finally:
                            self.pause(self._interval_s)
                        return
                # Not within the lock: others may have a later deadline, and see that they need not wait for ours.
                self._wait(wait_s, deadline - time.monotonic())

    def pause(self, seconds: float) -> None:
        """Within a turn: let nobody ask for a while."""
        free_at = max(self._free_at(), time.time() + min(seconds, LONGEST_PAUSE_S))
        with self._writing():
            self._file.touch()
            os.utime(self._file, (free_at, free_at))

    def _free_at(self) -> float:
        """When the next request may begin; what no pause of ours can have set says: now."""
        with contextlib.suppress(FileNotFoundError):
            free_at = self._file.stat().st_mtime
            return free_at if free_at <= time.time() + LONGEST_PAUSE_S else 0
        return 0

    def _wait(self, wait_s: float, left_s: float) -> None:
        if wait_s <= left_s:
            time.sleep(min(wait_s, _LOOK_S))
            return
        if wait_s > self._interval_s:
            raise ArchiveBusyError(
                f"The archive {self.host} refused requests or did not answer, and is not asked for another "
                f"{wait_s:.0f} s. Clear the task later."
            )
        # It is not the archive that refuses: there is no time left for one more at this rate.
        time.sleep(max(left_s, 0))
        raise ArchiveBusyError(_TOO_MUCH)

    @contextlib.contextmanager
    def _locked(self, deadline: float) -> Iterator[None]:
        try:
            with self._writing():
                self._file.parent.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self._file.with_name(f"{self._file.name}.lock"))
                held = lock.acquire(timeout=max(deadline - time.monotonic(), 0), poll_interval=0.01)
        except Timeout:
            raise ArchiveBusyError(
                f"Other tasks of this machine kept asking the archive {self.host}: there was no turn for this one."
            ) from None
        with held:
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise
        except OSError as error:
            raise ArchiveError(f"{self._file} can't be written ({error.strerror}): see CELEBS_CACHE.") from error


class _Line:
    """Threads of this process stand in a line: the lowest rank is first, then who came first."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._number = count()
        self._busy = False

    @contextlib.contextmanager
    def place(self, rank: int, deadline: float) -> Iterator[None]:
        with self._moved:
            mine = (rank, next(self._number))
            self._waiting.append(mine)
            first = self._moved.wait_for(
                lambda: not self._busy and min(self._waiting) == mine, timeout=max(deadline - time.monotonic(), 0)
            )
            self._waiting.remove(mine)
            self._busy = self._busy or first
            self._moved.notify_all()
        if not first:
            raise ArchiveBusyError(_TOO_MUCH)
        try:
            yield
        finally:
            with self._moved:
                self._busy = False
                self._moved.notify_all()
