"""Makes faces on a stored screenshot unrecognisable for good; the rest of the picture stays as it was."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box, united
from celeb_ops.core.libvips import opaque, reason
from celeb_ops.core.records import Part, Screenshot, Span
from celeb_ops.slicing.row_reader import RowReader, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from celeb_ops.core.store import Store

MARGIN = 0.4
"""Around a face, of its side: dlib's boxes end at brow and chin. The evidence crops show 0.35."""
CELLS = 4
"""A face's area keeps the mean colours of this many cells a side, and only a smooth run from one to the next.
Mosaics of 16 × 16 px cells on larger faces, and weak blurs, were undone by classifiers (McPherson, Shokri, Shmatikov
2016, "Defeating Image Obfuscation with Deep Learning"): 16 colours hold no feature of a face."""


Patch = tuple[Box, "Rows"]
"""An area of the page, and the pixels that take its place."""


def areas_of(faces: Sequence[Box], shot: Screenshot) -> list[Box]:
    """The areas of the page to blur for these faces, apart from one another, from the top."""
    grown = [face.grown(MARGIN).clipped(shot.page_width, shot.captured_height) for face in faces]
    return sorted(united(box for box in grown if box.area), key=lambda box: (box.top, box.left))


def blur(store: Store, shot: Screenshot, areas: Sequence[Box]) -> None:
    """Blur areas of a screenshot, in every part of it that shows one; a part is read and written as a stream of rows.

    :param areas: apart from one another, in page px.
    :raises EmptyPictureError: a part can't be decoded, or is not of the size that the sidecar says.
    :raises NotStoredError: a part is not there.
    """
    patches = [(box, smeared(pixels)) for box, pixels in read_areas(store, shot, areas)]
    for part in shot.parts:
        if here := [one for one in patches if one[0].top < part.rows.stop and one[0].bottom > part.rows.start]:
            store.write(part.key, _patched(store.read(part.key), part, here))


def read_areas(store: Store, shot: Screenshot, areas: Sequence[Box]) -> Iterator[tuple[Box, Rows]]:
    """The pixels of areas of a screenshot, read once from the top."""
    reader = RowReader(shot, store.read)
    todo = sorted(areas, key=lambda box: box.top)
    while todo:
        group = [todo.pop(0)]
        stop = group[0].bottom
        # Areas beside one another in one go, because rows are read downwards only.
        while todo and todo[0].top < stop:
            group.append(todo.pop(0))
            stop = max(stop, group[-1].bottom)
        top = group[0].top
        rows = reader.read(Span(top, stop))
        for box in group:
            yield box, rows[box.top - top : box.bottom - top, box.left : box.right]


def smeared(pixels: Rows) -> Rows:
    """An area of which only the mean colours of ``CELLS`` × ``CELLS`` cells are left, run into one another."""
    height, width = pixels.shape[:2]
    cells = Image.fromarray(np.ascontiguousarray(pixels)).resize((CELLS, CELLS), Image.Resampling.BOX)
    return np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC))


def _patched(content: bytes, part: Part, patches: Sequence[Patch]) -> bytes:
    """A part's picture with patches, in its own format and quality."""
    try:
        image = opaque(pyvips.Image.new_from_buffer(content, "", access="sequential", fail_on="error"))
        image = image.colourspace("srgb")
        for box, pixels in patches:
            first, last = max(part.rows.start - box.top, 0), min(part.rows.stop, box.bottom) - box.top
            rows = np.ascontiguousarray(pixels[first:last])
            piece = pyvips.Image.new_from_memory(rows.tobytes(), rows.shape[1], rows.shape[0], 3, "uchar")
            image = image.insert(piece, box.left, box.top + first - part.rows.start)
        # Pixels only: a file's metadata may hold a small picture of the whole.
        if content.startswith(b"\x89PNG"):
            return bytes(image.pngsave_buffer(compression=6, keep="none"))
        quality, subsampled = jpeg_settings(content)
        return bytes(image.jpegsave_buffer(Q=quality, subsample_mode="on" if subsampled else "off", keep="none"))
    except pyvips.Error as error:
        raise EmptyPictureError(f"{part.key} can't be blurred: {reason(error)}.") from None


def jpeg_settings(content: bytes) -> tuple[int, bool]:
    """The quality that a JPEG was encoded with, 1–100, and whether its colours have half the resolution.

    With the same tables a picture that is encoded again stays what it was, but for rounding.
    """
    try:
        # Not by Image.open, which takes pictures of more than 179 Mpx for an attack.
        picture = JpegImageFile(io.BytesIO(content))
        total = sum(picture.quantization[0])
    except (SyntaxError, KeyError):
        raise EmptyPictureError("A screenshot's part is neither PNG nor a JPEG with a table of its quality.") from None
    quality = min(range(1, 101), key=lambda quality: abs(_table_sum(quality) - total))
    # Sampling of the first component, the luminance, whose colours' is 1 × 1.
    return quality, picture.layer[0][1:3] != (1, 1)


@cache
def _table_sum(quality: int) -> int:
    """The sum of the luminance table at a quality, as the encoder scales it."""
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "JPEG", quality=quality)
    out.seek(0)
    return sum(JpegImageFile(out).quantization[0])
