"""What people read: a run failed, a site fails again and again or is back, a run is late.

The words in it come from pages, sites and other services: in every form they are text, never markup or a header.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from celeb_ops.core.settings import Settings
    from celeb_ops.notifications.failures import FailedSite, Found

SITES_SHOWN = 20
"""A run may have a thousand sites that fail: this many are named, the others counted."""
_SUBJECT_CHARS = 100
"""SNS takes no more."""
_SLACK_CHARS = 3_900
"""Slack advises 4,000 characters (chat.postMessage, "Truncating content")."""


@dataclass(frozen=True)
class Run:
    """A run as people read of it."""

    name: str
    """``run of 2026-11-02 08:00 UTC``."""
    when: datetime
    place: str
    """Where it is seen, a sentence."""


@dataclass(frozen=True)
class Message:
    """A subject of one line, and paragraphs of plain text."""

    subject: str
    text: str

    @classmethod
    def of(cls, subject: str, *paragraphs: str) -> Message:
        """:param paragraphs: empty ones are left out."""
        return cls(cleaned(f"Trending Celebrities: {subject}", _SUBJECT_CHARS), "\n\n".join(filter(None, paragraphs)))

    @property
    def html(self) -> str:
        """The text as the provider's mails want it, which are HTML."""
        return f'<pre style="white-space: pre-wrap; font: inherit">{html.escape(self.text)}</pre>'

    @property
    def slack(self) -> str:
        """Subject and text, Slack's three signs escaped, so that ``<!channel>`` calls nobody."""
        return html.escape(f"{self.subject}\n\n{self.text}"[:_SLACK_CHARS], quote=False)


def failed_message(run: Run, tasks: Sequence[str], found: Found, settings: Settings) -> Message:
    """The message of a run that failed.

    :param tasks: those that failed, but for the sites' and the watcher.
    """
    names = [site.name for site in found.failed if not site.optional] or tasks
    if tasks or not found.failed:
        advice = (
            "What to do: open the run and the log of the red task, mend what it says, then press ↻ (Shift+C) on that "
            "task, switch Downstream on and Confirm. Nothing is doubled by it."
        )
    else:
        advice = (
            "What to do: open the run, select the site's red task, or its rekognize where none is red (its name is "
            "under Map Index), press ↻ (Shift+C), switch Downstream on and Confirm. "
            f"Until {_end_of_live(run, settings)} its page is photographed anew; later an archive's copy stands in, if "
            "there is one."
        )
    at_least = "" if found.is_whole else "at least "
    return Message.of(
        f"the {run.name} failed{f' ({_named(names)})' if names else ''}",
        f"The {run.name} failed.",
        run.place,
        _list("These tasks failed, and their logs say why:", tasks),
        _list(f"These sites failed ({at_least}{len(found.failed):,}):", _lines(found.failed)),
        _back(found),
        advice,
    )


def sites_message(run: Run, found: Found) -> Message | None:
    """The message of a run that is green, and of which people hear for its sites' sake; None: there is no news."""
    again = [site for site in found.failed if site.is_news]
    names = [site.name for site in again] or [*found.back]
    if not names:
        return None
    advice = (
        "What to do: open the site in a browser. Has it moved, or does it ask for something new? Its options are in "
        "the sites file (docs/sites.md); a site that is gone is taken out there."
    )
    return Message.of(
        f"{_named(names)} {'failed again and again' if again else 'can be seen again'}",
        _list("These sites fail again and again:", _lines(again)),
        _back(found),
        advice if again else "",
        run.place,
    )


def late_message(run: Run, start: datetime | None, settings: Settings) -> Message:
    """The message of a run that is late.

    :param start: when it began; None: it has not.
    """
    return Message.of(
        f"the {run.name} is late",
        f"The {run.name} has not ended {settings.late_h:g} h after its time (CELEBS_LATE_H).",
        f"It began at {start:%Y-%m-%d %H:%M} UTC and is still at work." if start else "It has not begun.",
        "What to do: open the run and see which task waits or works. Are the scheduler and the workers up, and is "
        f"another run before it? Pages that are not photographed by {_end_of_live(run, settings)} come from an "
        "archive, or not at all.",
        run.place,
    )


def _end_of_live(run: Run, settings: Settings) -> str:
    return f"{run.when + timedelta(hours=settings.live_window_h):%Y-%m-%d %H:%M} UTC"


def _lines(sites: Sequence[FailedSite]) -> list[str]:
    return [
        f"{site.name}{' (optional)' if site.optional else ''}"
        f"{f' ({site.times} times in a row)' if site.times > 1 else ''}: {cleaned(site.reason, 400)}"
        for site in sites
    ]


def _back(found: Found) -> str:
    lines = [f"{site}, after {times} failures in a row" for site, times in found.back.items()]
    return _list("These sites can be seen again:", lines)


def _list(heading: str, lines: Sequence[str]) -> str:
    """A paragraph with a line for each; empty where there are none."""
    more = [f"and {len(lines) - SITES_SHOWN:,} more."] if len(lines) > SITES_SHOWN else []
    return "\n- ".join([heading, *lines[:SITES_SHOWN], *more]) if lines else ""


def _named(names: Sequence[str]) -> str:
    """``TMZ, PEOPLE, VARIETY and 7 more``."""
    return f"{', '.join(names[:3])}{f' and {len(names) - 3:,} more' if len(names) > 3 else ''}"
