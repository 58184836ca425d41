"""Telling people what is wrong with a run: it failed, it is late, a site fails again and again.

Airflow calls these, not a task: when a run has ended, in the DAG processor (also where no task could tell, because it
was killed), and when a run is late, in the triggerer (also where no worker is left). None of them can fail a run. Who
is told, and of which runs, stands in ``docs/alerts.md``; what they read, in ``celeb_ops.alerts``.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from celeb_ops.alerts.budget import Budget, within
from celeb_ops.alerts.run import DAG_ID
from celeb_ops.hooks.notify import aopen_channel, open_channel
from celeb_ops.operators.callback import failed_in_merge, late_run_of, moment, run_of, states_of
from celeb_ops.settings import NOTIFY_CONNECTION, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from celeb_ops.alerts.looking import Found
    from celeb_ops.alerts.message import Message
    from celeb_ops.alerts.run import Run
    from celeb_ops.alerts.streaks import News
    from celeb_ops.hooks.notify import Channel
    from celeb_ops.sites import Site
    from celeb_ops.store import Store

T = TypeVar("T")

logger = logging.getLogger(__name__)

CONNECT_S = 15
"""How long Airflow may take for the connection, without which nobody is told. With SQLite and much to do, some
seconds."""
ASK_S = 5
"""How long it may take for the states of the tasks, and again for what merge counts; the message says less then."""
LOOK_S = 12
"""How long the store may take to say what came of the sites; the message goes without it then."""
SEND_S = 15
"""How long a message may take. What only makes it better may not take that."""
SAVE_S = 5
"""How long it may take to keep what was told."""
BUDGET = Budget(40)
"""For all of these, and for all runs that have ended meanwhile: Airflow calls back for each of them in one process of
the DAG processor, and ends that after ``dag_file_processor_timeout``, 50 s, in which it also reads the DAG's file."""


def run_failed(context: Context) -> None:
    """Tell that a run failed: which sites, why, and what to press."""
    _quietly(lambda: _failed(context), "that a run failed")


def run_succeeded(context: Context) -> None:
    """Tell of sites that fail again and again though the run is green, and of those that are back."""
    _quietly(lambda: _succeeded(context), "of the sites of a run")


async def run_late(context: Mapping[str, Any]) -> None:
    """Tell that a scheduled run has not ended ``CELEBS_LATE_H`` after its run time.

    :param context: a deadline's: ``dag_run`` as Airflow's API gives it, at the moment at which it was late.
    """
    given = context["dag_run"]
    try:
        run = late_run_of(given)
        # One that failed in time was told of then. Airflow keeps the deadline of such a run.
        if not run.is_told or given.get("state") not in ("queued", "running"):
            return
        settings = Settings.load()
        queued = moment(given.get("queued_at"))
        if queued and queued > run.when + timedelta(hours=settings.late_h):
            # Made when it was late already: the schedule was off, and whoever has switched it on knows.
            return
        if channel := await aopen_channel(settings):
            # In a thread, for the triggerer goes on; and without the budget, for it lives long.
            await asyncio.to_thread(_tell_late, channel, run, settings, moment(given.get("start_date")))
    except Exception as error:
        # As in _quietly.
        logger.warning("Nobody was told that a run is late: %s", _said(error))


def _tell_late(channel: Channel, run: Run, settings: Settings, start: datetime | None) -> None:
    from celeb_ops.alerts.wording import late_message

    _send(channel, late_message(run, settings, start), within)


def _failed(context: Context) -> None:
    from celeb_ops.alerts.looking import Found, Merge, look
    from celeb_ops.alerts.wording import failed_message

    run = run_of(context)
    if not run.is_told:
        return
    settings = Settings.load()
    channel = BUDGET.within(CONNECT_S, lambda: open_channel(settings))
    if channel is None:
        return
    states = _asked(lambda: states_of(context, run))
    known = states or {}
    found, store = Found(), None
    if run.dag_id == DAG_ID:
        counted = _asked(lambda: failed_in_merge(context, run)) if known.get("merge") == "success" else None
        merge = Merge(known.get("merge"), states is not None, counted)
        found, store = _looked(
            settings, lambda store, sites: look(store, sites, run.when, merge, settings.notify_after)
        )
    tasks = sorted(task for task, state in known.items() if state == "failed")
    message = failed_message(run, found, tasks, str(context.get("reason") or ""), settings)
    if _send(channel, message, BUDGET.within):
        _remember(found.news, store)


def _succeeded(context: Context) -> None:
    from celeb_ops.alerts.looking import look_at_rows
    from celeb_ops.alerts.wording import news_message

    run = run_of(context)
    if not run.is_told:
        return
    settings = Settings.load()
    channel = BUDGET.within(CONNECT_S, lambda: open_channel(settings))
    if channel is None:
        return
    found, store = _looked(settings, lambda store, sites: look_at_rows(store, sites, run.when, settings.notify_after))
    if found.news and found.news.anything and _send(channel, news_message(run, found, found.news), BUDGET.within):
        _remember(found.news, store)


def _asked(question: Callable[[], T]) -> T | None:
    """What Airflow's API answers; None where it does not: it may be what is wrong, and the message says less then."""
    try:
        return BUDGET.within(ASK_S, question, left_s=SEND_S)
    except Exception as error:
        # Whatever it is, people are told that the run failed.
        logger.warning("What came of the tasks could not be read: %s", _said(error))
        return None


def _looked(settings: Settings, look: Callable[[Store, Sequence[Site]], Found]) -> tuple[Found, Store | None]:
    """What the store tells of a run, with the news that a message shows; nothing where that can't be read."""
    from celeb_ops.alerts.looking import Found
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.sites import load_sites

    def looked() -> tuple[Found, Store]:
        store = open_store(settings)
        found = look(store, load_sites(settings.path(settings.sites)))
        return replace(found, news=found.news and found.news.first()), store

    try:
        return BUDGET.within(LOOK_S, looked, left_s=SEND_S)
    except Exception as error:
        # The message goes out all the same.
        logger.warning("What came of the sites could not be read: %s", _said(error))
        return Found(), None


def _remember(news: News | None, store: Store | None) -> None:
    """Keep what was told now. Where that can't be kept, it is told again."""
    if news is None or store is None or not news.anything:
        return
    try:
        BUDGET.within(SAVE_S, lambda: news.keep(store))
    except Exception as error:
        # As above.
        logger.warning("It could not be kept that people were told, so they will be told again: %s", _said(error))


def _send(channel: Channel, message: Message, limited: Callable[[float, Callable[[], None]], None]) -> bool:
    """Send it, by a ``limited`` call: whether it went."""
    try:
        limited(SEND_S, lambda: channel.send(message))
    except Exception as error:
        # Whatever a provider raises: the run is over, and the message is in the log.
        logger.warning(
            "This could not be sent by the connection %s (%s): %s. Check the connection, and that its server can be "
            "reached from here.",
            NOTIFY_CONNECTION,
            channel.without_secrets(error),
            message.header,
        )
        return False
    logger.info("Sent by the connection %s: %s", NOTIFY_CONNECTION, message.header)
    return True


def _quietly(tell: Callable[[], None], what: str) -> None:
    try:
        tell()
    except Exception as error:
        # A message is not worth a run. No traceback: it could show what the connection keeps secret.
        logger.warning("Nobody was told %s: %s", what, _said(error))


def _said(error: Exception) -> str:
    from celeb_ops.exceptions import CelebsError

    # Sentences of ours hold no secrets, nor do those of time; another's may hold an address with a token in it.
    return str(error) if isinstance(error, CelebsError | TimeoutError) else type(error).__name__
