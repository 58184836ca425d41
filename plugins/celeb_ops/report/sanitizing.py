"""Filters for the pages: texts of sites and recognisers, names, links, numbers and times.

The store keeps texts as sites wrote them, and templates escape them. Here is what escaping does not do: lengths,
directions of writing, links.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from celeb_ops.core import keys
from celeb_ops.core.text import counted

_TITLE = 600
"""Characters of a text that the pointer shows: hundreds of rows with 10 kB each would make a page of megabytes."""
_LINK = 2_000
"""Longer addresses lead nowhere: they are cut on their way."""

# Direction marks, embeddings, overrides and isolates. A single one of them can leave the element that isolates it
# (UAX #9, BD9), and reverse what stands beside it.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_PLAIN_NAME = re.compile(r"[^~.%/\\?#\x00-\x20\x7f][^%/\\?#\x00-\x1f\x7f]*")


def plain(text: str | None, length: int = 160) -> str:
    """``text`` in one line, without what turns the direction of writing, and with an ellipsis where it is cut."""
    clean = _SPACE.sub(" ", _DIRECTIONS.sub("", text or "")).strip()
    return clean if len(clean) <= length else clean[: length - 1].rstrip() + "…"


def bdi(text: str | None, length: int = 160) -> Markup:
    """``text`` isolated from the direction of its surroundings; the pointer shows what is cut."""
    short, long = plain(text, length), plain(text, _TITLE)
    title = Markup(' title="{}"').format(long) if short != long else ""
    return Markup("<bdi{}>{}</bdi>").format(title, escape(short))


def web_link(url: str | None) -> str:
    """The address if it leads into the web, else nothing: ``javascript:`` and ``file:`` are no links."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url if url and len(url) <= _LINK and parts.scheme in ("http", "https") and parts.hostname else ""


def host(url: str | None) -> str:
    """Where a link leads, in short."""
    return plain((urlsplit(web_link(url)).hostname or "").removeprefix("www."), 60)


def slug(name: str) -> str:
    """``name`` as one segment of an address, not yet quoted.

    A long name, or one that would not come back whole (Airflow's frame decodes addresses and builds them again), goes
    by its digest.
    """
    if len(name) <= 120 and _PLAIN_NAME.fullmatch(name) and name == name.strip():
        return name
    return "~" + sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def address(name: str) -> str:
    """``name`` as one segment of an address."""
    return quote(slug(name), safe="")


def initials(name: str) -> str:
    """Two letters in the place of a picture."""
    words = [word for word in plain(name, 80).split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def percent(share: float | None) -> str:
    """``4.2 %``: a share with as many digits as one can tell apart; ``<0.1 %``: some, not none."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "<0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def number(value: float | None) -> str:
    """``1,234``; ``2.5`` where it is no whole number."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def dollars(value: float | None) -> str:
    return "–" if value is None else f"${value:,.2f}" if value >= 0.01 or not value else f"${value:.4f}"


def day(when: datetime | date) -> Markup:
    """``25 Nov 2026``."""
    if isinstance(when, datetime):
        when = when.astimezone(UTC).date()
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), f"{when:%-d %b %Y}")


def timestamp(when: datetime) -> Markup:
    """``25 Nov 2026, 08:00 UTC``."""
    when = when.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(keys.iso(when), f"{when:%-d %b %Y, %H:%M} UTC")


def time_from(when: datetime, run: datetime) -> str:
    """``1 h 48 min before the run``: the time between a page and its run."""
    minutes = round((when - run).total_seconds() / 60)
    if not minutes:
        return "at the run’s time"
    hours, rest = divmod(abs(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = [counted(days, "day") if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return f"{' '.join(filter(None, parts))} {'before' if minutes < 0 else 'after'} the run"
