"""A gallery of thousands: loading it and finding the nearest people, beside comparing with every photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.measure import measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.cast import Cast


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Synthetic people with five photos each: load the file, match 100 faces; ours and every photo in float64."""
    for people in (1_000, 10_000):
        place = str(folder / str(people))
        made = measured("benchmarks.tasks:make_gallery", folder=place, people=people, photos=5).value
        rows = {way: measured("benchmarks.tasks:use_gallery", folder=place, way=way) for way in ("ours", "every photo")}
        for way, done in rows.items():
            yield {
                "people": people,
                "photos": 5 * people,
                "way": way,
                "load s": round(done.value["load_s"], 3),
                "100 faces ms": round(1000 * done.value["match_s"], 1),
                "MB more": round(done.value["mb"]),
                "file MB": round(made["mb"], 1),
            }
        ratio = rows["every photo"].value["match_s"] / rows["ours"].value["match_s"]
        empty = dict.fromkeys(("photos", "load s", "MB more", "file MB"), "")
        yield {"people": people, "way": "ratio", "100 faces ms": round(ratio, 1), **empty}
