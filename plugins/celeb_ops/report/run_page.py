"""A run: what came of each site, and a site's screenshot with the names on it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.records import Outcome, Result, Screenshot
from celeb_ops.dataset.tables import captures_of
from celeb_ops.report.addresses import crop_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from celeb_ops.core.records import Picture, Sighting
    from celeb_ops.core.store import Store
    from celeb_ops.report.host import Host

OUTCOMES = ("live", "archived", "skipped", "failed")
"""The outcomes of a site in a run, as the page calls them: a seen page is live or archived."""
NOT_MERGED = "not merged yet"
"""The ``way`` of a site whose steps have begun, in a run that was not merged."""


class PlacedFace(NamedTuple):
    """A named face; its box is in percent of the screenshot."""

    anchor: str
    """The ending of its ids on the page."""
    sighting: Sighting
    picture: Picture | None
    left: float
    top: float
    width: float
    height: float


def captures(store: Store, when: datetime, site: str = "") -> list[dict[str, Any]]:
    """The run's rows of ``Captures``, each with its ``way`` of :data:`OUTCOMES`: failures first, then by site.

    :param site: has a row also where the run was not merged yet, as soon as something of it is stored.
    """
    rows = captures_of(store, when)
    for row in rows:
        seen = "archived" if row["source"] == "archive" else "live"
        row["way"] = seen if row["outcome"] == "seen" else row["outcome"]
    if site and all(row["site"] != site for row in rows):
        rows += _not_merged(store, when, site)
    return sorted(rows, key=lambda row: (row["way"] != "failed", row["way"] != "skipped", row["site"]))


def _not_merged(store: Store, when: datetime, site: str) -> Iterator[dict[str, Any]]:
    stem = keys.stem(site, when)
    nothing = dict.fromkeys(("reason", "celebrities", "faces", "seconds", "images_missing", "source"))
    if outcome := Outcome.find(store, site, when):
        yield nothing | {"site": site, "outcome": outcome.outcome, "way": outcome.outcome, "reason": outcome.reason}
    elif store.exists(keys.sidecar(stem)):
        yield nothing | {"site": site, "outcome": NOT_MERGED, "way": NOT_MERGED, "reason": NOT_MERGED}


def with_host(rows: list[dict[str, Any]], host: Host, newest: bool) -> list[dict[str, Any]]:
    """Rows of ``runs``, each with its ``host`` run, if Airflow knows it.

    :param newest: these are the newest rows: runs of Airflow's that are not among them get rows too.
    """
    times = [row["time"] for row in rows]
    if not times and not newest:
        return []
    known = {run.time: run for run in reversed(host.runs(min(times, default=None), None if newest else max(times)))}
    rows = [row | {"host": known.pop(row["time"].astimezone(UTC), None)} for row in rows]
    if newest:
        rows += [{"time": time, "seen": None, "host": run} for time, run in known.items()]
    return sorted(rows, key=lambda row: row["time"], reverse=True)


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
        "records": {"facts": keys.sidecar(stem)} | ({"result": keys.result(stem)} if result else {}),
        # The parts are written and deleted together: one of them shows.
        "stored": bool(shot.parts) and store.exists(shot.parts[0].key),
    }


def placed_faces(shot: Screenshot, result: Result) -> list[PlacedFace]:
    """From the top of the page down."""
    page = max(shot.page_width, 1), max(shot.captured_height, 1)
    faces = []
    for at, sighting in enumerate(sorted(result.sightings, key=lambda one: (one.box.top, one.box.left))):
        # The page may have been captured again since: with fewer pictures.
        pictures = [] if sighting.picture is None else shot.pictures[sighting.picture : sighting.picture + 1]
        box = (round(100 * side / page[axis % 2], 4) for axis, side in enumerate(sighting.box))
        faces.append(
            PlacedFace(crop_number(sighting.crop) or f"at-{at}", sighting, pictures[0] if pictures else None, *box)
        )
    return faces
