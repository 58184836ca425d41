"""The steps of one site, each in a process of its own; and what JPEG quality costs and keeps."""

from __future__ import annotations

import os
import statistics
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Measured, measured
from benchmarks.newsroom import Newsroom, Page, plain, served

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.cast import Cast

ROUNDS = 3


def run(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """A page of 14,000 px: seconds and peak memory of each step, the first version's screenshot beside ours."""
    room = Newsroom()
    page = plain(room, [*cast.photos, *cast.strangers[:6]], 14_000)
    os.environ |= {"CELEBS_STORE": str(folder / "store"), "CELEBS_GALLERY": str(cast.gallery)}
    with served(room):
        return _rounds(room, page, folder)


def _rounds(room: Newsroom, page: Page, folder: Path) -> list[dict[str, Any]]:
    url = room.url(page)
    runs: dict[str, list[Measured]] = {}
    for second in range(ROUNDS):
        now = datetime.now(UTC).replace(microsecond=0, second=second).isoformat()
        old = measured("benchmarks.first_version:screenshot", url=url, picture=str(folder / "old.jpeg"))
        shot = measured("benchmarks.tasks:screenshot", url=url, time=now)
        plan = measured("benchmarks.tasks:slice_", url=url, time=now, screenshot=shot.value)
        names = measured("benchmarks.tasks:rekognize", url=url, time=now, plan=plan.value)
        for step, one in (
            ("first version: screenshot", old),
            ("screenshot", shot),
            ("slice", plan),
            ("rekognize", names),
        ):
            runs.setdefault(step, []).append(one)
    first = statistics.median(one.seconds for one in runs["first version: screenshot"])
    rows = []
    for step, several in runs.items():
        seconds = statistics.median(one.seconds for one in several)
        rows.append(
            {
                "step": step,
                "seconds": round(seconds, 2),
                "of first version": round(seconds / first, 2) if "screenshot" in step else "",
                "peak MB": round(max(one.peak_mb for one in several)),
                "found": f"{len(several[0].value['people'])} of {len(page.people)} people"
                if step == "rekognize"
                else "",
            }
        )
    return rows


def run_quality(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """JPEG quality of the screenshot: bytes, faces and people of the same lossless picture."""
    room = Newsroom()
    page = plain(room, [*cast.photos, *cast.strangers], 20_000)
    os.environ |= {"CELEBS_STORE": str(folder / "store"), "CELEBS_GALLERY": str(cast.gallery)}
    with served(room):
        picture = measured("benchmarks.tasks:lossless", url=room.url(page), folder=str(folder)).value
    return list(
        measured(
            "benchmarks.tasks:quality",
            picture=picture,
            gallery=str(cast.gallery),
            cache=str(folder / "cache"),
            qualities=[20, 30, 40, 50, 60, 70, 80, 90],
        ).value
    )
