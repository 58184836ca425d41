"""One request at a time to an archive, over all processes of this machine, and none before the archive wants it."""

from __future__ import annotations

import contextlib
import threading
import time
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from pydantic import BaseModel

from celeb_ops import keys
from celeb_ops.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LONGEST_PAUSE_S = 86_400
"""An archive that asks for more is not believed: a day later it may be asked once."""
FIRST_PAUSE_S = 2.0
"""After the first request that was refused or not answered; doubled for each further one in a row, of any task."""
_LONGEST_BACKOFF_S = 300.0
_LOOK_S = 0.5
"""Between two looks whether somebody still waits for the answer."""
_TOO_MUCH = "The page asks for more than the archive gives in the time there is."


class _State(BaseModel):
    """What all processes know of the archive."""

    free_at: float = 0.0
    """When the next request may begin, on the machine's clock."""
    refusals: int = 0
    """Requests in a row that were refused or not answered."""


class Turns:
    """
    Whose turn it is to ask an archive.

    What holds for all processes stands in a file beside the lock: a task that the archive has told to wait tells all
    others.
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
                    state = self._state()
                    wait_s = state.free_at - time.time()
                    if wait_s <= 0:
                        try:
                            yield
                        finally:
                            after = self._state()
                            after.free_at = max(after.free_at, time.time() + self._interval_s)
                            self._keep(after)
                        return
                # Not within the lock: others may have a later deadline, and see that they need not wait for ours.
                self._wait(wait_s, deadline, state)

    def _wait(self, wait_s: float, deadline: float, state: _State) -> None:
        left_s = deadline - time.monotonic()
        if wait_s > left_s:
            if state.refusals:
                raise ArchiveBusyError(
                    f"After {state.refusals} requests in a row that it refused or did not answer, the archive "
                    f"{self.host} is not asked for another {wait_s:.0f} s. Clear the task later."
                )
            # It is not the archive that refuses: there is no time left for one more at this rate.
            time.sleep(max(left_s, 0))
            raise ArchiveBusyError(_TOO_MUCH)
        time.sleep(min(wait_s, _LOOK_S))

    def refused(self, asked_s: float | None) -> float:
        """Within a turn: it was refused, or not answered. Let nobody ask for a while.

        :param asked_s: for how long the archive wants it; None: it does not say.
        :return: for how long, in seconds.
        """
        refusals = self._state().refusals + 1
        growing_s = min(FIRST_PAUSE_S * 2.0 ** min(refusals - 1, 20), _LONGEST_BACKOFF_S)
        pause_s = min(max(asked_s or 0, growing_s), LONGEST_PAUSE_S)
        self._keep(_State(free_at=time.time() + pause_s, refusals=refusals))
        return pause_s

    def answered(self) -> None:
        """Within a turn: the archive answers, whatever it has."""
        if (state := self._state()).refusals:
            self._keep(_State(free_at=state.free_at))

    @contextlib.contextmanager
    def _locked(self, deadline: float) -> Iterator[None]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._file.with_suffix(".lock"))
            held = lock.acquire(timeout=max(deadline - time.monotonic(), 0), poll_interval=0.01)
        except Timeout:
            raise ArchiveBusyError(
                f"Other tasks of this machine kept asking the archive {self.host}: there was no turn for this one."
            ) from None
        except OSError as error:
            raise self._not_written(error) from error
        with held:
            yield

    def _state(self) -> _State:
        """What is known; a file that is lost or damaged says: nothing, so ask now."""
        with contextlib.suppress(OSError, ValueError):
            state = _State.model_validate_json(self._file.read_bytes())
            if 0 <= state.free_at <= time.time() + LONGEST_PAUSE_S:
                return state
        return _State()

    def _keep(self, state: _State) -> None:
        try:
            self._file.write_text(state.model_dump_json())
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> ArchiveError:
        return ArchiveError(f"{self._file} can't be written ({error.strerror}): see CELEBS_CACHE.")


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
