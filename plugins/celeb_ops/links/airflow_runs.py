"""Facts about runs from Airflow's own database, for the pages in its API server. If it can't be read, they do
without."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.links.step_links import dag_page
from celeb_ops.report.host import HostRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

logger = logging.getLogger(__name__)

DAG_ID = "trending_celebrities"
TRENDS_DAG_ID = "celebrity_trends"
_MOST = 200
"""Runs at once: of one run time there may be several, and some have none."""


def runs(first: datetime | None, last: datetime | None) -> list[HostRun]:
    """The runs of the DAG between two run times, both included, the newest first."""
    found: list[HostRun] = []
    with _never_failing("the runs"):
        from airflow.models.dagrun import DagRun
        from airflow.utils.session import create_session

        date, due = DagRun.logical_date, DagRun.run_after
        with create_session() as session:
            query = session.query(DagRun).filter(DagRun.dag_id == DAG_ID)
            if first:
                query = query.filter((date >= first) | (date.is_(None) & (due >= first)))
            if last:
                # A run time has whole seconds.
                end = last + timedelta(seconds=1)
                query = query.filter((date < end) | (date.is_(None) & (due < end)))
            found = [_host_run(run) for run in query.order_by(DagRun.id.desc()).limit(_MOST)]
    return sorted(found, key=lambda run: run.time, reverse=True)


def _host_run(run: Any) -> HostRun:
    time = keys.run_time(run.logical_date, run.run_after).astimezone(UTC)
    kind, state = (str(getattr(one, "value", one)) for one in (run.run_type, run.state))
    return HostRun(time, run.run_id, kind.replace("_", " "), state, dag_page(DAG_ID, run.run_id))


def tasks(run_id: str, site: str) -> dict[str, str]:
    """The pages of a site's tasks in a run, by the last part of their id."""
    found: list[tuple[str, int]] = []
    with _never_failing("the tasks"):
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        with create_session() as session:
            query = session.query(TaskInstance.task_id, TaskInstance.map_index)
            query = query.filter(TaskInstance.dag_id == DAG_ID, TaskInstance.run_id == run_id)
            label: Any = TaskInstance.rendered_map_index
            found = [(task, index) for task, index in query.filter(label == site)]
    run = dag_page(DAG_ID, run_id)
    return {task.rpartition(".")[2]: f"{run}/tasks/{task}/mapped/{index}" for task, index in found}


def paused() -> list[str]:
    """Which of the two DAGs are paused."""
    found: list[str] = []
    with _never_failing("what is paused"):
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session

        with create_session() as session:
            query = session.query(DagModel.dag_id).filter(DagModel.dag_id.in_([DAG_ID, TRENDS_DAG_ID]))
            found = [dag_id for (dag_id,) in query.filter(DagModel.is_paused)]
    return found


@contextmanager
def _never_failing(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        logger.warning("Airflow's database does not tell %s: %s", what, error)
