"""A run: what came of each site, and a site's screenshot with the names on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celeb_ops import keys
from celeb_ops.dataset.tables import captures_of
from celeb_ops.exceptions import NotStoredError
from celeb_ops.records import Result, Screenshot

if TYPE_CHECKING:
    from celeb_ops.records import Picture, Sighting
    from celeb_ops.store import Store

WAYS = ("live", "archived", "skipped", "failed")
"""What comes of a site in a run, as the page calls it: a seen page is a live or an archived one."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True)
class Face:
    """A named face, placed in percent of the screenshot."""

    number: int
    sighting: Sighting
    picture: Picture | None
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Shot:
    """A site's screenshot and who is on it."""

    shot: Screenshot
    result: Result | None
    """None: it was photographed, but nobody was recognised yet, or that failed."""
    faces: tuple[Face, ...]
    there: bool
    """Whether its pictures are still in the store: its facts outlive them."""


def run_time(segment: str) -> datetime | None:
    """The run time that a segment of an address stands for, ``2026-11-25T08:00:00Z``; None: it is none."""
    if not _TIME.fullmatch(segment):
        return None
    try:
        return datetime.strptime(segment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def captures(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The run's rows of ``Captures``, each with its ``way``: what needs a look first, then by site."""
    order = {"failed": 0, "skipped": 1, "seen": 2}
    rows = [row | {"way": way(row["outcome"], row["source"])} for row in captures_of(store, when)]
    return sorted(rows, key=lambda row: (order.get(row["outcome"], 0), row["site"]))


def way(outcome: str, source: str | None) -> str:
    """One of :data:`WAYS`."""
    if outcome != "seen":
        return outcome
    return "archived" if source == "archive" else "live"


def shot(store: Store, site: str, when: datetime) -> Shot | None:
    """The site's screenshot in this run; None: there is none, or no more."""
    stem = keys.stem(site, when)
    try:
        found = Screenshot.load(store, keys.sidecar(stem))
    except NotStoredError:
        return None
    # They are written and tidied away together: one of them tells.
    there = bool(found.parts) and store.exists(found.parts[0].key)
    try:
        result = Result.load(store, keys.result(stem))
    except NotStoredError:
        return Shot(found, None, (), there)
    named = sorted(result.sightings, key=lambda one: (one.box.top, one.box.left))
    return Shot(found, result, tuple(_face(found, one, at) for at, one in enumerate(named, start=1)), there)


def _face(shot: Screenshot, one: Sighting, number: int) -> Face:
    # The page may have been captured anew since.
    known = one.picture is not None and one.picture < len(shot.pictures)
    return Face(
        number=number,
        sighting=one,
        picture=shot.pictures[one.picture] if known and one.picture is not None else None,
        left=_percent(one.box.left, shot.page_width),
        top=_percent(one.box.top, shot.captured_height),
        width=_percent(one.box.width, shot.page_width),
        height=_percent(one.box.height, shot.captured_height),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / max(whole, 1), 4)
