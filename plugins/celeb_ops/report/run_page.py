"""A run: what came of each site, and a site's screenshot with the names on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.records import Result, Screenshot
from celeb_ops.dataset.tables import captures_of

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.records import Picture, Sighting
    from celeb_ops.core.store import Store

OUTCOMES = ("live", "archived", "skipped", "failed")
"""What comes of a site in a run, as the page calls it: a seen page is a live or an archived one."""


class PlacedFace(NamedTuple):
    """A named face. Its box is in percent of the screenshot."""

    sighting: Sighting
    picture: Picture | None
    left: float
    top: float
    width: float
    height: float


def captures(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The run's rows of ``Captures``, each with its ``way`` of :data:`OUTCOMES`: failures first, then by site."""
    rows = captures_of(store, when)
    for row in rows:
        seen = "archived" if row["source"] == "archive" else "live"
        row["way"] = seen if row["outcome"] == "seen" else row["outcome"]
    return sorted(rows, key=lambda row: (row["way"] != "failed", row["way"] != "skipped", row["site"]))


def site_screenshot(store: Store, site: str, when: datetime) -> dict[str, Any] | None:
    """The ``facts`` of the site's screenshot in this run, its ``result`` (None: nobody was looked for), and ``stored``,
    whether its pictures are still there; None: there is no screenshot, or no more."""
    stem = keys.stem(site, when)
    try:
        shot = Screenshot.load(store, keys.sidecar(stem))
    except NotStoredError:
        return None
    result = Result.load(store, keys.result(stem)) if store.exists(keys.result(stem)) else None
    return {
        "facts": shot,
        "result": result,
        "faces": placed_faces(shot, result) if result else [],
        # The parts are written and tidied away together: one of them tells.
        "stored": bool(shot.parts) and store.exists(shot.parts[0].key),
    }


def placed_faces(shot: Screenshot, result: Result) -> list[PlacedFace]:
    """From the top of the page down."""
    page = max(shot.page_width, 1), max(shot.captured_height, 1)
    faces = []
    for sighting in sorted(result.sightings, key=lambda one: (one.box.top, one.box.left)):
        # The page may have been captured again since: with fewer pictures.
        pictures = [] if sighting.picture is None else shot.pictures[sighting.picture : sighting.picture + 1]
        box = (round(100 * side / page[axis % 2], 4) for axis, side in enumerate(sighting.box))
        faces.append(PlacedFace(sighting, pictures[0] if pictures else None, *box))
    return faces
