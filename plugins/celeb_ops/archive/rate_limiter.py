"""Limits the requests to an archive: one at a time from all processes of this machine, and none before the archive
allows it."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError

MAX_PAUSE_S = 86_400
"""An archive that asks for a longer pause is asked again after a day."""
_POLL_S = 0.02
_CHECK_S = 0.5
"""Between two checks whether the answer is still wanted."""


class Deadline:
    """The end of the time in which an answer is wanted."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self.start()

    def start(self) -> None:
        """Count the time from now on."""
        self._end = time.monotonic() + self._after_s

    @property
    def left_s(self) -> float:
        return max(self._end - time.monotonic(), 0)

    def cancel(self) -> None:
        """No answer is wanted any more."""
        self._end = 0


class RateLimiter:
    """Gives out the turns to ask an archive.

    The modification time of a file beside the lock says when the next request may begin. It holds for all processes:
    if the archive makes one task wait, all others wait too.
    """

    def __init__(self, folder: Path, archive_url: str, rate: float) -> None:
        """
        :param folder: where the lock and its file are kept.
        :param rate: requests a second, at most.
        """
        self.host = urlsplit(archive_url).netloc
        self._interval_s = 1 / rate
        self._file = folder / f"archive-{keys.safe(self.host)}"
        self._line = _Line()

    @contextlib.contextmanager
    def turn(self, deadline: Deadline, rank: int = 0) -> Iterator[None]:
        """The turn, as long as the request lasts.

        :param rank: of this process's threads, those of a lower one come first.
        :raises ArchiveBusyError: it would not come before the deadline.
        """
        with self._line.place(deadline, rank):
            while True:
                with self._locked(deadline):
                    wait_s = self._free_at() - time.time()
                    if wait_s <= 0:
                        try:
                            yield
                        finally:
                            self.pause(self._interval_s)
                        return
                # Outside the lock, so that others see at once whether their own deadline allows them to wait.
                if wait_s > max(deadline.left_s, self._interval_s):
                    raise ArchiveBusyError(
                        f"The archive {self.host} refused requests or did not answer, and is not asked for another "
                        f"{wait_s:.0f} s. Clear the task later."
                    )
                time.sleep(min(wait_s, _CHECK_S, deadline.left_s))

    def pause(self, seconds: float) -> None:
        """Within a turn: let nobody ask for a while."""
        free_at = max(self._free_at(), time.time() + min(seconds, MAX_PAUSE_S))
        with self._file_errors():
            self._file.touch()
            os.utime(self._file, (free_at, free_at))

    def _free_at(self) -> float:
        """When the next request may begin; a time that no pause of ours can have set means now."""
        with contextlib.suppress(FileNotFoundError):
            free_at = self._file.stat().st_mtime
            return free_at if free_at <= time.time() + MAX_PAUSE_S else 0
        return 0

    @contextlib.contextmanager
    def _locked(self, deadline: Deadline) -> Iterator[None]:
        lock = FileLock(self._file.with_name(f"{self._file.name}.lock"))
        try:
            with self._file_errors():
                self._file.parent.mkdir(parents=True, exist_ok=True)
                lock.acquire(deadline.left_s, _POLL_S, cancel_check=lambda: not deadline.left_s)
            if not deadline.left_s:
                raise Timeout(lock.lock_file)
        except Timeout:
            lock.release()
            raise ArchiveBusyError(
                f"This page and other tasks want more of the archive {self.host} than it gives in the time there is."
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _file_errors(self) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise
        except OSError as error:
            raise ArchiveError(f"{self._file} can't be written ({error.strerror}): see CELEBS_CACHE.") from error


class _Line:
    """In which the threads of this process wait: the lowest rank is first, then who came first."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._places: list[tuple[int, int]] = []
        self._numbers = count()

    @contextlib.contextmanager
    def place(self, deadline: Deadline, rank: int) -> Iterator[None]:
        """The first place, or any when the deadline is over."""
        with self._moved:
            place = (rank, next(self._numbers))
            self._places.append(place)
            while min(self._places) != place and deadline.left_s:
                self._moved.wait(min(_CHECK_S, deadline.left_s))
            self._places.remove(place)
            # Before all that wait.
            self._places.append(place := (-1, place[1]))
        try:
            yield
        finally:
            with self._moved:
                self._places.remove(place)
                self._moved.notify_all()
