from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.dag_processing.dagbag import DagBag

from celeb_ops.operators import alerts
from celeb_ops.settings import PROJECT

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture
def bag() -> DagBag:
    return DagBag(dag_folder=str(PROJECT / "dags"))


@pytest.fixture
def dag(bag: DagBag) -> DAG:
    return bag.dags["celebrity_trends"]


def test_comes_when_merge_has_changed_the_dataset(bag: DagBag, dag: DAG) -> None:
    (outlet,) = bag.dags["trending_celebrities"].get_task("merge").outlets
    assert dag.schedule == [outlet]


def test_the_report_is_made_of_the_new_trends(dag: DAG) -> None:
    assert dag.get_task("write_report").upstream_task_ids == {"build_trends"}
    assert [task.task_id for task in dag.tasks] == ["build_trends", "write_report"]


def test_no_two_runs_write_the_trends_at_once(dag: DAG) -> None:
    assert dag.max_active_runs == 1


def test_airflow_tells_people_when_they_could_not_be_made(dag: DAG) -> None:
    assert dag.on_failure_callback == alerts.run_failed
