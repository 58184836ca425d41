"""Which runs go first, as the scheduler is told: by DAGs that were written down and read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.taskinstance import TaskInstance
from airflow.serialization.serialized_objects import DagSerialization

from celeb_ops.operators.priority import FIRST, LIVE_FIRST, LiveFirst
from celeb_ops.settings import PROJECT

if TYPE_CHECKING:
    from airflow.serialization.definitions.dag import SerializedDAG

HOUR = timedelta(hours=1)
STEPS = ["list_sites", "site.screenshot", "site.slice", "site.rekognize", "merge", "watcher"]


@pytest.fixture(scope="module")
def dag() -> SerializedDAG:
    """The DAG as the scheduler has it."""
    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    written = json.dumps(DagSerialization.to_dict(bag.dags["trending_celebrities"]))
    assert LIVE_FIRST in written
    return DagSerialization.from_dict(json.loads(written))


def weights(dag: SerializedDAG, run_id: str) -> dict[str, int]:
    """Of tasks of a run that is just being made."""
    return {
        task.task_id: TaskInstance(task, dag_version_id=None, run_id=run_id, map_index=0).priority_weight
        for task in dag.tasks
    }


def run_id(kind: str, away: timedelta) -> str:
    return f"{kind}__{(datetime.now(UTC) + away).isoformat()}"


@pytest.mark.parametrize(
    "past", [run_id("backfill", -4 * HOUR), "backfill__2026-11-20T08:00:00+00:00"], ids=["today", "days ago"]
)
def test_every_task_of_a_live_run_goes_before_every_task_of_a_backfill(dag: SerializedDAG, past: str) -> None:
    live, old = weights(dag, run_id("scheduled", -HOUR)), weights(dag, past)
    assert {*STEPS, "tidy"} == live.keys() == old.keys()
    assert min(live.values()) > max(old.values())
    # Among those of one run it is Airflow's own rule: the steps in their order.
    for one in (live, old):
        assert [one[step] for step in STEPS] == sorted((one[step] for step in STEPS), reverse=True)
        assert one["list_sites"] > one["watcher"]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        (run_id("scheduled", timedelta(0)), True),
        # Of yesterday evening, as a backfill may be asked for while the page can still be seen.
        (run_id("backfill", -2 * HOUR), True),
        (f"{run_id('manual', timedelta(0))}_aB3dE", True),
        (f"{run_id('manual', -24 * HOUR)}_aB3dE", False),
        (run_id("manual", 24 * HOUR), False),
        ("backfill__2026-11-20T08:00:00.123456Z", False),
        ("what somebody calls it", True),
    ],
    # Not the ids of the runs, which have the time in them: all processes that share the tests call them the same.
    ids=["scheduled", "backfill of now", "manual", "manual, of yesterday", "manual, of tomorrow", "backfill", "named"],
)
def test_a_run_that_is_being_made_is_known_by_its_id(dag: SerializedDAG, name: str, first: bool) -> None:
    assert (weights(dag, name)["site.screenshot"] > FIRST) is first


@pytest.mark.parametrize("window_h", ["0.5", "48"])
def test_the_hours_of_a_live_page_are_those_that_are_set(
    dag: SerializedDAG, window_h: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELEBS_LIVE_WINDOW_H", window_h)
    assert (weights(dag, run_id("scheduled", -HOUR))["merge"] > FIRST) is (window_h == "48")


@pytest.mark.parametrize(("away", "first"), [(timedelta(0), True), (-24 * HOUR, False)])
@pytest.mark.parametrize("dated", [True, False], ids=["logical date", "run after"])
def test_a_run_that_is_there_tells_its_time_itself(
    dag: SerializedDAG, away: timedelta, first: bool, dated: bool
) -> None:
    """As when a task of it is cleared: its id may have been chosen by somebody."""
    when = datetime.now(UTC) + away
    run = SimpleNamespace(logical_date=when if dated else None, run_after=when)
    task: Any = SimpleNamespace(
        task=dag.get_task("site.screenshot"), dag_run=run, run_id=run_id("manual", -24 * HOUR if first else 0 * HOUR)
    )
    assert (LiveFirst().get_weight(task) > FIRST) is first


def test_settings_that_are_wrong_do_not_end_the_scheduler(dag: SerializedDAG, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELEBS_LIVE_WINDOW_H", "many")
    assert (
        weights(dag, run_id("scheduled", -HOUR))["merge"] > FIRST > weights(dag, run_id("backfill", -9 * HOUR))["merge"]
    )
