"""A screenshot's rows, decoded as they are asked for: memory does not grow with the page's height."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyvips

from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.libvips import opaque, reason
from celeb_ops.core.records import Part, Screenshot, Span

_STEP_PX = 128
"""Rows decoded at a time: more cost memory, fewer cost time."""

Rows = npt.NDArray[np.uint8]


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
        self.width = screenshot.page_width

    def read(self, rows: Span) -> Rows:
        """Rows × width × 3, RGB. A call must start and stop no earlier than the one before it did."""
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
        while (self._part is None or row >= self._part.rows.stop) and (part := next(self._parts, None)):
            self._part = _OpenPart(part, self._read(part.key), self.width)
        if self._part is None or not self._part.rows.start <= row < self._part.rows.stop:
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
        if (image.width, image.height) != (width, part.rows.size):
            raise EmptyPictureError(
                f"{part.key} is {image.width}x{image.height} px, but its sidecar says {width}x{part.rows.size}."
            )
        # Kept: it owns the bytes that the region reads.
        self._image = opaque(image.colourspace("srgb"))
        # One region for all rows: a JPEG is decoded in blocks of eight rows, and a new pipeline can't start in the
        # middle of one.
        self._region = pyvips.Region.new(self._image)

    def decode(self, rows: Span) -> Rows:
        """These page rows, which must follow those of the call before."""
        width = self._image.width
        pixels = np.empty((rows.size, width, 3), np.uint8)
        # In small steps, because libvips keeps as many decoded rows as one step asks for.
        for start in range(rows.start, rows.stop, _STEP_PX):
            stop = min(start + _STEP_PX, rows.stop)
            try:
                memory = self._region.fetch(0, start - self.rows.start, width, stop - start)
            except pyvips.Error as error:
                raise EmptyPictureError(f"{self._key} breaks off or is damaged: {reason(error)}.") from None
            pixels[start - rows.start : stop - rows.start] = np.frombuffer(memory, np.uint8).reshape(-1, width, 3)
        return pixels
