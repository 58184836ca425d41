"""What happens to a service's calls on demand, whatever they ask: errors, cuts, waits, throttling; and the counts."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.aws.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CUT = "cut"
"""The connection ends before anything was done."""
CUT_IN_THE_MIDDLE = "cut in the middle"
"""The work is done, and half of the answer comes: which boto takes for an answer without any faces."""


class Cut(Exception):
    """There is no answer: the connection ends."""


@dataclass(kw_only=True)
class Traffic:
    """All of it may be set and read at any time, also while calls are under way."""

    faults: list[str] = field(default_factory=list)
    """For the next calls, one a call, first come first served: error codes, ``UNAVAILABLE``, ``THROTTLED_500``,
    ``CUT``, ``CUT_IN_THE_MIDDLE``; an empty one leaves its call alone."""
    delay_s: float = 0.0
    """What every call waits for."""
    delays: list[float] = field(default_factory=list)
    """What the next calls wait for in place of ``delay_s``, one a call."""
    limit_per_s: float | None = None
    """Calls that may come in a second, in the long run: a token bucket that holds ``max(1, limit)``."""
    throttled_as: str = "ProvisionedThroughputExceededException"
    hold_after: int | None = None
    """With so many answers given in all, further calls wait until ``release()``."""

    calls: int = 0
    """How often it was asked, refusals included."""
    throttled: int = 0
    """Calls over the limit; those of ``faults`` don't count."""
    answered: int = 0
    """Answers that somebody was there to take."""
    lost: int = 0
    """Answers that were worked out, but came not at all or not whole: cut, or nobody was there any more."""
    asked: list[str] = field(default_factory=list)
    """SHA-256 of the pictures answered, in the order of the answers."""
    held: int = 0
    """Calls that wait for their release now."""
    in_flight: int = 0
    in_flight_max: int = 0

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._granted = 0
        """Answers given and being worked out."""
        self._tokens = float("inf")
        self._filled_at = time.monotonic()
        self.fail_at_random(0, CUT)
        self._closing = threading.Event()

    def fail_at_random(self, share: float, *kinds: str, seed: int = 0) -> None:
        """From now on this share of the calls fails as one of ``kinds``; the same calls for the same seed."""
        with self._changed:
            self._share, self._kinds, self._random = share, kinds, random.Random(seed)

    def release(self) -> None:
        """Let the held calls go on, and hold no others."""
        with self._changed:
            self.hold_after = None
            self._changed.notify_all()

    def wait_until_held(self, calls: int = 1, within_s: float = 30) -> None:
        """Return once so many calls are held; TimeoutError where they are not."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.held >= calls, within_s):
                raise TimeoutError(f"{self.held} calls are held, not {calls}, after {within_s:g} s")

    def close(self) -> None:
        """No call waits any longer."""
        self._closing.set()
        self.release()

    @contextmanager
    def under_way(self) -> Iterator[Callable[[], None]]:
        """A call; what is yielded is called before the answer is sent, so that who has it is no longer in flight."""
        ends = [1]

        def end() -> None:
            with self._changed:
                self.in_flight -= ends.pop() if ends else 0

        with self._changed:
            self.calls += 1
            self.in_flight += 1
            self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            yield end
        finally:
            end()

    def meet_fault(self) -> str:
        """Throttling, delay and fault of the next call, in this order; ``CUT_IN_THE_MIDDLE`` is left to the caller.

        :raises Refusal: it is answered by an error.
        :raises Cut: it is not answered.
        """
        with self._changed:
            self._throttle()
            fault = self._next_fault()
            delay_s = self.delays.pop(0) if self.delays else self.delay_s
        self._closing.wait(delay_s)
        if fault == CUT:
            raise Cut
        if fault and fault != CUT_IN_THE_MIDDLE:
            raise Refusal(fault)
        return fault

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The work on one answer and its being sent; waits while calls are held. Raising: it was not given."""
        with self._changed:
            self.held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.hold_after is None or self._granted < self.hold_after)
            self.held -= 1
            self._granted += 1
        try:
            yield
        except BaseException:
            with self._changed:
                self._granted -= 1
                self._changed.notify_all()
            raise

    def count_answer(self, picture: str) -> None:
        """Before it is sent, so that who has the answer sees the count."""
        with self._changed:
            self.answered += 1
            self.asked.append(picture)

    def count_loss(self, picture: str | None = None) -> None:
        """Of an answer worked out; ``picture`` where it was counted as answered already."""
        with self._changed:
            self.lost += 1
            if picture is not None:
                self.answered -= 1
                self.asked.remove(picture)

    def _throttle(self) -> None:
        if self.limit_per_s is None:
            self._tokens = float("inf")
            return
        now = time.monotonic()
        room = max(1.0, self.limit_per_s)
        self._tokens = min(room, self._tokens + (now - self._filled_at) * self.limit_per_s)
        self._filled_at = now
        if self._tokens < 1:
            self.throttled += 1
            raise Refusal(self.throttled_as)
        self._tokens -= 1

    def _next_fault(self) -> str:
        if self.faults:
            return self.faults.pop(0)
        return self._random.choice(self._kinds) if self._random.random() < self._share else ""
