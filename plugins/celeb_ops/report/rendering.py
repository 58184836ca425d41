"""The templates' surroundings: how names, times, links and pictures are written, on the server and in a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from celeb_ops import keys
from celeb_ops.names import LETTERS
from celeb_ops.report import shown
from celeb_ops.report.sparkline import HEIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from celeb_ops.report.person import Person


@dataclass(frozen=True)
class Places:
    """Where links lead and where pictures come from; the same templates make the server's pages and the report."""

    person: Callable[[str], str]
    """The address of a person's page; empty: they have none here."""
    picture: Callable[[str], str]
    """The address of the picture at a key, or its class where they are ``inline``; empty: there is none here."""
    run: Callable[[datetime, str], str] | None
    """The address of a site's part of a run's page; None: there are no runs here."""
    inline: bool = False
    """Whether pictures are in the page's own style, each once, however often it is shown."""


def on_server(up: str) -> Places:
    """:param up: from the page to the app, ``../``."""
    return Places(
        person=lambda name: f"{up}people/{shown.address(name)}",
        picture=lambda key: f"{up}files/{quote(key)}" if key else "",
        run=lambda when, site: f"{up}runs/{keys.iso(when)}?site={quote(site, safe='')}#screenshot",
    )


def day(when: datetime | date | None) -> Markup:
    """``25 Nov 2026``."""
    if when is None:
        return Markup("–")
    if isinstance(when, datetime):
        when = when.astimezone(UTC).date()
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), f"{when:%-d %b %Y}")


def moment(when: datetime | None) -> Markup:
    """``25 Nov 2026, 08:00 UTC``."""
    if when is None:
        return Markup("–")
    when = when.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(keys.iso(when), f"{when:%-d %b %Y, %H:%M} UTC")


def apart(when: datetime, run: datetime) -> str:
    """``1 h 48 min before the run``: how far a page is from the run that it stands for."""
    minutes = round((when - run).total_seconds() / 60)
    if not minutes:
        return "at the run’s time"
    hours, rest = divmod(abs(minutes), 60)
    days, hours = divmod(hours, 24)
    told = [counted(days, "day") if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return f"{' '.join(filter(None, told))} {'before' if minutes < 0 else 'after'} the run"


def counted(number: int, thing: str, things: str = "") -> str:
    """``1 capture``, ``2,345 captures``."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def summary(person: Person) -> str:
    """The share chart in a sentence, for who does not see it."""
    known = [point for point in person.points if point.share is not None]
    if not known:
        return "Nothing was seen in this time."
    peak = max(known, key=lambda point: point.share or 0)
    gaps = sum(point.share is None for point in person.points)
    breaks = sum(bool(point.period.broken) for point in person.points[1:])
    told = (
        f"Share of seen captures by {person.kind}: {shown.percent(known[-1].share)} in the latest {person.kind} "
        f"so far, at most {shown.percent(peak.share)} in the {person.kind} of {peak.period.first:%-d %b %Y}."
    )
    if gaps:
        told += f" Nothing was seen in {counted(gaps, person.kind)}."
    if breaks:
        told += f" The way of counting changed {'once' if breaks == 1 else f'{breaks} times'}."
    return told


@cache
def environment() -> jinja2.Environment:
    """Everything is escaped, and what is not there is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("celeb_ops", "report/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "plain": shown.plain,
        "said": shown.said,
        "web_link": shown.web_link,
        "host": shown.host,
        "slug": shown.slug,
        "initials": shown.initials,
        "percent": shown.percent,
        "number": shown.number,
        "dollars": shown.dollars,
        "day": day,
        "moment": moment,
        "apart": apart,
        "iso": keys.iso,
        "counted": counted,
        "summary": summary,
    }
    made.filters |= filters
    made.globals |= {"SPARK": (WIDTH, HEIGHT), "LETTERS": LETTERS}
    return made
