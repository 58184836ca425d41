"""Time for calls that may hang: each has its own limit, and all of a process together have one."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Budget:
    """So many seconds for all calls together, from the first of them on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None

    def within(self, seconds: float, call: Callable[[], T], left_s: float = 0) -> T:
        """:func:`within`, or sooner where less is there. Where nothing is, the call is not made.

        :param left_s: so many seconds are left for what comes after the call.
        """
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        most = self._end - now - left_s
        if most <= 0:
            raise TimeoutError(f"no time is left for it of the {self._seconds:g} s for all messages of this process")
        return within(min(seconds, most), call)


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns, or raises; TimeoutError where that takes longer. It is left behind then.

    Not a ThreadPoolExecutor: the process would wait for its thread when it ends.
    """
    answers: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(1)

    def work() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=work, daemon=True, name="celebs-alerts").start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error:
        raise error
    return answer  # type: ignore[return-value]
