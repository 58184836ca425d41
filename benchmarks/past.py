"""A page live and as an archive has it: the same capture, the same people; and what recognising anew costs."""

from __future__ import annotations

import os
import statistics
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.archive.front import front
from tests.archive.recording import Recording
from tests.archive.server import archive

from benchmarks.measure import Measured, measured
from benchmarks.newsroom import Newsroom, Page, plain, served

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.cast import Cast

ROUNDS = 3


def run(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """A page of 14,000 px, live and from pywb on loopback (no rate limit); its stored screenshot recognised anew."""
    room = Newsroom()
    page = plain(room, [*cast.photos, *cast.strangers[:6]], 14_000)
    os.environ |= {
        "CELEBS_STORE": str(folder / "store"),
        "CELEBS_GALLERY": str(cast.gallery),
    }
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
    with served(room):
        recording = folder / "page.warc.gz"
        _record(recording, room, page, then)
        (folder / "archive").mkdir()
        with archive(folder / "archive", [recording]) as there, front(there) as asked:
            os.environ["CELEBS_ARCHIVE_URL"] = asked.timegate
            return _rounds(room, page, then, lambda: len(asked.requests))


def _record(path: Path, room: Newsroom, page: Page, when: datetime) -> None:
    with Recording(path) as recording:
        recording.page(room.url(page), when, room.html[page.path])
        for number, picture in enumerate(room.pictures):
            recording.page(f"{room.address}/picture/{number}.jpeg?delay=0", when, picture, "image/jpeg")


def _rounds(room: Newsroom, page: Page, then: datetime, asked: Any) -> list[dict[str, Any]]:
    url = room.url(page)
    runs: dict[str, list[Measured]] = {}
    people: dict[str, set[str]] = {}
    for second in range(ROUNDS):
        now = datetime.now(UTC).replace(microsecond=0, second=second)
        for kind, when in (("live", now), ("archived", then + timedelta(seconds=second))):
            time = when.isoformat()
            shot = measured("benchmarks.tasks:screenshot", url=url, time=time)
            plan = measured("benchmarks.tasks:slice_", url=url, time=time, screenshot=shot.value)
            names = measured("benchmarks.tasks:rekognize", url=url, time=time, plan=plan.value)
            runs.setdefault(f"{kind}: screenshot", []).append(shot)
            people[kind] = set(names.value["people"])
        # The screenshot is stored: only these two are work.
        runs.setdefault("recognised anew: slice, rekognize", []).append(
            Measured(None, plan.seconds + names.seconds, max(plan.peak_mb, names.peak_mb))
        )
    requests = asked() / ROUNDS
    live = statistics.median(one.seconds for one in runs["live: screenshot"])
    rows = []
    for what, several in runs.items():
        seconds = statistics.median(one.seconds for one in several)
        found = people.get(what.partition(":")[0])
        rows.append(
            {
                "what": what,
                "seconds": round(seconds, 2),
                "of live screenshot": round(seconds / live, 2),
                "peak MB": round(max(one.peak_mb for one in several)),
                "requests": round(requests) if what.startswith("archived") else "",
                "people": f"{len(found & page.people)} of {len(page.people)}" if found is not None else "",
            }
        )
    return rows
