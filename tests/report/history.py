"""Half a year of made-up history for the pages: rows, the newest run's records and pictures, and its trends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture
from tests.factories import a_picture, a_result, a_screenshot, a_sighting, saved
from tests.trends.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.store import Store

END = datetime(2026, 11, 25, 8, tzinfo=UTC)
"""The newest run."""
SITES = ("DAILY-PLAIN", "LAZY-POST", "WALLED-TIMES")
TROUBLED = "WALLED-TIMES"
"""This site failed in the latest runs."""
REASON = "The site answered 403 (Forbidden) to a browser that it had let in before: look at the page, and try again."
QUIET_DAYS = range(60, 66)
"""Days before the end on which nothing could be seen, from 08:00 to 08:00."""
WHOLE_QUIET_DAYS = len(QUIET_DAYS) - 1
"""Of them, in UTC's days."""
BREAK_DAY = 100
"""Days before the end when the recogniser's version changed."""


@dataclass(frozen=True)
class Figure:
    """Somebody whom the press shows."""

    name: str
    chance: float
    """Of being on a page of their sites."""
    sites: tuple[str, ...] | None = None
    """None: all."""
    late: float | None = None
    """The chance in the last week."""
    headline: str = "The admiral who taught machines to read English"
    link: str = "https://news.example/story"
    alt: str = "A portrait"
    qid: str | None = None


CAST = (
    Figure("Grace Hopper", 0.35, late=0.9, qid="Q11641"),
    Figure("Eileen Collins", 0.45, SITES[1:], headline="The first woman to command a shuttle looks back"),
)


def fill(
    store: Store, cast: Sequence[Figure] = CAST, *, days: int = 150, sites: Sequence[str] = SITES, cost: float = 0.003
) -> None:
    """A run each 12 h; the trends are built."""
    chances, rows = random.Random(6), Rows()
    for half in range(2 * days):
        when = END - timedelta(hours=12 * half)
        ago = half // 2
        for site in sites:
            outcome, reason = _outcome(site, ago, half, chances)
            if outcome != "seen":
                rows.missed(site, when, outcome, reason)
                continue
            shown = [one for one in cast if site in (one.sites or sites) and _shows(one, ago, chances)]
            rows.seen(
                site,
                when,
                *(_sighting(when, site, one, at, cast.index(one) + 1) for at, one in enumerate(shown)),
                captured_at=when,
                recognizer_version="1" if ago > BREAK_DAY else "2",
                celebrities=sorted({one.name for one in shown}),
                faces=len(shown) + 2,
                cost_usd=cost,
                seconds=8.5,
            )
    rows.write(store)
    trends.build(store)


def newest_records(store: Store, cast: Sequence[Figure] = CAST, site: str = SITES[0]) -> None:
    """The newest run's screenshot and result of a site, with a crop of everybody on it."""
    stem = keys.stem(site, END)
    pictures = [
        Picture(box=Box(100, 100 + 400 * at, 400, 300), src="x", alt=one.alt, link=one.link, headline=one.headline)
        for at, one in enumerate(cast)
    ]
    saved(store, a_screenshot(site=site, time=END, pictures=pictures), a_picture(1440, 3_000))
    named = [
        a_sighting(one.name, box=Box(150, 120 + 400 * at, 120, 120), picture=at, crop=keys.crop(stem, at + 1))
        for at, one in enumerate(cast)
    ]
    for one in named:
        store.write(one.crop, a_picture(96, 96))
    a_result(site, time=END, sightings=named, faces=len(named)).save(store, keys.result(stem))


def _outcome(site: str, ago: int, half: int, chances: random.Random) -> tuple[str, str | None]:
    if ago in QUIET_DAYS:
        return "failed", "The network was down: nothing answered."
    if site == TROUBLED and half < 3:
        return "failed", REASON
    if chances.random() < 0.02:
        return "skipped", "The run time was too far from now."
    return "seen", None


def _shows(one: Figure, ago: int, chances: random.Random) -> bool:
    return chances.random() < (one.late if one.late is not None and ago < 7 else one.chance)


def _sighting(when: datetime, site: str, one: Figure, at: int, number: int) -> dict[str, Any]:
    # A picture stays for two days.
    story = when.timetuple().tm_yday // 2
    return {
        "name": one.name,
        "qid": one.qid,
        "confidence": 72.0 + (7 * story + 11 * at) % 25,
        "basis": "face+text" if story % 3 == 0 else "face",
        "headline": one.headline,
        "link": one.link,
        "alt": one.alt,
        "picture_url": f"https://pictures.example/{site}/{one.name[:20]}/{story}.jpeg",
        "screenshot": keys.sidecar(keys.stem(site, when)),
        "crop": keys.crop(keys.stem(site, END), number),
    }
