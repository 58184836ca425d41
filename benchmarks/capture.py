"""People found on made-up sites, each with one trait that fights a screenshot: the first version's way, and ours."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.measure import measured
from benchmarks.newsroom import build, plain, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.cast import Cast
    from benchmarks.newsroom import Newsroom, Page


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """People found of people shown: on the bare photos, by the first version's way, and by ours."""
    room = build(cast)
    for height in (15_000, 100_000):
        plain(room, cast.photos[:6], height)
    os.environ |= {"CELEBS_STORE": str(folder / "store"), "CELEBS_GALLERY": str(cast.gallery)}
    with served(room):
        rows = []
        for page in room.pages:
            rows.append(_row(room, page, cast, folder))
            yield rows[-1]
    yield _total(rows)


def _row(room: Newsroom, page: Page, cast: Cast, folder: Path) -> dict[str, Any]:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    url = room.url(page)
    photos = folder / "photos.json"
    photos.write_text(json.dumps([photo.jpeg.hex() for photo in page.photos]))
    arguments = {"gallery": str(cast.gallery), "cache": str(folder / "cache")}
    bare = set(measured("benchmarks.tasks:on_bare_photos", photos=str(photos), **arguments).value)
    picture = str(folder / "old.jpeg")
    old = measured("benchmarks.first_version:screenshot", url=url, picture=picture)
    old_names = set(measured("benchmarks.tasks:on_first_version", picture=picture, **arguments).value)
    new = measured("benchmarks.tasks:screenshot", url=url, time=now)
    plan = measured("benchmarks.tasks:slice_", url=url, time=now, screenshot=new.value)
    names = set(measured("benchmarks.tasks:rekognize", url=url, time=now, plan=plan.value).value["people"])
    return {
        "site": page.trait,
        "shown": len(page.people),
        "bare photos": len(bare & page.people),
        "first version": len(old_names & page.people),
        "ours": len(names & page.people),
        "wrong, first": len(old_names - page.people),
        "wrong, ours": len(names - page.people),
        "s, first": round(old.seconds, 1),
        "s, ours": round(new.seconds, 1),
        "ratio": round(new.seconds / old.seconds, 2),
        "MB, ours": round(new.peak_mb),
    }


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    summed = {key: sum(row[key] for row in rows) for key in rows[0] if key not in {"site", "ratio", "MB, ours"}}
    seconds = {key: round(summed[key], 1) for key in ("s, first", "s, ours")}
    ratio = round(summed["s, ours"] / summed["s, first"], 2)
    return {"site": "all", **summed, **seconds, "ratio": ratio, "MB, ours": max(row["MB, ours"] for row in rows)}
