"""A photo as a page shows it: at a size in px, compressed as web pictures are, with the page around it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageOps

from celeb_ops.core.exceptions import RecognitionError
from celeb_ops.core.geometry import Box

if TYPE_CHECKING:
    from pathlib import Path

SIDES_PX = (640, 300, 160)
"""Long sides of pictures: a story's own, a teaser's, a thumbnail."""
_AROUND_PX = 60
_BELOW_PX = 90
_WEB_QUALITY, _SLICE_QUALITY = 80, 95


def on_page(path: Path, side: int) -> tuple[bytes, Box]:
    """A slice (JPEG) with the photo on it, and where. RecognitionError where it is no picture."""
    picture = picture_at(path, side)
    slice_ = Image.new("RGB", (picture.width + 2 * _AROUND_PX, picture.height + _AROUND_PX + _BELOW_PX), "#fdfcf9")
    draw = ImageDraw.Draw(slice_)
    draw.rectangle((0, 0, slice_.width, 24), fill="#b01030")
    box = Box(_AROUND_PX, _AROUND_PX, picture.width, picture.height)
    slice_.paste(picture, (box.left, box.top))
    for line in range(4):
        draw.text((_AROUND_PX, box.bottom + 10 + 18 * line), "Seen last night, and what a source says of it", "#222")
    return _jpeg(slice_, _SLICE_QUALITY), box


def picture_at(path: Path, side: int) -> Image.Image:
    """The photo with this long side, as a web picture."""
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    # Pillow reports damage as nearly anything.
    except Exception as error:
        raise RecognitionError(f"{path} is no picture that can be decoded: {error}.") from None
    scale = side / max(upright.size)
    size = (max(round(upright.width * scale), 1), max(round(upright.height * scale), 1))
    return Image.open(io.BytesIO(_jpeg(upright.resize(size, Image.Resampling.LANCZOS), _WEB_QUALITY)))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
