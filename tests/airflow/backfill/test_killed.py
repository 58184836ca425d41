"""Processes that are killed in the middle: what is done after that leaves the same as if nothing had happened."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.settings import Settings
from tests.airflow.backfill.newsroom import SITES, TIMES
from tests.airflow.backfill.past import BACKFILL_S, until
from tests.airflow.backfill.state import State, browsers, left_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.airflow.backfill.past import Past

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(2400)]

TASKS = ("list_sites", "site.screenshot", "site.slice", "site.rekognize", "merge", "tidy", "watcher")


def test_a_task_and_the_scheduler_in_the_middle_of_a_backfill(past: Past, clean: State) -> None:
    with past.emptied():
        with past.watched() as seen:
            past.backfill("completed", TIMES)
            until(lambda: any(seen))
            os.kill(until(lambda: at_work(past, "site.screenshot")), signal.SIGKILL)

            until(lambda: len(list(past.store.list("Results/"))) > len(TIMES))
            assert "running" in {run["state"] for run in past.runs().values()}
            past.scheduler().kill()
            past.end()
            assert browsers(past.folder) == []

            past.begin()
            assert set(past.ended().values()) == {"success"}
        assert max(seen) <= Settings.load({}).browsers
        assert State.of(past.store) == clean
        past.quiet()
        assert trends.build(past.store).changed == []
        assert (left_over(past.folder), browsers(past.folder)) == ([], [])


def at_work(past: Past, task: str) -> int | None:
    """A process that is at work on such a task, of whatever run."""
    return next((pid for (_, one, _), pid in past.at_work().items() if one == task), None)


def test_every_task_of_a_run_before_and_after_its_work(past: Past, clean: State) -> None:
    """Each task of one run as it begins, and of another as soon as it has done its work, before it says so."""
    site = SITES.index("BETA")
    early, late = TIMES[4], TIMES[9]
    with past.emptied():
        stem, run = keys.stem("BETA", late), past.run_id(late)
        done: dict[str, Callable[[], bool]] = {
            "list_sites": lambda: past.handed_on(run, "list_sites"),
            "site.screenshot": lambda: past.store.exists(keys.sidecar(stem)),
            "site.slice": lambda: past.store.exists(keys.plan(stem)),
            "site.rekognize": lambda: past.store.exists(keys.result(stem)),
            "merge": lambda: past.store.exists(keys.CSV) and keys.iso(late).encode() in past.store.read(keys.CSV),
        }
        victims = {(past.run_id(early), task, site if "." in task else -1): lambda: True for task in TASKS}
        victims |= {(run, task, site if "." in task else -1): done.get(task, lambda: True) for task in TASKS}
        for when in (early, late):
            past.clear(when, "list_sites")
        kill_each(past, victims)
        # Nobody tries it again: what it says is final. It is the operator who clears it.
        assert set(past.ended([early, late]).values()) == {"failed"}
        for when in (early, late):
            past.clear(when, "watcher")
        assert set(past.ended([early, late]).values()) == {"success"}

        for when in (early, late):
            assert State.of(past.store).at(when) == clean.at(when)
            tries = past.tries(when)
            assert tries["site.screenshot", site] > tries["site.screenshot", SITES.index("ALPHA")]
        assert (left_over(past.folder), browsers(past.folder)) == ([], [])


def kill_each(past: Past, victims: dict[tuple[str, str, int], Callable[[], bool]]) -> None:
    """Kill the process of each task (a run's, and a site's) once, as soon as it is at work and its condition is met."""
    left, deadline = dict(victims), time.monotonic() + BACKFILL_S
    while left:
        for task, pid in past.at_work().items():
            if task in left and left[task]():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    del left[task]
        if time.monotonic() > deadline:
            raise TimeoutError(f"these were never at work, or had ended before they could be killed: {list(left)}")
        time.sleep(0.01)
