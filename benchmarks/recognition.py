"""The recogniser's speed beside whole-slice search; how right its names are is measured by ``make bench-faces``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.measure import measured

if TYPE_CHECKING:
    from pathlib import Path

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
