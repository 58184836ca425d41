"""Each thing that breaks, in the middle of a nine-site run: the rows are those of a run that nothing disturbed."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.core.settings import PROJECT
from tests.compose import faults
from tests.compose.stack import NINE, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.compose.stack import Stack

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]

SEEN = PROJECT / "bench-results" / "faults.json"
"""What was seen, for the table in docs/cluster.md."""

FELT_BY_A_TASK = {"worker-killed", "browser-killed", "disk-full"}
"""Faults that end a task's try; the others are meant to be outlived by every one."""
STARTED_ANEW = {
    "worker-killed": "worker",
    "browser-killed": "browser",
    "scheduler-killed": "scheduler",
    "redis-restarted": "redis",
    "postgres-restarted": "postgres",
}
FAULTS: dict[str, Callable[[Stack, str], None]] = {
    "worker-killed": faults.worker_killed,
    "browser-killed": faults.browser_killed,
    "scheduler-killed": faults.scheduler_killed,
    "redis-restarted": faults.restarted("redis"),
    "postgres-restarted": faults.restarted("postgres"),
    "disk-full": faults.disk_full,
    "browsers-cut-off-30-s": faults.browsers_cut_off,
}


def _noted(name: str, seen: dict[str, Any]) -> None:
    SEEN.parent.mkdir(exist_ok=True)
    before = json.loads(SEEN.read_text()) if SEEN.exists() else {}
    SEEN.write_text(json.dumps(before | {name: seen}, indent=2) + "\n")


@pytest.fixture(scope="module")
def undisturbed(stack: Stack) -> dict[str, Any]:
    """The rows, and the seconds, of a run that nothing disturbs."""
    stack.settle()
    when = now()
    began = time.monotonic()
    assert stack.wait(stack.trigger(when, NINE)) == "success"
    seen = {"seconds": round(time.monotonic() - began), "rows": stack.rows(when)}
    assert len(seen["rows"]) == 9
    _noted("undisturbed", {"seconds": seen["seconds"]})
    return seen


@pytest.mark.parametrize("name", FAULTS)
def test_the_run_ends_right_by_itself_or_by_one_press(stack: Stack, undisturbed: dict[str, Any], name: str) -> None:
    stack.settle()
    before = stack.started(STARTED_ANEW[name]) if name in STARTED_ANEW else set()
    when = now() - timedelta(minutes=1)
    began = time.monotonic()
    run = stack.trigger(when, NINE)
    stack.wait_until_done(run, "site.screenshot", 2)

    broken = time.monotonic()
    FAULTS[name](stack, run)
    state = stack.wait(run)
    by_itself = state == "success"
    if not by_itself:
        stack.wait_until_healthy()
        stack.press(run)
        state = stack.wait(run)
    ended = time.monotonic()

    _noted(
        name,
        {
            "by_itself": by_itself,
            "seconds": round(ended - began),
            "after_the_fault": round(ended - broken),
            "more_than_undisturbed": round(ended - began - undisturbed["seconds"]),
            "tries_that_failed": stack.attempts(run),
        },
    )
    assert state == "success", stack.states(run)
    assert stack.rows(when) == undisturbed["rows"]
    captures = stack.captures(when)
    assert sorted(row["site"] for row in captures) == sorted(NINE)
    assert {row["outcome"] for row in captures} == {"seen"}
    # That it struck at all.
    assert name not in FELT_BY_A_TASK or stack.attempts(run) > 0
    assert name not in STARTED_ANEW or stack.started(STARTED_ANEW[name]) != before
    # Nothing of a half-done step is left beside the whole ones.
    assert not [path for path in (stack.folder / "data").rglob("*") if path.suffix in (".part", ".tmp")]
