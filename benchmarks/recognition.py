"""The recogniser's speed beside whole-slice search; how right its names are is measured by ``make bench-faces``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.measure import measured

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.cast import Cast


def run_speed(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """Seconds on the same slices of a page: ours, as it was before, and searching all of them (face_recognition's)."""
    from benchmarks.slicing import page

    sidecar, _, _ = page(cast, folder, 15_000)
    places = {"store": str(folder / "store"), "gallery": str(cast.gallery), "cache": str(folder / "cache")}
    ways = {
        "whole": "face_recognition: all of a slice, upsampled once",
        "before": "until f199080: HOG where pictures are, dlib's runtime",
        "ours": "ours",
    }
    done = {way: measured("benchmarks.tasks:search_slices", sidecar=sidecar, way=way, **places) for way in ways}
    rows = [
        {
            "way": ways[way],
            "slices": one.value["slices"],
            "faces": one.value["faces"],
            "people": one.value["people"],
            "CPU s to find": round(one.value["find"], 2),
            "CPU s in all": round(one.value["all"], 2),
            "MB": round(one.peak_mb),
        }
        for way, one in done.items()
    ]
    times = {key: round(done["before"].value[key] / done["ours"].value[key], 1) for key in ("find", "all")}
    ratio = {"way": "before / ours", "CPU s to find": times["find"], "CPU s in all": times["all"]}
    return [*rows, {**dict.fromkeys(rows[0], ""), **ratio}]
