"""The package split-image: equal pieces of 2,000 px at the most; it takes only numbers that divide the height."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from split_image import split_image

from benchmarks.cuts.stored import stored

if TYPE_CHECKING:
    from benchmarks.cuts.stored import Piece


def cut(sidecar: str, out: str) -> list[Piece]:
    Image.MAX_IMAGE_PIXELS = None
    height, picture = stored(sidecar)
    number = next(n for n in range(-(-height // 2_000), height + 1) if height % n == 0)
    with contextlib.redirect_stdout(io.StringIO()):
        split_image(str(picture), number, 1, False, False, True, out)
    step = height // number
    return [
        {"file": str(Path(out, f"{picture.stem}_{n}{picture.suffix}")), "rows": [[n * step, (n + 1) * step]]}
        for n in range(number)
    ]
