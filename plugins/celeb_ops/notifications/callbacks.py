"""The DAGs' callbacks. Who is told of which runs is in ``docs/alerts.md``.

Airflow calls these, not a task: when a run has ended, in the DAG processor (also where no task could tell, because it
was killed), and when a run is late, in the triggerer (also where no worker is left). None of them can fail a run.
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
from celeb_ops.notifications.channel import Channel, open_channel
from celeb_ops.notifications.messages import Run, failed_message, late_message, sites_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from celeb_ops.notifications.failures import Found

logger = logging.getLogger(__name__)

LOOK_S = 15
"""How long the store may take to say what came of the sites; the message goes without it then. Airflow ends a process
of the DAG processor after ``dag_file_processor_timeout``, 50 s."""


def run_failed(context: Context) -> None:
    """Tell that a run failed: which sites, why, and what to press."""
    _tell(context, failed=True)


def run_succeeded(context: Context) -> None:
    """Tell of sites that fail again and again though the run is green, and of those that are back."""
    _tell(context, failed=False)


async def run_late(context: Mapping[str, Any]) -> None:
    """Tell that a scheduled run has not ended ``CELEBS_LATE_H`` after its run time.

    :param context: a deadline's: ``dag_run`` as Airflow's API gives it, at the moment at which it was late.
    """
    try:
        given = context["dag_run"]
        settings = Settings.load()
        when = keys.run_time(_moment(given.get("logical_date")), _moment(given.get("run_after")))
        queued = _moment(given.get("queued_at"))
        # Airflow keeps the deadline of one that failed in time, and was told of then.
        if given["run_type"] != "scheduled" or given.get("state") not in ("queued", "running"):
            return
        if queued and queued > when + timedelta(hours=settings.late_h):
            # Made when it was late already: the schedule was off, and whoever has switched it on knows.
            return
        channel = Channel.of(settings, await BaseHook.aget_connection(NOTIFY_CONNECTION))
        run = _run(given["dag_id"], given["dag_run_id"], when)
        # In a thread, for the triggerer goes on.
        await asyncio.to_thread(channel.send, late_message(run, _moment(given.get("start_date")), settings))
    except Exception as error:
        logger.warning("The message that a run is late was not sent: %s", _said(error))


def _tell(context: Context, failed: bool) -> None:
    try:
        settings = Settings.load()
        if not (run := _told_of(context)) or not (channel := open_channel(settings)):
            return
        tasks, found = _known(context, run, settings)
        if message := failed_message(run, tasks, found, settings) if failed else sites_message(run, found):
            channel.send(message)
    except Exception as error:
        # A message is not worth a run.
        logger.warning("No message was sent about the run %s: %s", context.get("run_id"), _said(error))


def _told_of(context: Context) -> Run | None:
    """The run, if people are told of it: the schedule has started it, or what the schedule has started.

    Beside a run that was triggered by hand sits somebody, and a backfill of 100 days is not to send 100 mails.
    """
    dag_run: Any = context.get("dag_run")
    if dag_run is None:
        # All that Airflow hands over where the run's last task is none of the DAG's any more.
        kind, _, when = context["run_id"].partition("__")
        if kind != "scheduled":
            return None
        return _run(context["dag"].dag_id, context["run_id"], datetime.fromisoformat(when))
    # Merge writes the type beside: a backfill that does a scheduled run again leaves it its id.
    sources = {(event.extra or {}).get("run_type") for event in dag_run.consumed_asset_events}
    if dag_run.run_type == "scheduled" or (dag_run.run_type == "asset_triggered" and "scheduled" in sources):
        return _run(dag_run.dag_id, dag_run.run_id, keys.run_time(dag_run.logical_date, dag_run.run_after))
    return None


def _known(context: Context, run: Run, settings: Settings) -> tuple[list[str], Found]:
    """The tasks that failed, but for the watcher and the sites', which are thousands; and what came of the sites.

    The store has ``LOOK_S`` seconds. What can't be read is left out, with a warning: a message goes out all the same.
    """
    from celeb_ops.core.sites import load_sites
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.notifications.failures import Found, find

    tasks: list[str] = []
    try:
        ti, dag, run_id = context["ti"], context["dag"], context["run_id"]
        asked = [task for task in dag.task_ids if "." not in task and task != "watcher"]
        states = ti.get_task_states(dag_id=dag.dag_id, run_ids=[run_id], task_ids=asked).get(run_id, {})
        tasks = sorted(task for task, state in states.items() if state == "failed")
        if not dag.has_task("merge"):
            return tasks, Found()
        counted = ti.xcom_pull(task_ids="merge", map_indexes=None)

        found: Future[Found] = Future()

        def look() -> None:
            try:
                failed = counted if isinstance(counted, list) else None
                sites = load_sites(settings.path(settings.sites))
                store, now = open_store(settings), datetime.now(UTC)
                found.set_result(find(store, sites, run.when, failed, settings.notify_after, now))
            except Exception as error:
                found.set_exception(error)

        # Not a pool's: Python waits at its end for a pool's threads, however long the store takes.
        Thread(target=look, daemon=True).start()
        return tasks, found.result(LOOK_S)
    except Exception as error:
        logger.warning("What came of the run could not be read: %s", _said(error))
        return tasks, Found()


def _run(dag_id: str, run_id: str, when: datetime) -> Run:
    from airflow.sdk.configuration import conf

    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    place = f"The run, in Airflow's UI: {dag_id} → {run_id}"
    if base.startswith(("http://", "https://")):
        place = f"The run: {base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"
    of = "" if dag_id == "trending_celebrities" else f" of {dag_id}"
    return Run(f"run{of} of {when:%Y-%m-%d %H:%M} UTC", when, place)


def _moment(given: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(given) if isinstance(given, str) else given


def _said(error: Exception) -> str:
    # Sentences of ours hold no secrets; another's may hold an address with a token in it.
    return str(error) if isinstance(error, CelebsError) else type(error).__name__
