"""The messages: a run failed, a site fails again and again or is back, a run is late.

They quote pages, sites and services. In every form such words are plain text, never markup or a header.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from celeb_ops.core.settings import Settings
    from celeb_ops.notifications.failures import FailedSite, SiteReport

SITES_SHOWN = 20
_SUBJECT_CHARS = 100
"""The limit of SNS."""
_SLACK_CHARS = 3_900
"""Slack advises 4,000 (chat.postMessage, "Truncating content")."""


@dataclass(frozen=True)
class Run:
    """A run, in words."""

    name: str
    """``run of 2026-11-02 08:00 UTC``."""
    when: datetime
    place: str
    """A sentence with its address."""


@dataclass(frozen=True)
class Message:
    """A subject of one line, and paragraphs of plain text."""

    subject: str
    text: str
    mail: str = ""
    """A whole page for a mail; empty: the text."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """JPEGs of that page, by the name in its ``cid:`` addresses."""
    blocks: Sequence[Mapping[str, Any]] = ()
    """For Slack, in place of the text."""

    @classmethod
    def of(cls, subject: str, *paragraphs: str) -> Message:
        """Empty paragraphs are left out."""
        return cls(cleaned(f"Trending Celebrities: {subject}", _SUBJECT_CHARS), "\n\n".join(filter(None, paragraphs)))

    @property
    def html(self) -> str:
        """For a mail."""
        return self.mail or f'<pre style="white-space: pre-wrap; font: inherit">{html.escape(self.text)}</pre>'

    @property
    def slack(self) -> str:
        """Subject and text; escaped, ``<!channel>`` calls nobody."""
        return html.escape(f"{self.subject}\n\n{self.text}"[:_SLACK_CHARS], quote=False)


def failed_message(run: Run, tasks: Sequence[str], sites: SiteReport, settings: Settings) -> Message:
    """A run failed.

    :param tasks: those that failed, without the sites' and the watcher.
    """
    names = [site.name for site in sites.failed if not site.optional] or tasks
    if tasks or not sites.failed:
        advice = (
            "open the run and the log of the red task, fix what it reports, then press ↻ (Shift+C) on that task, "
            "switch Downstream on and Confirm. This is safe to repeat."
        )
    else:
        advice = (
            "open the run, select the site's red task, or rekognize if none is red (sites are under Map Index), "
            "press ↻ (Shift+C), switch Downstream on and Confirm. "
            f"Until {_live_until(run, settings)} its page is photographed again; later an archive's copy is used, if "
            "any."
        )
    at_least = "" if sites.is_complete else "at least "
    return Message.of(
        f"the {run.name} failed{f' ({_first(names)})' if names else ''}",
        f"The {run.name} failed.",
        run.place,
        listed("These tasks failed, and their logs say why:", tasks),
        listed(f"These sites failed ({at_least}{len(sites.failed):,}):", map(_line, sites.failed)),
        _recovered(sites),
        f"What to do: {advice}",
    )


def sites_message(run: Run, sites: SiteReport) -> Message | None:
    """The message of a successful run with news about its sites; None if there is no news."""
    news = [site for site in sites.failed if site.is_news]
    names = [site.name for site in news] or [*sites.recovered]
    if not names:
        return None
    advice = (
        "What to do: open the site in a browser. Has it moved, or does it ask for something new? Its options are in "
        "the sites file (docs/sites.md); if the site is gone, remove it there."
    )
    return Message.of(
        f"{_first(names)} {'keeps failing' if news else 'works again'}",
        listed("These sites fail again and again:", map(_line, news)),
        _recovered(sites),
        advice if news else "",
        run.place,
    )


def late_message(run: Run, start: datetime | None, settings: Settings) -> Message:
    """The message that a run is late; without a ``start`` it has not begun."""
    return Message.of(
        f"the {run.name} is late",
        f"The {run.name} has not ended {settings.late_h:g} h after its time (CELEBS_LATE_H).",
        f"It began at {start:%Y-%m-%d %H:%M} UTC and is still running." if start else "It has not begun.",
        "What to do: open the run and see which task is waiting or running. Are scheduler and workers up, and is "
        f"another run ahead? Pages not photographed by {_live_until(run, settings)} come from an "
        "archive, or not at all.",
        run.place,
    )


def _live_until(run: Run, settings: Settings) -> str:
    return f"{run.when + timedelta(hours=settings.live_window_h):%Y-%m-%d %H:%M} UTC"


def _line(site: FailedSite) -> str:
    optional = " (optional)" if site.optional else ""
    streak = f" ({site.streak} times in a row)" if site.streak > 1 else ""
    return f"{site.name}{optional}{streak}: {cleaned(site.reason, 400)}"


def _recovered(sites: SiteReport) -> str:
    lines = [f"{site}, after {streak} failures in a row" for site, streak in sites.recovered.items()]
    return listed("These sites work again:", lines)


def listed(heading: str, items: Iterable[str]) -> str:
    """A paragraph with a line for each item; empty without items."""
    lines = list(items)
    more = [f"and {len(lines) - SITES_SHOWN:,} more."] if len(lines) > SITES_SHOWN else []
    return "\n- ".join([heading, *lines[:SITES_SHOWN], *more]) if lines else ""


def _first(names: Sequence[str]) -> str:
    """``TMZ, PEOPLE, VARIETY and 7 more``."""
    return f"{', '.join(names[:3])}{f' and {len(names) - 3:,} more' if len(names) > 3 else ''}"


def slack_text(words: str, **style: bool) -> dict[str, Any]:
    """A part of Slack's rich text, in which no word of a page is markup."""
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def slack_link(url: str, words: str) -> dict[str, Any]:
    return {"type": "link", "url": url, "text": words}


def slack_block(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}
