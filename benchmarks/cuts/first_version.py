"""Equal pieces of 2,000 px and more, by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import first_version
from benchmarks.cuts.stored import stored

if TYPE_CHECKING:
    from benchmarks.cuts.stored import Piece


def cut(sidecar: str, out: str) -> list[Piece]:
    height, picture = stored(sidecar)
    pieces = first_version.slices(picture)
    step = height // max(len(pieces), 1)
    told = []
    for number, content in enumerate(pieces):
        path = Path(out, f"{number}.jpeg")
        path.write_bytes(content)
        told.append({"file": str(path), "rows": [[number * step, (number + 1) * step]]})
    return told
