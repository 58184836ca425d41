"""The package SAHI: slices of 1,920 px that overlap by a fifth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from sahi.slicing import slice_image

from benchmarks.cuts.stored import stored

if TYPE_CHECKING:
    from benchmarks.cuts.stored import Piece


def cut(sidecar: str, out: str) -> list[Piece]:
    Image.MAX_IMAGE_PIXELS = None
    height, picture = stored(sidecar)
    result = slice_image(
        image=str(picture),
        output_file_name="piece",
        output_dir=out,
        slice_height=min(1_920, height),
        slice_width=1_440,
        overlap_height_ratio=0.2,
        overlap_width_ratio=0.2,
        out_ext=".jpeg",
    )
    return [
        {"file": str(Path(out, name)), "rows": [[top, min(top + 1_920, height)]]}
        for name, (_, top) in zip(result.filenames, result.starting_pixels, strict=True)
    ]
