"""How fast a service is asked that refuses more calls a second than its quota, which nobody tells."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import AwareDatetime

from celeb_ops.exceptions import NotStoredError, RecordError, StoreError
from celeb_ops.records import Record

if TYPE_CHECKING:
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

_FIRST_S, _MOST_S = 0.1, 5.0
"""Between two calls, after the first refusal and at most."""
_SLOWER = 2.0
"""What a refusal makes of the time between two calls."""
HALVED_IN_S = 60.0
"""In which time that falls to its half: quotas are raised, and others who share the account go home."""


class Learned(Record):
    """How far apart calls had to be after one was refused."""

    seconds_between_calls: float
    asked_at: AwareDatetime


class Pace:
    """The time between two calls: none, until one is refused for being too soon.

    A step asks only a handful of times, too few to learn a pace and use it. So what one step has learned is kept in
    the store for the next.
    """

    def __init__(self, store: Store | None = None, key: str = "") -> None:
        """:param store: where the pace is kept, under ``key``; None: nowhere."""
        self._store = store
        self._key = key
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._slowed_at = 0.0
        self._learned = self._kept()

    @property
    def interval_s(self) -> float:
        """Between two calls, now; 0 where they need not be apart."""
        if not self._learned:
            return 0.0
        age_s = max((datetime.now(UTC) - self._learned.asked_at).total_seconds(), 0)
        interval_s = self._learned.seconds_between_calls * 0.5 ** (age_s / HALVED_IN_S)
        return interval_s if interval_s >= _FIRST_S / 10 else 0.0

    def wait(self) -> float:
        """Wait for the next turn to call; when it began, for ``told``."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._free_at)
            self._free_at = turn + self.interval_s
        time.sleep(turn - now)
        return turn

    def told(self, began: float, refusals: int) -> None:
        """Say of an answer when its call began, and how often it was refused before."""
        with self._lock:
            # Calls under way together are refused together: it is one sign.
            if not refusals or began < self._slowed_at:
                return
            self._slowed_at = time.monotonic()
            interval_s = min(max(self.interval_s * _SLOWER, _FIRST_S), _MOST_S)
            self._free_at = max(self._free_at, self._slowed_at + interval_s)
            self._learned = Learned(seconds_between_calls=round(interval_s, 3), asked_at=datetime.now(UTC))
            self._keep(self._learned)

    def _kept(self) -> Learned | None:
        if not self._store:
            return None
        try:
            return Learned.load(self._store, self._key)
        except (NotStoredError, RecordError):
            return None

    def _keep(self, learned: Learned) -> None:
        if not self._store:
            return
        try:
            learned.save(self._store, self._key)
        except StoreError as error:
            # The next step learns it anew.
            logger.warning("The pace could not be kept: %s", error)
