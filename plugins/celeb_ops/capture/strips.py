"""The picture of a page: strips photographed over CDP, each checked, joined as a stream.

One capture of a whole page fails without a word past 65,500 px or about 110 Mpx, hence the strips; a canvas
in memory would take 4 bytes a pixel, hence libvips, which reads, joins and encodes row by row.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyvips

from celeb_ops.exceptions import EmptyPictureError
from celeb_ops.geometry import Box
from celeb_ops.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

STRIP_PX = 8_000
"""Rows of one capture: far below the height and the area at which Chromium's captures turn white."""
PART_PX = 65_500
"""Rows of one JPEG: the format ends at 65,535, Chromium's and libvips' encoders a little earlier."""
_CHECK_ATTEMPTS = 2


@dataclass(frozen=True)
class Strip:
    """A picture file and the page rows it shows."""

    path: Path
    rows: Span


def photograph(driver: WebDriver, width: int, height: int, pictures: Sequence[Box], folder: Path) -> list[Strip]:
    """Photograph the page's first ``height`` rows as lossless strips into ``folder``.

    :param width: page width in px, :param height: rows in px.
    :param pictures: where the DOM shows pictures: a strip with some can't be of one colour.
    :raises EmptyPictureError: a strip was unusable twice.
    """
    strips = []
    for top in range(0, height, STRIP_PX):
        rows = Span(top, min(top + STRIP_PX, height))
        area = Box(0, rows.start, width, rows.stop - rows.start)
        pictured = any(box.intersection(area) >= 64 * 64 for box in pictures)
        path = folder / f"strip-{top:07d}.png"
        for attempt in range(1, _CHECK_ATTEMPTS + 1):
            try:
                path.write_bytes(_shoot(driver, area))
                _check(path, area, pictured)
                break
            except EmptyPictureError as error:
                if attempt == _CHECK_ATTEMPTS:
                    raise EmptyPictureError(
                        f"Rows {rows.start}-{rows.stop} of the page: {error} It was tried {attempt} times."
                    ) from error
        strips.append(Strip(path, rows))
    return strips


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
            image.jpegsave(str(path), Q=quality, optimize_coding=True)
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
            image = image.flatten() if image.hasalpha() else image
            pieces.append(image.crop(0, start - strip.rows.start, image.width, stop - start))
    return pieces[0] if len(pieces) == 1 else pyvips.Image.arrayjoin(pieces, across=1)


def _shoot(driver: WebDriver, area: Box) -> bytes:
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
    except binascii.Error as error:
        raise EmptyPictureError(f"the browser's answer is no picture ({error}).") from None


def _check(path: Path, area: Box, pictured: bool) -> None:
    """A silent nothing is a failure: size, decoding and, where the DOM shows pictures, more than one colour."""
    if not path.stat().st_size:
        raise EmptyPictureError("the browser returned an empty picture.")
    try:
        image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="truncated")
        size = (image.width, image.height)
        spread = image.deviate()
    except pyvips.Error as error:
        raise EmptyPictureError(f"the picture can't be decoded ({str(error).splitlines()[0]}).") from None
    if size != (area.width, area.height):
        raise EmptyPictureError(f"the picture is {size[0]}x{size[1]} px, not {area.width}x{area.height}.")
    if pictured and spread == 0:
        raise EmptyPictureError("the picture has one colour, though the page has pictures there.")
