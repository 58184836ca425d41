"""What people read: of a run that failed, of sites that fail again and again, of a run that is late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from celeb_ops.alerts.looking import Site
from celeb_ops.alerts.message import Message, listed, named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from celeb_ops.alerts.looking import Found
    from celeb_ops.alerts.run import Run
    from celeb_ops.alerts.streaks import News
    from celeb_ops.settings import Settings

_REASONS = {"all_tasks_deadlocked": "No task of the run could go on."}

_NEWS_REASON_CHARS = 100
"""What is kept as told has to be in the message, also where Slack cuts it: such lines are short, and come first."""


def failed_message(run: Run, found: Found, tasks: Sequence[str], reason: str, settings: Settings) -> Message:
    """The message of a run that failed.

    :param found: what is known of its sites, with the news that this message can show (:meth:`News.first`).
    :param tasks: those that failed, but for the sites' and the watcher.
    :param reason: Airflow's.
    """
    required = [site.name for site in found.sites if not site.optional]
    what = named(required or tasks)
    paragraphs = [f"{run.start_of_sentence} failed."]
    if reason in _REASONS:
        paragraphs.append(_REASONS[reason])
    if found.news:
        paragraphs += _news(found.news, found)
    if tasks:
        paragraphs.append(f"These tasks failed, and their logs say why:\n{listed(tasks)}")
    if found.sites:
        paragraphs.append(f"{_how_many(found)}\n{listed([site.line() for site in found.sites])}")
    paragraphs += _advice(run, found, tasks, settings)
    paragraphs.append(run.place)
    return Message(f"Trending Celebrities: {run.name} failed{f' ({what})' if what else ''}", tuple(paragraphs))


def _how_many(found: Found) -> str:
    if found.whole:
        return f"{len(found.sites):,} of {found.of:,} sites failed:"
    others = f"; {found.unread:,} others were not looked at" if found.unread else ""
    return f"At least {len(found.sites):,} of {found.of:,} sites failed (merge has not counted them{others}):"


def _advice(run: Run, found: Found, tasks: Sequence[str], settings: Settings) -> list[str]:
    """What to do: where to click, by what is red."""
    if tasks or not found.sites:
        return [
            "What to do: open the run and the log of the red task, mend what it says, then press ↻ (Shift+C) on that "
            "task, switch Downstream on and Confirm. Nothing is doubled by it."
        ]
    advice = []
    if any(site.red for site in found.sites):
        until = run.when + timedelta(hours=settings.live_window_h)
        advice.append(
            "What to do: open the run, select the red task of the site (its name is under Map Index), press ↻ "
            f"(Shift+C), switch Downstream on and Confirm. Until {until:%Y-%m-%d %H:%M} UTC its page is photographed "
            "anew; later an archive's copy stands in, if there is one."
        )
    if lost := [site.name for site in found.sites if not site.red]:
        advice.append(
            f"{'Of' if advice else 'What to do: of'} {named(lost)} no task is red, but merge could not use what they "
            "left. Open the run, select the site's rekognize (its name is under Map Index), press ↻ (Shift+C), switch "
            "Downstream on and Confirm."
        )
    return advice


def news_message(run: Run, found: Found, news: News) -> Message:
    """The message of a run that is green, and of which people hear for its sites' sake."""
    paragraphs = _news(news, found)
    if news.failing:
        paragraphs.append(
            "What to do: open the site in a browser. Has it moved, or does it ask for something new? Its options stand "
            "in the sites file (docs/sites.md); a site that is gone is taken out there."
        )
    paragraphs.append(run.place)
    if news.failing:
        often = {streak.times for streak in news.failing.values()}
        count = f"{min(often)} times in a row" if len(often) == 1 else "again and again"
        subject = f"{named(list(news.failing))} failed {count}"
    else:
        subject = f"{named(list(news.back))} can be seen again"
    return Message(f"Trending Celebrities: {subject}", tuple(paragraphs))


def _news(news: News, found: Found) -> list[str]:
    """A paragraph of the sites that fail again and again, and one of those that are back."""
    known = {site.name: site for site in found.sites}
    paragraphs = []
    if news.failing:
        # Of one that is no row of this run's it is the runs before that tell.
        lines = [
            known.get(name, Site(name, "Its page was not seen.", streak=streak)).line(_NEWS_REASON_CHARS)
            for name, streak in news.failing.items()
        ]
        paragraphs.append(f"These sites fail again and again:\n{listed(lines)}{_more(news)}")
    if news.back:
        lines = [f"{name}, after {told.times} or more failures in a row" for name, told in news.back.items()]
        paragraphs.append(f"These sites can be seen again:\n{listed(lines)}")
    return paragraphs


def _more(news: News) -> str:
    return f"\n- and {news.left_out:,} more, of which the next runs tell." if news.left_out else ""


def late_message(run: Run, settings: Settings, start: datetime | None) -> Message:
    """The message of a run that is late.

    :param start: when it began; None: it has not.
    """
    began = f"It began at {start:%Y-%m-%d %H:%M} UTC and is still at work." if start else "It has not begun."
    until = run.when + timedelta(hours=settings.live_window_h)
    return Message(
        f"Trending Celebrities: {run.name} is late",
        (
            f"{run.start_of_sentence} has not ended {settings.late_h:g} h after its time (CELEBS_LATE_H).",
            began,
            "What to do: open the run and see which task waits or works. Are the scheduler and the workers up, and is "
            f"another run before it? Pages that are not photographed by {until:%Y-%m-%d %H:%M} UTC come from an "
            "archive, or not at all.",
            run.place,
        ),
    )
