"""What Airflow tells a callback of its run: which one it is, what started it, and what came of its tasks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from celeb_ops import keys
from celeb_ops.alerts.run import DAG_ID, Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

_TASKS = ["list_sites", "merge", "tidy"]
"""Those of a run that are no site's. The sites' are thousands, and Airflow would send the state of each."""
_RUN_ID = re.compile(r"([a-z_]+)__(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?")


def run_of(context: Context) -> Run:
    """The run of a DAG's callback. Where Airflow gives no more than its id, that tells its type and time."""
    run_id = str(context["run_id"])
    dag_run = context.get("dag_run")
    dag = context.get("dag")
    dag_id = dag.dag_id if dag else dag_run.dag_id if dag_run else ""
    told = _RUN_ID.match(run_id)
    when = getattr(dag_run, "logical_date", None) or getattr(dag_run, "run_after", None)
    if when is None:
        when = moment(told[2]) if told else None
    events = getattr(dag_run, "consumed_asset_events", None) or ()
    return Run(
        dag_id,
        run_id,
        _kind(getattr(dag_run, "run_type", None), run_id),
        keys.run_time(when, datetime.now(UTC)),
        tuple(kind for kind in map(_source, events) if kind),
        _place(dag_id, run_id),
    )


def late_run_of(given: Mapping[str, Any]) -> Run:
    """The run of a deadline's callback, which Airflow gives as its API does.

    :param given: the context's ``dag_run``.
    """
    dag_id, run_id = given["dag_id"], given["dag_run_id"]
    when = keys.run_time(moment(given.get("logical_date")), moment(given.get("run_after")))
    return Run(dag_id, run_id, str(given.get("run_type") or ""), when, place=_place(dag_id, run_id))


def moment(given: object) -> datetime | None:
    """A moment as Airflow gives it, a text or one already; None where it is neither."""
    if isinstance(given, str):
        given = datetime.fromisoformat(given)
    return given if isinstance(given, datetime) else None


def states_of(context: Context, run: Run) -> dict[str, str] | None:
    """The states of the run's tasks, by task, but for the sites' and the watcher, asked of Airflow's API.

    None: the callback was given nothing to ask by.
    """
    ti = context.get("ti")
    if ti is None:
        return None
    asked = _TASKS if run.dag_id == DAG_ID else None
    return dict(ti.get_task_states(dag_id=run.dag_id, run_ids=[run.run_id], task_ids=asked).get(run.run_id, {}))


def failed_in_merge(context: Context, run: Run) -> tuple[str, ...] | None:
    """The sites that the run's merge counts as failed, asked of Airflow's API; None where it did not tell."""
    failed = context["ti"].xcom_pull(task_ids="merge", dag_id=run.dag_id, run_id=run.run_id, map_indexes=None)
    return tuple(map(str, failed)) if isinstance(failed, list) else None


def _kind(run_type: object, run_id: str) -> str:
    """A run's type; where Airflow does not tell it, the one that it had when its id was made."""
    told = _RUN_ID.match(run_id)
    return str(getattr(run_type, "value", run_type) or (told[1] if told else ""))


def _source(event: Any) -> str:
    """The type of the run whose merge changed the dataset."""
    # Merge writes it beside: a backfill that does a scheduled run anew leaves it its id.
    extra, run_id = getattr(event, "extra", None), getattr(event, "source_run_id", None)
    return _kind((extra or {}).get("run_type"), str(run_id or ""))


def _place(dag_id: str, run_id: str) -> str:
    from airflow.sdk.configuration import conf

    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    if not base.startswith(("http://", "https://")):
        return f"The run, in Airflow's UI: {dag_id} → {run_id}"
    return f"The run: {base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
