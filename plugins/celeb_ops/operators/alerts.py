"""Telling people what is wrong with a run: it failed, it is late, a site fails again and again.

Airflow calls these, not a task: when a run has ended, in the DAG processor (also where no task could tell, because the
run timed out or a task was killed), and when a run is late, in the triggerer (also where no worker is left). None of
them can fail a run. Who is told, and of which runs, stands in ``docs/alerts.md``.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from celeb_ops import keys
from celeb_ops.settings import NOTIFY_CONNECTION, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context

    from celeb_ops.alerts.message import Message
    from celeb_ops.alerts.streaks import News, Streak
    from celeb_ops.hooks.notify import Channel
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

T = TypeVar("T")

DAG_ID = "trending_celebrities"

LOOK_S = 12
"""How long the store may take to say what came of the sites; the message goes without it then."""
SEND_S = 15
"""How long a message may take."""
SAVE_S = 5
"""How long it may take to keep what was told. All three together are well within what Airflow gives a callback
(``dag_file_processor_timeout``, 50 s)."""
NEWS_FOR = timedelta(days=1)
"""So old a run may be for people to hear of its sites: one of last week, done again, says nothing of now."""

_OUTCOMES_READ = 50
_RUN_ID = re.compile(r"([a-z_]+)__(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?")
_REASONS = {
    "timed_out": "The run took longer than it may (dagrun_timeout).",
    "all_tasks_deadlocked": "No task of the run could go on.",
}


@dataclass(frozen=True)
class Run:
    """A run of a DAG."""

    dag_id: str
    run_id: str
    kind: str
    """Airflow's run type: ``scheduled``, ``manual``, ``backfill``, ``asset_triggered``."""
    when: datetime
    """The run time."""
    sources: tuple[str, ...] = ()
    """The ids of the runs whose changed assets have started it."""

    @property
    def is_told(self) -> bool:
        """Whether people hear of it: the schedule has started it, or what the schedule has started.

        Beside one that was triggered by hand sits somebody, and a backfill of 100 days is not to send 100 mails.
        """
        if self.kind == "asset_triggered":
            return not self.sources or any(one.startswith("scheduled__") for one in self.sources)
        return self.kind == "scheduled"

    @property
    def name(self) -> str:
        """The run for people."""
        of = "" if self.dag_id == DAG_ID else f" of {self.dag_id}"
        return f"the run{of} of {self.when:%Y-%m-%d %H:%M} UTC"

    @property
    def place(self) -> str:
        """Where it is seen: its address, or where to click."""
        from airflow.sdk.configuration import conf

        base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
        if not base.startswith(("http://", "https://")):
            return f"The run, in Airflow's UI: {self.dag_id} → {self.run_id}"
        return f"The run: {base}/dags/{quote(self.dag_id, safe='')}/runs/{quote(self.run_id, safe='')}"


@dataclass(frozen=True)
class Site:
    """A site that failed in a run."""

    name: str
    reason: str
    optional: bool = False
    streak: Streak | None = None

    @property
    def line(self) -> str:
        """What is said of it."""
        from celeb_ops.alerts.message import one_line

        often = ""
        if self.streak and self.streak.times > 1:
            often = f" ({self.streak.times} times in a row, since {self.streak.since:%Y-%m-%d %H:%M} UTC)"
        return f"{self.name}{' (optional)' if self.optional else ''}{often}: {one_line(self.reason)}"


@dataclass(frozen=True)
class Found:
    """What the store tells of a run."""

    sites: list[Site] = field(default_factory=list)
    """Those that failed."""
    of: int = 0
    """How many there were."""
    news: News | None = None
    store: Store | None = None


def run_failed(context: Context) -> None:
    """Tell that a run failed: which sites, why, and what to press."""
    _quietly(lambda: _ended(context, failed=True), "that a run failed")


def run_succeeded(context: Context) -> None:
    """Tell of sites that fail again and again though the run is green, and of those that are back."""
    _quietly(lambda: _ended(context, failed=False), "of the sites of a run")


async def run_late(context: Mapping[str, Any]) -> None:
    """Tell that a scheduled run has not ended ``CELEBS_LATE_H`` after its run time.

    :param context: a deadline's: ``dag_run`` as Airflow's API gives it, at the moment at which it was late.
    """
    from celeb_ops.hooks.notify import aopen_channel

    given = context["dag_run"]
    try:
        when = keys.run_time(_moment(given.get("logical_date")), _moment(given.get("run_after")))
        run = Run(given["dag_id"], given["dag_run_id"], str(given.get("run_type") or ""), when)
        # One that failed in time was told of then. Airflow keeps the deadline of such a run.
        if not run.is_told or given.get("state") not in ("queued", "running"):
            return
        settings = Settings.load()
        if channel := await aopen_channel(settings):
            message = _late_message(run, settings, _moment(given.get("start_date")))
            await asyncio.to_thread(_send, channel, message)
    except Exception as error:
        # As in _quietly.
        logger.warning("Nobody was told that a run is late: %s", _said(error))


def _quietly(tell: Callable[[], None], what: str) -> None:
    try:
        tell()
    except Exception as error:
        # A message is not worth a run. No traceback: it could show what the connection keeps secret.
        logger.warning("Nobody was told %s: %s", what, _said(error))


def _said(error: Exception) -> str:
    from celeb_ops.exceptions import CelebsError

    # Sentences of ours hold no secrets; another's may hold an address with a token in it.
    return str(error) if isinstance(error, CelebsError) else type(error).__name__


def _ended(context: Context, failed: bool) -> None:
    from celeb_ops.hooks.notify import open_channel

    run = run_of(context)
    if not run.is_told:
        return
    settings = Settings.load()
    channel = open_channel(settings)
    if channel is None:
        return
    tasks = _failed_tasks(context, run) if failed else []
    found = Found()
    if run.dag_id == DAG_ID:
        try:
            found = within(LOOK_S, lambda: look(run, settings, whole="merge" not in tasks))
        except Exception as error:
            # The message goes out all the same.
            logger.warning("What came of the sites could not be read: %s", _said(error))
    if failed:
        message = failed_message(run, found, tasks, str(context.get("reason") or ""), settings)
    elif found.news and found.news.anything:
        message = news_message(run, found)
    else:
        return
    if _send(channel, message) and found.news and found.news.anything:
        _remember(found)


def _remember(found: Found) -> None:
    """Keep what was told now. Where that can't be kept, it is told again."""
    news, store = found.news, found.store
    if news is None or store is None:
        return
    try:
        within(SAVE_S, lambda: news.told.save(store, keys.ALERTS))
    except Exception as error:
        # As above: it may be the store's, the network's or time's.
        logger.warning("It could not be kept that people were told, so they will be told again: %s", _said(error))


def _send(channel: Channel, message: Message) -> bool:
    """Send it; whether it went."""
    try:
        within(SEND_S, lambda: channel.send(message))
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


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns, or raises; TimeoutError where that takes longer. It is left behind then.

    Not a ThreadPoolExecutor: the process would wait for its thread when it ends.
    """
    answers: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(1)

    def work() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=work, daemon=True, name="celebs-alerts").start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error:
        raise error
    return answer  # type: ignore[return-value]


def run_of(context: Context) -> Run:
    """The run of a DAG's callback. Where Airflow gives no more than its id, that tells its type and time."""
    run_id = str(context["run_id"])
    dag_run = context.get("dag_run")
    dag = context.get("dag")
    dag_id = dag.dag_id if dag else dag_run.dag_id if dag_run else ""
    told = _RUN_ID.match(run_id)
    when = getattr(dag_run, "logical_date", None) or getattr(dag_run, "run_after", None)
    if when is None:
        when = _moment(told[2]) if told else None
    kind = getattr(dag_run, "run_type", None)
    return Run(
        dag_id,
        run_id,
        str(getattr(kind, "value", kind) or (told[1] if told else "")),
        keys.run_time(when, datetime.now(UTC)),
        tuple(
            str(event.source_run_id)
            for event in getattr(dag_run, "consumed_asset_events", None) or ()
            if getattr(event, "source_run_id", None)
        ),
    )


def look(run: Run, settings: Settings, whole: bool) -> Found:
    """What the store tells of a run's sites.

    :param whole: merge has come to its end; where not, ``Captures`` lacks the run and the steps' own words are read.
    """
    from celeb_ops.alerts.streaks import ToldSites, news, streaks
    from celeb_ops.dataset import captures_of
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.sites import load_sites

    store = open_store(settings)
    sites = {site.name: site for site in load_sites(settings.path(settings.sites))}
    rows = captures_of(store, run.when)
    reasons = {row["site"]: row["reason"] or "" for row in rows if row["outcome"] == "failed"}
    if not whole or not rows:
        reasons |= _words(store, [name for name in sites if name not in reasons], run.when)
    found, seen = streaks(store, run.when)
    failed = [
        Site(name, reason, name in sites and sites[name].optional, found.get(name))
        for name, reason in sorted(reasons.items())
    ]
    told = None
    if abs(datetime.now(UTC) - run.when) <= NEWS_FOR:
        told = news(found, seen, ToldSites.of(store), run.when, settings.notify_after)
    # Those that turn a run red come first: of many only some are named.
    failed.sort(key=lambda site: (site.optional, site.name))
    return Found(failed, max(len(rows), len(failed)), told, store)


def _words(store: Store, names: Sequence[str], when: datetime) -> dict[str, str]:
    """Why sites failed, as their steps left it in the store; of the first so many sites only."""
    from celeb_ops.exceptions import NotStoredError, RecordError
    from celeb_ops.records import Outcome

    reasons = {}
    for name in names[:_OUTCOMES_READ]:
        try:
            word = Outcome.load(store, keys.outcome(keys.stem(name, when)))
        except (NotStoredError, RecordError):
            continue
        if word.outcome == "failed":
            reasons[name] = word.reason
    return reasons


def _failed_tasks(context: Context, run: Run) -> list[str]:
    """The tasks of a run that failed, but for those of the sites and the watcher; empty where it can't be told."""
    from celeb_ops.operators.run import GROUP

    ti = context.get("ti")
    if ti is None:
        return []
    try:
        states = ti.get_task_states(dag_id=run.dag_id, run_ids=[run.run_id]).get(run.run_id, {})
    except Exception as error:
        # The API may be what is wrong. The message says less then.
        logger.warning("The states of the tasks could not be read: %s", _said(error))
        return []
    return sorted(
        task for task, state in states.items() if state == "failed" and task != "watcher" and f"{GROUP}." not in task
    )


def failed_message(run: Run, found: Found, tasks: Sequence[str], reason: str, settings: Settings) -> Message:
    """The message of a run that failed."""
    from celeb_ops.alerts.message import Message, listed, named

    required = [site.name for site in found.sites if not site.optional]
    what = named(required or tasks)
    paragraphs = [f"{run.name[0].upper()}{run.name[1:]} failed."]
    if reason in _REASONS:
        paragraphs.append(_REASONS[reason])
    if tasks:
        paragraphs.append(f"These tasks failed, and their logs say why:\n{listed(tasks)}")
    if found.sites:
        paragraphs.append(
            f"{len(found.sites)} of {found.of} sites failed:\n{listed([site.line for site in found.sites])}"
        )
    if found.news and found.news.back:
        paragraphs.append(_back(found.news))
    if found.sites and not tasks:
        until = run.when + timedelta(hours=settings.live_window_h)
        paragraphs.append(
            "What to do: open the run, select the red task of the site (its name is under Map Index), press ↻ "
            f"(Shift+C), switch Downstream on and Confirm. Until {until:%Y-%m-%d %H:%M} UTC its page is photographed "
            "anew; later an archive's copy stands in, if there is one."
        )
    else:
        paragraphs.append(
            "What to do: open the run and the log of the red task, mend what it says, then press ↻ (Shift+C) on that "
            "task, switch Downstream on and Confirm. Nothing is doubled by it."
        )
    paragraphs.append(run.place)
    return Message(f"Trending Celebrities: {run.name} failed{f' ({what})' if what else ''}", tuple(paragraphs))


def news_message(run: Run, found: Found) -> Message:
    """The message of a run that is green, and of which people hear for its sites' sake."""
    from celeb_ops.alerts.message import Message, listed, named

    news = found.news
    if news is None:
        raise ValueError("there is no news to tell")
    known = {site.name: site for site in found.sites}
    paragraphs = []
    if news.failing:
        lines = [
            known.get(name, Site(name, "Its page was not seen.", streak=streak)).line
            for name, streak in news.failing.items()
        ]
        paragraphs.append(f"These sites fail again and again, though the run is green:\n{listed(lines)}")
        paragraphs.append(
            "What to do: open the site in a browser. Has it moved, or does it ask for something new? Its options stand "
            "in the sites file (docs/sites.md); a site that is gone is taken out there."
        )
    if news.back:
        paragraphs.append(_back(news))
    paragraphs.append(run.place)
    if news.failing:
        often = {streak.times for streak in news.failing.values()}
        count = f"{min(often)} times in a row" if len(often) == 1 else "again and again"
        subject = f"{named(list(news.failing))} failed {count}"
    else:
        subject = f"{named(list(news.back))} can be seen again"
    return Message(f"Trending Celebrities: {subject}", tuple(paragraphs))


def _back(news: News) -> str:
    from celeb_ops.alerts.message import listed

    lines = [f"{name}, after {told.times} or more failures in a row" for name, told in news.back.items()]
    return f"These sites can be seen again:\n{listed(lines)}"


def _late_message(run: Run, settings: Settings, start: datetime | None) -> Message:
    from celeb_ops.alerts.message import Message

    began = f"It began at {start:%Y-%m-%d %H:%M} UTC and is still at work." if start else "It has not begun."
    until = run.when + timedelta(hours=settings.live_window_h)
    return Message(
        f"Trending Celebrities: {run.name} is late",
        (
            f"{run.name[0].upper()}{run.name[1:]} has not ended {settings.late_h:g} h after its time (CELEBS_LATE_H).",
            began,
            "What to do: open the run and see which task waits or works. Are the scheduler and the workers up, and is "
            f"another run before it? Pages that are not photographed by {until:%Y-%m-%d %H:%M} UTC come from an "
            "archive, or not at all.",
            run.place,
        ),
    )


def _moment(given: object) -> datetime | None:
    if isinstance(given, str):
        given = datetime.fromisoformat(given)
    return given if isinstance(given, datetime) else None
