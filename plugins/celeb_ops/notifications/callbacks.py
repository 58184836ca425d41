"""The DAGs' callbacks; ``docs/alerts.md`` says which runs send a message.

Airflow calls them outside of tasks: the DAG processor when a run has ended, the triggerer when a run is late. So they
also work where a task was killed, or no worker is left. None of them can fail a run.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseHook

from celeb_ops.core import keys
from celeb_ops.core.exceptions import CelebsError
from celeb_ops.core.settings import NOTIFY_CONNECTION, Settings
from celeb_ops.hooks.airflow_names import conf
from celeb_ops.notifications.channel import Channel, open_channel
from celeb_ops.notifications.messages import Run, failed_message, late_message, sites_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from celeb_ops.notifications.failures import SiteReport

logger = logging.getLogger(__name__)

STORE_TIMEOUT_S = 15
"""After this, send without the sites: Airflow kills the callback after ``dag_file_processor_timeout``, 50 s."""


def run_failed(context: Context) -> None:
    """Say which sites failed, why, and what to press."""
    _notify(context, failed=True)


def run_succeeded(context: Context) -> None:
    """Say which sites fail again and again in successful runs, and which are back."""
    _notify(context, failed=False)


async def run_late(context: Mapping[str, Any]) -> None:
    """Send a message that a scheduled run has not ended ``CELEBS_LATE_H`` after its run time.

    :param context: a deadline's, with ``dag_run`` as Airflow's API gives it.
    """
    try:
        dag_run = context["dag_run"]
        settings = Settings.load()
        times = {name: _parsed(dag_run.get(name)) for name in ("logical_date", "run_after", "queued_at", "start_date")}
        when = keys.run_time(times["logical_date"], times["run_after"])
        # Airflow keeps the deadline of a run that failed in time.
        if dag_run["run_type"] != "scheduled" or dag_run.get("state") not in ("queued", "running"):
            return
        # Created when it was already late: somebody has just switched the schedule on.
        if (queued := times["queued_at"]) and queued > when + timedelta(hours=settings.late_h):
            return
        channel = Channel.of(settings, await BaseHook.aget_connection(NOTIFY_CONNECTION))
        run = _run(dag_run["dag_id"], dag_run["dag_run_id"], when)
        # A thread, so that the triggerer goes on.
        await asyncio.to_thread(channel.send, late_message(run, times["start_date"], settings))
    except Exception as error:
        logger.warning("The message that a run is late was not sent: %s", _without_secrets(error))


def _notify(context: Context, failed: bool) -> None:
    try:
        settings = Settings.load()
        if not (run := _scheduled_run(context)) or not (channel := open_channel(settings)):
            return
        tasks, sites = _failures(context, run, settings)
        if message := failed_message(run, tasks, sites, settings) if failed else sites_message(run, sites):
            channel.send(message)
    except Exception as error:
        logger.warning("No message was sent about the run %s: %s", context.get("run_id"), _without_secrets(error))


def _scheduled_run(context: Context) -> Run | None:
    """The run, if the schedule or a scheduled run has started it.

    Somebody watches a run triggered by hand; and a backfill of 100 days must not send 100 mails.
    """
    dag_run: Any = context.get("dag_run")
    if dag_run is None:
        # Airflow omits it if the run's last task is no longer in the DAG.
        kind, _, when = context["run_id"].partition("__")
        return (
            _run(context["dag"].dag_id, context["run_id"], datetime.fromisoformat(when))
            if kind == "scheduled"
            else None
        )
    # The type that merge wrote: a run that a backfill repeats keeps its scheduled id.
    sources = {(event.extra or {}).get("run_type") for event in dag_run.consumed_asset_events}
    if dag_run.run_type == "scheduled" or (dag_run.run_type == "asset_triggered" and "scheduled" in sources):
        return _run(dag_run.dag_id, dag_run.run_id, keys.run_time(dag_run.logical_date, dag_run.run_after))
    return None


def _failures(context: Context, run: Run, settings: Settings) -> tuple[list[str], SiteReport]:
    """Failed tasks, except the watcher and the sites', and the site report; unreadable parts are omitted."""
    from celeb_ops.core.sites import load_sites
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.notifications.failures import SiteReport, site_report

    tasks: list[str] = []
    try:
        ti, dag, run_id = context["ti"], context["dag"], context["run_id"]
        task_ids = [task for task in dag.task_ids if "." not in task and task != "watcher"]
        states = ti.get_task_states(dag_id=dag.dag_id, run_ids=[run_id], task_ids=task_ids).get(run_id, {})
        tasks = sorted(task for task, state in states.items() if state == "failed")
        if not dag.has_task("merge"):
            return tasks, SiteReport()
        merged = ti.xcom_pull(task_ids="merge", map_indexes=None)
        report: Future[SiteReport] = Future()

        def read() -> None:
            try:
                failed = merged if isinstance(merged, list) else None
                sites = load_sites(settings.path(settings.sites))
                store, now = open_store(settings), datetime.now(UTC)
                report.set_result(site_report(store, sites, run.when, failed, settings.notify_after, now))
            except Exception as error:
                report.set_exception(error)

        # No pool: Python waits for its threads at exit.
        Thread(target=read, daemon=True).start()
        return tasks, report.result(STORE_TIMEOUT_S)
    except Exception as error:
        logger.warning("The run's failures could not be read: %s", _without_secrets(error))
        return tasks, SiteReport()


def airflow_address() -> str:
    """The address of Airflow's UI; empty if ``[api] base_url`` is not set."""
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return base if base.startswith(("http://", "https://")) else ""


def _run(dag_id: str, run_id: str, when: datetime) -> Run:
    place = f"The run, in Airflow's UI: {dag_id} → {run_id}"
    if base := airflow_address():
        place = f"The run: {base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
    of = "" if dag_id == "trending_celebrities" else f" of {dag_id}"
    return Run(f"run{of} of {when:%Y-%m-%d %H:%M} UTC", when, place)


def _parsed(time: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(time) if isinstance(time, str) else time


def _without_secrets(error: Exception) -> str:
    # A library's message may hold an address with a token.
    return str(error) if isinstance(error, CelebsError) else type(error).__name__
