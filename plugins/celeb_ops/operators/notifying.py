"""The last step of ``celebrity_trends``: sends news about the people on the watch list, and the digest."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.core.text import counted

if TYPE_CHECKING:
    from airflow.sdk import Context

    from celeb_ops.core.settings import Settings
    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)

NEWS_FOR = timedelta(days=1)
"""The age up to which a run is news. An older one is a backfill or a rerun."""
_SILENT_RUN_TYPES = ("backfill", "")
"""Types of runs that send no message."""


def check_watch_list(settings: Settings, store: Store) -> None:
    """Raise WatchListError if the list can't be used. For an unknown name the log suggests a known one."""
    from celeb_ops.core.watch_list import load_watch_list, unknown
    from celeb_ops.recognition.local.gallery_photos import people_in
    from celeb_ops.trends import load

    if not (watches := load_watch_list(settings.path(settings.watch))):
        return
    people, seen = people_in(settings.path(settings.gallery)), load(store, "people")
    known = [name for one in people for name in one.names if name]
    for sentence in unknown(watches, [*known, *seen["name"], *seen["qid"].drop_nulls()]):
        logger.warning("%s: %s", settings.watch, sentence)


def notify_people(context: Context, store: Store, settings: Settings) -> str | None:
    """Send the watch list's news of the newest run, and the digest of a day or week that has ended.

    :return: what was sent; None: nothing.
    :raises WatchListError: the list can't be used.
    :raises NotifyError: the message could not be sent.
    """
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.watch_list import load_watch_list
    from celeb_ops.notifications.callbacks import airflow_address
    from celeb_ops.notifications.channel import open_channel
    from celeb_ops.notifications.digest import tell_digest
    from celeb_ops.notifications.people import Links, tell
    from celeb_ops.report.digest import digest
    from celeb_ops.report.table_cache import Tables
    from celeb_ops.trends.watching import news

    watches = load_watch_list(settings.path(settings.watch))
    when = newsworthy_run(context, datetime.now(UTC))
    if not (watches or settings.digest != "off") or when is None or not (channel := open_channel(settings)):
        return None
    # The present list: somebody may have asked to be removed since the run.
    removed, airflow = RemovalList.load(store), airflow_address()
    told = []
    found = news(store, when, watches, removed) if watches else []
    if found and tell(store, channel, when, found, Links(airflow)):
        told.append(f"sent news of {counted(len({one.name for one in found}), 'person', 'people')}")
    home = f"{settings.report_base}index.html" if settings.report_base else airflow and f"{airflow}/celebs/"
    one = digest(Tables(store).now(), removed, settings.digest)
    if one and tell_digest(store, channel, one, home):
        told.append(f"sent the digest of {one.days}")
    if not told:
        logger.info("Nothing new: no message was sent.")
    return ", ".join(told) or None


def newsworthy_run(context: Context, now: datetime) -> datetime | None:
    """The run time of the newest run that has changed the dataset and is news; None: there is none.

    A backfill is never news, even if it repeats a recent run.
    """
    dag_run: Any = context["dag_run"]
    events = [event.extra or {} for event in dag_run.consumed_asset_events]
    if not events and dag_run.logical_date:
        # `make run` starts this DAG for its own run.
        events = [{"time": keys.iso(dag_run.logical_date), "run_type": str(getattr(dag_run.run_type, "value", ""))}]
    times = [keys.parse_iso(str(one.get("time"))) for one in events if one.get("run_type") not in _SILENT_RUN_TYPES]
    return max((time for time in times if time and abs(now - time) <= NEWS_FOR), default=None)
