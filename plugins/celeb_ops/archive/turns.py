"""One request at a time to an archive, over all processes of this machine, and none before the archive wants it."""

from __future__ import annotations

import contextlib
import heapq
import json
import threading
import time
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from celeb_ops import keys
from celeb_ops.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


LONGEST_PAUSE_S = 24 * 3600
"""No archive wants to be left alone for longer; a time beyond it is damage, or that of a clock that was wrong."""

_TOO_MUCH = "The page asks for more than the archive gives in the time there is."


class Turns:
    """
    Whose turn it is to ask an archive.

    What holds for all processes, when the next request may begin, stands in a file beside the lock: a task that the
    archive has told to wait tells all others.
    """

    def __init__(self, folder: Path, archive_url: str, rate: float) -> None:
        """:param folder: where the lock and its file are kept. :param rate: requests a second, at most."""
        self.host = urlsplit(archive_url).netloc
        self._interval_s = 1 / rate
        self._file = folder / f"archive-{keys.safe(self.host)}.json"
        self._line = _Line()

    @contextlib.contextmanager
    def turn(self, deadline: float, rank: int = 0, wanted: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """The turn, as long as the request lasts.

        :param deadline: on the monotonic clock. :param rank: those of a lower one in this process come first.
        :param wanted: asked when the turn comes: whether somebody still waits for the answer.
        :raises ArchiveBusyError: it would not come before the deadline, or is not wanted any more.
        """
        with self._line.place(rank, deadline):
            if not wanted():
                raise ArchiveBusyError("Nobody waits for the archive's answer any more.")
            with self._next(deadline):
                yield

    @contextlib.contextmanager
    def _next(self, deadline: float) -> Iterator[None]:
        """The turn among processes."""
        with self._locked(deadline):
            wait_s = self._free_at() - time.time()
            if time.monotonic() + wait_s > deadline:
                if wait_s <= self._interval_s:
                    # It is not the archive that refuses: there is no time left for one more at this rate.
                    time.sleep(max(deadline - time.monotonic(), 0))
                    raise ArchiveBusyError(_TOO_MUCH)
                raise ArchiveBusyError(
                    f"The archive {self.host} wants no request for another {wait_s:.0f} s. Clear the task later."
                )
            if wait_s > 0:
                time.sleep(wait_s)
            try:
                yield
            finally:
                self._wait_until(max(self._free_at(), time.time() + self._interval_s))

    def pause(self, seconds: float) -> None:
        """Within a turn: let nobody ask for so long."""
        self._wait_until(time.time() + min(seconds, LONGEST_PAUSE_S))

    @contextlib.contextmanager
    def _locked(self, deadline: float) -> Iterator[None]:
        lock = FileLock(self._file.with_suffix(".lock"))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=max(deadline - time.monotonic(), 0), poll_interval=0.01)
        except Timeout:
            raise ArchiveBusyError(
                f"Other tasks of this machine kept asking the archive {self.host}: there was no turn for this one."
            ) from None
        except OSError as error:
            raise ArchiveError(f"{self._file} can't be written ({error.strerror}): see CELEBS_CACHE.") from error
        try:
            yield
        finally:
            lock.release()

    def _free_at(self) -> float:
        """When the next request may begin, on the machine's clock; a file that is lost or damaged says: now."""
        try:
            moment = float(json.loads(self._file.read_text())["free_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0
        return moment if 0 <= moment <= time.time() + LONGEST_PAUSE_S else 0.0

    def _wait_until(self, moment: float) -> None:
        self._file.write_text(json.dumps({"free_at": moment}))


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
            heapq.heappush(self._waiting, mine)
            mine_is_next = self._moved.wait_for(
                lambda: not self._busy and self._waiting[0] == mine, timeout=max(deadline - time.monotonic(), 0)
            )
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)
            if not mine_is_next:
                self._moved.notify_all()
                raise ArchiveBusyError(_TOO_MUCH)
            self._busy = True
        try:
            yield
        finally:
            with self._moved:
                self._busy = False
                self._moved.notify_all()
