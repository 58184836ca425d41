from __future__ import annotations

import threading
import time

import pytest

from celeb_ops.alerts.budget import Budget, within


def test_gives_what_the_call_gives_or_raises() -> None:
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_a_call_that_takes_longer_is_left_behind() -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.1 s"):
        within(0.1, lambda: time.sleep(5))
    assert time.monotonic() - start < 2
    left = [one.daemon for one in threading.enumerate() if one.name == "celebs-alerts"]
    assert left
    # The process does not wait for it when it ends.
    assert all(left)


def test_all_calls_together_have_one_limit_from_the_first_on() -> None:
    budget = Budget(0.5)
    time.sleep(0.6)
    start = time.monotonic()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            budget.within(0.4, lambda: time.sleep(5))
    assert time.monotonic() - start < 2
    calls = []
    with pytest.raises(TimeoutError, match=r"no time is left for it of the 0\.5 s for all messages"):
        budget.within(5, lambda: calls.append(1))
    assert calls == []


def test_some_of_it_can_be_left_for_what_comes_after() -> None:
    budget = Budget(3)
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="no answer"):
        budget.within(5, lambda: time.sleep(5), left_s=2.7)
    assert time.monotonic() - start < 2
    with pytest.raises(TimeoutError, match="no time is left"):
        budget.within(5, lambda: 7, left_s=2.7)
    assert budget.within(5, lambda: 7) == 7
