"""Picture and facts → slices that a face recogniser can read well.

Slices cover every row of the page, overlap so that a face cut by one is whole in the next, and stay within
Rekognition's limits. The picture is read once, from the top, a band of rows at a time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyvips

from celeb_ops import keys
from celeb_ops.exceptions import EmptyPictureError, NotStoredError
from celeb_ops.records import Part, Plan, Screenshot, Slice, Span
from celeb_ops.vips import opaque, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celeb_ops.store import Store

LONG_SIDE_PX = 1_920
"""Rekognition finds faces of 40 px and up on a picture of this long side, and only larger ones on a larger one."""
OVERLAP_PX = 400
"""The largest face that is whole in at least one of two neighbouring slices."""
MIN_SIDE_PX = 80
"""Rekognition refuses a picture that is smaller on either side."""
MAX_BYTES = 5 * 1024 * 1024
"""Rekognition refuses more bytes in one call."""
_STEP_PX = 128
"""Rows decoded at a time: more cost memory, fewer cost time."""
_QUALITIES = (95, 90, 85, 80, 70, 60, 50, 40, 30)

Rows = npt.NDArray[np.uint8]


def spans(length: int, size: int = LONG_SIDE_PX, overlap: int = OVERLAP_PX) -> list[Span]:
    """Half-open spans of at most ``size`` that cover ``[0, length)`` and overlap by ``overlap``.

    The last one is shifted back to full size, so none is a sliver (the way of SAHI's slicing).
    """
    if length <= size:
        return [Span(0, length)]
    starts = [*range(0, length - size, size - overlap), length - size]
    return [Span(start, start + size) for start in starts]


def cut(screenshot: Screenshot, sidecar_key: str, stem: str, store: Store) -> Plan:
    """Cut a screenshot into slices in the store; the plan (not yet saved) lists them from the top.

    :raises EmptyPictureError: a part of the screenshot is not there, lacks rows or can't be decoded.
    """
    start = time.monotonic()
    slices: list[Slice] = []
    columns = spans(screenshot.page_width)
    reader = RowReader(screenshot, store.read)
    for rows in spans(screenshot.captured_height):
        try:
            band = reader.read(rows)
        except (EmptyPictureError, NotStoredError) as error:
            # A screenshot whose sidecar is there is used again: clearing the task alone would mend nothing.
            raise EmptyPictureError(
                f"{error} Delete {store.url(sidecar_key)} and clear the screenshot task: it captures the page anew."
            ) from error
        for span in columns:
            key = keys.slice_(stem, rows, span)
            store.write(key, encoded(_padded(band[:, span.start : span.stop])))
            slices.append(Slice(key=key, rows=rows, columns=span))
    return Plan(screenshot=sidecar_key, slices=slices, seconds=round(time.monotonic() - start, 3))


class RowReader:
    """The rows of a screenshot across its parts, read from the top to the bottom.

    Holds one band in memory (rows that the next band starts with are kept), never the picture.
    """

    def __init__(self, screenshot: Screenshot, read: Callable[[str], bytes]) -> None:
        self._parts = iter(screenshot.parts)
        self._read = read
        self._band: Rows = np.empty((0, screenshot.page_width, 3), np.uint8)
        self._top = 0
        self._part: _OpenPart | None = None
        self._width = screenshot.page_width

    def read(self, rows: Span) -> Rows:
        """Rows × width × 3, RGB. A call may start no earlier than the one before it did."""
        if rows.start < self._top:
            raise ValueError(f"rows {rows} were passed already, the band starts at {self._top}")
        self._band = self._band[rows.start - self._top :]
        self._top = rows.start
        pieces: list[Rows] = [self._band]
        at = self._top + len(self._band)
        while at < rows.stop:
            part = self._part_at(at)
            stop = min(rows.stop, part.rows.stop)
            pieces.append(part.decode(Span(at, stop)))
            at = stop
        self._band = np.concatenate(pieces) if len(pieces) > 1 else self._band
        return self._band

    def _part_at(self, row: int) -> _OpenPart:
        while self._part is None or row >= self._part.rows.stop:
            part = next(self._parts, None)
            if part is None:
                raise EmptyPictureError(f"No part of the screenshot shows row {row}.")
            self._part = _OpenPart(part, self._read(part.key), self._width)
        if row < self._part.rows.start:
            raise EmptyPictureError(f"No part of the screenshot shows row {row}.")
        return self._part


class _OpenPart:
    """One picture file of a screenshot, decoded as its rows are asked for."""

    def __init__(self, part: Part, content: bytes, width: int) -> None:
        self.rows = part.rows
        self._key = part.key
        try:
            image = pyvips.Image.new_from_buffer(content, "", access="sequential", fail_on="error")
        except pyvips.Error as error:
            raise EmptyPictureError(f"{part.key} is no picture that can be decoded: {reason(error)}.") from None
        height = part.rows.stop - part.rows.start
        if (image.width, image.height) != (width, height):
            raise EmptyPictureError(
                f"{part.key} is {image.width}x{image.height} px, but its sidecar says {width}x{height}."
            )
        # Kept, because it owns the bytes that the region reads.
        self._image = opaque(image.colourspace("srgb"))
        # One region for all rows: a new pipeline for each band can't go on in the middle of the JPEG blocks of
        # eight rows at which the last one stopped, and parts begin and end anywhere.
        self._region = pyvips.Region.new(self._image)

    def decode(self, rows: Span) -> Rows:
        """These page rows, which must follow those of the call before."""
        width = self._image.width
        pixels = np.empty((rows.stop - rows.start, width, 3), np.uint8)
        # In small steps, because libvips keeps as many decoded rows as one step asks for.
        for start in range(rows.start, rows.stop, _STEP_PX):
            stop = min(start + _STEP_PX, rows.stop)
            try:
                memory = self._region.fetch(0, start - self.rows.start, width, stop - start)
            except pyvips.Error as error:
                raise EmptyPictureError(f"{self._key} breaks off or is damaged: {reason(error)}.") from None
            pixels[start - rows.start : stop - rows.start] = np.frombuffer(memory, np.uint8).reshape(-1, width, 3)
        return pixels


def encoded(rows: Rows, qualities: Sequence[int] = _QUALITIES) -> bytes:
    """A JPEG of at most 5 MB at the highest quality that fits."""
    height, width, bands = rows.shape
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(rows).tobytes(), width, height, bands, "uchar")
    data = b""
    for quality in qualities:
        data = bytes(image.jpegsave_buffer(Q=quality))
        if len(data) <= MAX_BYTES:
            break
    return data


def _padded(rows: Rows) -> Rows:
    """Rows with white below and to the right where a page is smaller than the recogniser takes."""
    lack = [max(MIN_SIDE_PX - side, 0) for side in rows.shape[:2]]
    if not any(lack):
        return rows
    return np.pad(rows, ((0, lack[0]), (0, lack[1]), (0, 0)), constant_values=255)
