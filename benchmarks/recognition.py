"""The recogniser alone: its speed beside whole-slice search, and how right its names are."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from benchmarks.measure import measured
from celeb_ops.recognition.local import STRANGERS, THRESHOLD, extrapolated_threshold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from statistics import NormalDist

    from benchmarks.cast import Cast


def run_speed(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """Slices and faces a second on the same slices of a page: ours, and searching all of them (face_recognition's)."""
    from benchmarks.slicing import page

    sidecar, _, _ = page(cast, folder, 15_000)
    places = {"store": str(folder / "store"), "gallery": str(cast.gallery), "cache": str(folder / "cache")}
    rows = []
    for way in ("whole", "ours"):
        done = measured("benchmarks.tasks:search_slices", sidecar=sidecar, way=way, **places)
        value = done.value
        rows.append(
            {
                "way": {"whole": "face_recognition: all of a slice, upsampled once", "ours": "ours"}[way],
                "slices": value["slices"],
                "faces": value["faces"],
                "people": value["people"],
                "slices/s": round(value["slices"] / value["seconds"], 2),
                "faces/s": round(value["faces"] / value["seconds"], 2),
                "MB": round(done.peak_mb),
            }
        )
    rows.append(
        {**dict.fromkeys(rows[0], ""), "way": "ratio", "slices/s": round(rows[1]["slices/s"] / rows[0]["slices/s"], 2)}
    )
    return rows


def run_names(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Right and wrong names on photos apart from the gallery: plain dlib, a face alone, and with the page's words."""
    photos = [[list(photo.people), photo.jpeg.hex()] for photo in [*cast.photos, *cast.strangers]]
    (folder / "photos.json").write_text(json.dumps(photos))
    rows = measured(
        "benchmarks.tasks:name_photos",
        photos=str(folder / "photos.json"),
        gallery=str(cast.gallery),
        cache=str(folder / "cache"),
    ).value
    for row in rows:
        shown, right, wrong, strangers, named = (
            row[key] for key in ("shown", "right", "wrong", "strangers", "strangers_named")
        )
        yield {
            "way": row["way"],
            "recall": _share(right, shown),
            "precision": _share(right, right + wrong + named),
            "known faces named wrongly": f"{wrong} of {shown}",
            "strangers named": _share(named, strangers),
        }


def run_scale(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Extrapolated: strangers named by a face alone with ever more people known; and milliseconds to compare a face."""
    for people in (100, 1_000, 10_000):
        strict = min(extrapolated_threshold(STRANGERS, people), THRESHOLD)
        yield {
            "people": people,
            f"named at {THRESHOLD}": _percent(STRANGERS, THRESHOLD, people),
            "strict threshold": round(strict, 3),
            "named at it": _percent(STRANGERS, strict, people),
            "ms a face": measured("benchmarks.tasks:match", people=people).value,
        }


def _percent(strangers: NormalDist, threshold: float, photos: int) -> str:
    return f"{100 * (1 - (1 - strangers.cdf(threshold)) ** photos):.1f} %"


def _share(part: int, whole: int) -> str:
    """``23 of 24 (80–99 %)``, the interval Wilson's of 95 %."""
    if not whole:
        return "0 of 0"
    z, p = 1.96, part / whole
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    reach = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole**2)) / (1 + z * z / whole)
    return f"{part} of {whole} ({100 * max(middle - reach, 0):.0f}–{100 * min(middle + reach, 1):.0f} %)"
