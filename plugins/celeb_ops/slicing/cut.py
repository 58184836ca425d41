"""A screenshot in the store → its slices in the store."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyvips

from celeb_ops.core import keys
from celeb_ops.core.exceptions import (
    EmptyPictureError,
    FinalCaptureError,
    NotPermittedError,
    NotStoredError,
    ReasonCode,
)
from celeb_ops.core.records import Plan, Screenshot, Slice, Span, stack_layout
from celeb_ops.slicing.layout import MIN_SIDE_PX, largest, lay_out, useful_areas
from celeb_ops.slicing.row_reader import RowReader, Rows
from celeb_ops.slicing.undeclared_images import joined, unknown_pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.geometry import Box
    from celeb_ops.core.store import Store

MAX_BYTES = 5 * 1024 * 1024
"""Rekognition refuses more bytes in one call."""
_QUALITIES = (95, 90, 85, 80, 70, 60, 50, 40, 30)
_SEARCH_PX = 1_024
"""Rows searched at a time for pictures that the DOM does not know of."""


def cut(screenshot: Screenshot, sidecar_key: str, stem: str, store: Store) -> Plan:
    """Cut a screenshot into slices in the store; the plan (not yet saved) lists them from the top.

    The picture is read twice from its top, a few rows at a time: where to cut is known only when all was seen.

    :raises FinalCaptureError: a part of the screenshot is not there, lacks rows or can't be decoded.
    """
    start = time.monotonic()
    try:
        areas, beyond = largest(areas_of(screenshot, RowReader(screenshot, store.read)))
        layouts, left_out = lay_out(screenshot.page_width, screenshot.captured_height, areas, beyond)
        with contextlib.suppress(NotPermittedError):
            # It lists the earlier slices, which are overwritten now. Not sooner: if the screenshot can't be read, they
            # are all that is left.
            store.delete(keys.plan(stem))
        slices: list[Slice] = []
        reader = RowReader(screenshot, store.read)
        with ThreadPoolExecutor(1, thread_name_prefix="write-slices") as writer:
            # One stack is encoded and written while the next is decoded, and no third is in memory.
            writing: Future[None] = writer.submit(lambda: None)
            for layout in layouts:
                canvas = _stack(reader, layout.bands)
                rows = Span(layout.bands[0].start, layout.bands[-1].stop)
                new = [
                    Slice(key=keys.slice_(stem, rows, columns), bands=list(layout.bands), columns=columns)
                    for columns in layout.columns
                ]
                writing.result()
                writing = writer.submit(_write, store, canvas, new)
                slices += new
            writing.result()
    except NotStoredError as error:
        raise FinalCaptureError(
            f"{error} It was deleted (by CELEBS_KEEP_IMAGES_DAYS, by hand or by make forget), so this page "
            "can't be cut into slices any more; its rows in the dataset stay. For another page in its place (the live "
            "one if the run time is near enough, else an archived one): run it with recapture.",
            ReasonCode.PICTURES_GONE,
        ) from error
    except EmptyPictureError as error:
        # A screenshot whose sidecar is there is used again: clearing the task alone would mend nothing.
        text = f"{error} Delete {store.url(sidecar_key)} and clear the screenshot task: it captures the page again."
        raise FinalCaptureError(text, ReasonCode.EMPTY_PICTURE) from error
    return Plan(
        screenshot=sidecar_key,
        screenshot_digest=screenshot.digest,
        slices=slices,
        areas=areas,
        areas_left_out=len(beyond),
        left_out=left_out,
        seconds=round(time.monotonic() - start, 3),
    )


def _write(store: Store, canvas: Rows, slices: Sequence[Slice]) -> None:
    for one in slices:
        rows = canvas[:, one.columns.start : one.columns.stop]
        # White below and to the right where a page is smaller than the recogniser takes.
        missing = [(0, max(MIN_SIDE_PX - side, 0)) for side in rows.shape[:2]]
        store.write(one.key, encoded(np.pad(rows, (*missing, (0, 0)), constant_values=255)))


def areas_of(screenshot: Screenshot, reader: RowReader) -> list[Box]:
    """The areas that may show a face, in page px: the DOM's pictures of a useful size, and areas elsewhere that look
    like one."""
    width, height = screenshot.page_width, screenshot.captured_height
    known = useful_areas((picture.box for picture in screenshot.pictures), width, height)
    found: list[Box] = []
    for top in range(0, height, _SEARCH_PX):
        rows = reader.read(Span(top, min(top + _SEARCH_PX, height)))
        found += unknown_pictures(rows, top, [box for box in known if box.top < top + len(rows) and box.bottom > top])
    return known + joined(found, width, height)


def _stack(reader: RowReader, bands: Sequence[Span]) -> Rows:
    """The bands' rows one below the other, white between them."""
    if len(bands) == 1:
        return reader.read(bands[0])
    tops, height = stack_layout(bands)
    canvas = np.full((height, reader.width, 3), 255, np.uint8)
    for top, band in zip(tops, bands, strict=True):
        canvas[top : top + band.size] = reader.read(band)
    return canvas


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
