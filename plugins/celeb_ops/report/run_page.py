"""A run: what came of each site, and a site's screenshot with the names on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.records import Result, Screenshot
from celeb_ops.dataset.tables import captures_of

if TYPE_CHECKING:
    from celeb_ops.core.records import Picture, Sighting
    from celeb_ops.core.store import Store

WAYS = ("live", "archived", "skipped", "failed")
"""What comes of a site in a run, as the page calls it: a seen page is a live or an archived one."""


@dataclass(frozen=True)
class Face:
    """A named face, placed in percent of the screenshot."""

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
    faces: list[Face]
    there: bool
    """Whether its pictures are still in the store: its facts outlive them."""


def run_time(segment: str) -> datetime | None:
    """The run time that a segment of an address stands for, ``2026-11-25T08:00:00Z``; None: it is none."""
    try:
        when = datetime.strptime(segment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return when if keys.iso(when) == segment else None


def captures(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The run's rows of ``Captures``, each with its ``way``: what needs a look first, then by site."""
    order = ["failed", "skipped", "archived", "live"]
    rows = [row | {"way": _way(row["outcome"], row["source"])} for row in captures_of(store, when)]
    return sorted(rows, key=lambda row: (min(order.index(row["way"]), 2), row["site"]))


def _way(outcome: str, source: str | None) -> str:
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
        return Shot(found, None, [], there)
    named = sorted(result.sightings, key=lambda one: (one.box.top, one.box.left))
    return Shot(found, result, [_face(found, one) for one in named], there)


def _face(shot: Screenshot, one: Sighting) -> Face:
    # The page may have been captured anew since.
    known = one.picture is not None and one.picture < len(shot.pictures)
    width, height = 100 / max(shot.page_width, 1), 100 / max(shot.captured_height, 1)
    return Face(
        sighting=one,
        picture=shot.pictures[one.picture] if known and one.picture is not None else None,
        left=round(one.box.left * width, 4),
        top=round(one.box.top * height, 4),
        width=round(one.box.width * width, 4),
        height=round(one.box.height * height, 4),
    )
