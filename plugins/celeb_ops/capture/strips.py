"""The picture of a page: strips photographed over CDP, each checked, joined as a stream.

One capture of a whole page fails without a word past 65,500 px or about 110 Mpx, hence the strips; a canvas
in memory would take 4 bytes a pixel, hence libvips, which reads, joins and encodes row by row.
"""

from __future__ import annotations

import base64
import binascii
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyvips

from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Span
from celeb_ops.core.vips import opaque, reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

logger = logging.getLogger(__name__)

STRIP_PX = 8_000
"""Rows of one capture: far below the height and the area at which Chromium's captures turn white."""
PART_PX = 65_500
"""Rows of one JPEG: the format ends at 65,535, Chromium's and libvips' encoders a little earlier."""
_PICTURE_PX2 = 64 * 64
"""A picture of this area that is whole in a strip must leave a trace in it."""


@dataclass(frozen=True)
class Strip:
    """A picture file and the page rows it shows."""

    path: Path
    rows: Span


def photograph(driver: WebDriver, width: int, height: int, pictures: Sequence[Box], folder: Path) -> list[Strip]:
    """Photograph the page's first ``height`` rows as lossless strips into ``folder``.

    :param width: page width in px, :param height: rows in px.
    :param pictures: where the browser surely shows pictures: a strip with one can't be of one colour.
    :raises EmptyPictureError: a strip was unusable twice.
    """
    areas = [Box(0, top, width, min(STRIP_PX, height - top)) for top in range(0, height, STRIP_PX)]
    shown = {
        area: any(box.area >= _PICTURE_PX2 and box.intersection(area) == box.area for box in pictures) for area in areas
    }
    paths = {area: folder / f"strip-{area.top:07d}.png" for area in areas}
    with ThreadPoolExecutor(1, thread_name_prefix="check-strips") as checker:
        # One strip is decoded and checked while the browser paints the next.
        checks = []
        for area in areas:
            paths[area].write_bytes(_shoot(driver, area))
            checks.append(checker.submit(_trouble, paths[area], area, shown[area]))
        troubles = [check.result() for check in checks]
    for area, trouble in zip(areas, troubles, strict=True):
        if not trouble:
            continue
        logger.warning("Rows %d-%d of the page: %s Trying again.", area.top, area.bottom, trouble)
        paths[area].write_bytes(_shoot(driver, area))
        if again := _trouble(paths[area], area, shown[area]):
            raise EmptyPictureError(f"Rows {area.top}-{area.bottom} of the page, at the second try too: {again}")
    return [Strip(paths[area], Span(area.top, area.bottom)) for area in areas]


def join(strips: Sequence[Strip], folder: Path, format: Literal["jpeg", "png"], quality: int) -> list[Strip]:
    """Join strips into as few files as the format allows; the strips' files are removed.

    Peak memory is a few dozen MB whatever the height (libvips sequential access).
    """
    parts = []
    start = strips[0].rows.start
    stop = strips[-1].rows.stop
    for number, top in enumerate(range(start, stop, PART_PX), start=1):
        rows = Span(top, min(top + PART_PX, stop))
        image = _rows(strips, rows)
        path = folder / f"part-{number}.{format}"
        if format == "jpeg":
            image.jpegsave(str(path), Q=quality)
        else:
            image.pngsave(str(path), compression=6)
        parts.append(Strip(path, rows))
    for strip in strips:
        strip.path.unlink()
    return parts


def _rows(strips: Sequence[Strip], rows: Span) -> pyvips.Image:
    """The page's ``rows`` as a lazy image over the strips that hold them."""
    pieces = []
    for strip in strips:
        start, stop = max(rows.start, strip.rows.start), min(rows.stop, strip.rows.stop)
        if start < stop:
            image = pyvips.Image.new_from_file(str(strip.path), access="sequential")
            pieces.append(opaque(image).crop(0, start - strip.rows.start, image.width, stop - start))
    # Not arrayjoin: it pads every piece to the tallest one's height.
    return functools.reduce(lambda above, below: above.join(below, "vertical"), pieces)


def _shoot(driver: WebDriver, area: Box) -> bytes:
    """PNG bytes, or none where the browser gave none."""
    answer = driver.execute_cdp_cmd(
        "Page.captureScreenshot",
        {
            "format": "png",
            "optimizeForSpeed": True,
            "captureBeyondViewport": True,
            "clip": {"x": area.left, "y": area.top, "width": area.width, "height": area.height, "scale": 1},
        },
    )
    try:
        return base64.b64decode(answer.get("data", ""), validate=True)
    except binascii.Error:
        return b""


def _trouble(path: Path, area: Box, pictured: bool) -> str:
    """What is wrong with a strip, in a sentence; empty for a good one. A silent nothing is a failure."""
    if not path.stat().st_size:
        return "the browser returned an empty picture."
    try:
        image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="truncated")
        size = (image.width, image.height)
        # A row for each band after one for all of them; the lowest value comes first, then the highest.
        bands = image.stats().numpy()[1:]
    except pyvips.Error as error:
        return f"the picture can't be decoded ({reason(error)})."
    if size != (area.width, area.height):
        return f"the picture is {size[0]}x{size[1]} px, not {area.width}x{area.height}."
    if pictured and (bands[:, 0] == bands[:, 1]).all():
        return "the picture has one colour, though the page has pictures there."
    return ""
