"""What is done again, the whole backfill or a task of one site, leaves everything as it was."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.cli.airflow_home import environment
from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.operators.run_steps import GROUP
from celeb_ops.operators.run_steps import STEPS as STEPS_OF_A_SITE
from tests.airflow.backfill.dialog import clear_task
from tests.airflow.backfill.newsroom import GAPS, SITES, TIMES
from tests.airflow.backfill.past import until
from tests.airflow.backfill.state import State, browsers, left_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.airflow.backfill.past import Past

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

STEP = {name: number for number, name in enumerate(SITES)}
"""A site's index in its run."""
STEPS = [f"{GROUP}.{step}" for step in STEPS_OF_A_SITE]
LAST = {("merge", -1), ("tidy", -1), ("watcher", -1)}
"""What follows every site's steps."""


def work_of(task: str | tuple[str, int]) -> set[tuple[str, int]]:
    """What there is to do once this task was cleared."""
    if task == "list_sites":
        return {(task, -1), *itertools.product(STEPS, STEP.values())} | LAST
    return LAST if task == "merge" else {(step, task[1]) for step in STEPS[STEPS.index(task[0]) :]} | LAST


@pytest.fixture(autouse=True)
def stays_as_it_was(past: Past, clean: State) -> Iterator[None]:
    """Whatever a test here does, in the end nothing is doubled, lost or left over."""
    yield
    assert State.of(past.store) == clean
    assert left_over(past.folder) == []
    assert browsers(past.folder) == []


def again(past: Past, times: list[datetime], before: dict[datetime, dict[str, Any]]) -> None:
    """Wait until runs have begun anew and ended well."""
    until(lambda: all(past.runs()[when]["start_date"] != before[when]["start_date"] for when in times))
    assert set(past.ended(times).values()) == {"success"}


class TestTheSameBackfill:
    def test_does_missing_runs_alone(self, past: Past) -> None:
        """``none``: of ten runs the one whose record Airflow has lost is made again."""
        when = TIMES[5]
        before = past.runs()
        past.up.api.ask(past.path(when), method="DELETE")
        past.backfill("none", TIMES, conf=before[when]["conf"])
        until(lambda: when in past.runs())
        assert past.ended()[when] == "success"
        after = past.runs()
        assert [at for at in TIMES if after[at] != before[at]] == [when]

    def test_does_failed_runs_too(self, past: Past) -> None:
        when = TIMES[1]
        before = past.runs()
        past.up.api.ask(past.path(when), {"state": "failed"}, method="PATCH")
        past.backfill("failed", TIMES)
        again(past, [when], before)
        after = past.runs()
        assert [at for at in TIMES if after[at]["start_date"] != before[at]["start_date"]] == [when]

    def test_does_all_runs_again_without_a_browser(self, past: Past) -> None:
        before = past.runs()
        with past.watched() as seen:
            past.backfill("completed", TIMES)
            again(past, TIMES, before)
        # The gaps are asked for again: that takes no browser either.
        assert max(seen) == 0


class TestAClear:
    def test_by_the_api_does_just_that_work(self, past: Past) -> None:
        """Each task of a run of its own: all of them are at it at the same time."""
        cleared = {
            TIMES[0]: ("site.screenshot", STEP["BETA"]),
            TIMES[1]: ("site.slice", STEP["ALPHA"]),
            TIMES[2]: ("site.rekognize", STEP["GAMMA"]),
            TIMES[4]: "merge",
            TIMES[5]: "list_sites",
            GAPS[0]: ("site.screenshot", STEP["GAMMA"]),
        }
        before, tried = past.runs(), {when: past.tries(when) for when in cleared}
        for when, task in cleared.items():
            past.clear(when, task)
        again(past, list(cleared), before)
        for when, task in cleared.items():
            after = past.tries(when)
            did = {one for one, number in after.items() if number != tried[when].get(one)}
            assert did - work_of(task) == set(), task
            # After a skipped screenshot there is nothing to do.
            assert work_of(task) - did <= ({("site.slice", 2), ("site.rekognize", 2)} if when in GAPS else set()), task

    def test_by_the_command_line_cuts_slices_that_were_tidied_away(self, past: Past) -> None:
        when = TIMES[7]
        stem = keys.stem("BETA", when)
        shutil.rmtree(past.store.root / keys.slices(stem))
        before = past.runs()
        home = past.folder / "airflow"
        command = [sys.executable, "-m", "airflow", "tasks", "clear", "trending_celebrities", "--yes", "--downstream"]
        # It is no regular expression: a part of the task's id.
        command += ["--task-regex", "site.rekognize", "--start-date", keys.iso(when), "--end-date", keys.iso(when)]
        done = subprocess.run(
            command,
            env={**os.environ, **past.settings, **environment(home)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        again(past, [when], before)

    def test_by_the_button_takes_a_lost_picture_anew(self, past: Past, browser: WebDriver) -> None:
        when = TIMES[8]
        stem = keys.stem("ALPHA", when)
        for key in (keys.image(stem, 1, "jpeg"), keys.result(stem)):
            past.store.delete(key)
        before = past.runs()
        clear_task(browser, past.up, past.run_id(when), "site.screenshot", STEP["ALPHA"])
        again(past, [when], before)
        # From the archive, as the first time.
        assert past.newsroom.pictures.asked == []
