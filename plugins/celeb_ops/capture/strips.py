"""From page to picture: take views, each as tall as allowed, and join them into files."""

from __future__ import annotations

import base64
import binascii
import functools
import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyvips

from celeb_ops.capture import scripts
from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.libvips import opaque, reason
from celeb_ops.core.records import Span

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions

logger = logging.getLogger(__name__)

_VIEW_PX2 = 8_000 * 1_440
"""The largest view. Beyond ten times this area Chromium silently paints white."""
PART_PX = 65_500
"""Rows of one JPEG: the format ends at 65,535, Chromium's and libvips' encoders a little earlier."""
_PICTURE_PX2 = 64 * 64
"""A picture this large that lies inside a strip must show in it."""
_PLAIN_PX = 10
"""A PNG with more pixels per byte than this may be of one colour (Chromium packs 57 per byte then)."""
_PNG_END = b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Strip:
    """A picture file and the page rows it shows."""

    path: Path
    rows: Span


@dataclass(frozen=True)
class _Shot:
    """One strip to photograph."""

    strip: Strip
    width: int
    scale: int
    """Picture pixels per CSS px."""
    pictured: bool
    """Whether a picture of the page lies wholly inside the strip."""
    in_view: bool
    """Whether the view shows just these rows."""

    @property
    def area(self) -> Box:
        return Box(0, self.strip.rows.start, self.width, self.strip.rows.size)

    def take(self, driver: WebDriver) -> str:
        """Write the strip. Returns what is wrong with it as a sentence, or an empty string."""
        parameters: dict[str, Any] = {"format": "png", "optimizeForSpeed": True}
        if not self.in_view:
            left, top, width, height = self.area
            clip = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
            parameters |= {"captureBeyondViewport": True, "clip": clip}
        answer = driver.execute_cdp_cmd("Page.captureScreenshot", parameters)
        try:
            png = base64.b64decode(answer.get("data", ""), validate=True)
        except binascii.Error:
            png = b""
        self.strip.path.write_bytes(png)
        return self.problem(png)

    def problem(self, png: bytes) -> str:
        """A sentence that says what is wrong with the PNG; empty if nothing is."""
        if not png:
            return "the browser returned an empty picture."
        try:
            # Read the header only: decoding takes as long as capturing.
            image = pyvips.Image.new_from_buffer(png, "", access="sequential")
            wanted = self.area.scaled(self.scale)
            if not png.endswith(_PNG_END):
                return "the picture can't be decoded (it is truncated)."
            if (image.width, image.height) != (wanted.width, wanted.height):
                return f"the picture is {image.width}x{image.height} px, not {wanted.width}x{wanted.height}."
            if self.pictured and len(png) < 1_000 + wanted.area // _PLAIN_PX:
                # Row 0 is for all bands, then one row per band; columns 0 and 1 are minimum and maximum.
                bands = image.stats().numpy()[1:]
                if (bands[:, 0] == bands[:, 1]).all():
                    return "the picture has one colour, though the page has pictures there."
        except pyvips.Error as error:
            return f"the picture can't be decoded ({reason(error)})."
        return ""


def heighten(driver: WebDriver, site: CaptureOptions, rows: int) -> tuple[int, int]:
    """Make the window as tall as one view may be, if the page's layout stays the same.

    :param rows: wanted page rows, in CSS px.
    :return: the window's width and height from now on, in CSS px.
    """
    width, height = site.viewport
    tall = min(rows, _VIEW_PX2 // (width * site.scale**2))
    if tall <= height or not scripts.run(driver, "layout", False):
        return site.viewport
    resize(driver, site, tall)
    if scripts.run(driver, "layout", True):
        return width, tall
    # In the taller window, elements as tall as the window (100vh) would change.
    resize(driver, site, height)
    return site.viewport


def resize(driver: WebDriver, site: CaptureOptions, height: int) -> None:
    """Make the window this many CSS px tall; the rest is as in the site's entry."""
    metrics = {"width": site.viewport[0], "height": height, "deviceScaleFactor": site.scale, "mobile": site.mobile}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def photograph(
    driver: WebDriver,
    view: tuple[int, int],
    bottom: int,
    pictures_at: Callable[[Span], Sequence[Box]],
    folder: Path,
    top: int = 0,
    scale: int = 1,
) -> list[Strip]:
    """Photograph the page's rows from ``top`` to ``bottom`` as lossless strips into ``folder``.

    :param view: window width and height, in CSS px like all here.
    :param pictures_at: called once the view shows the rows; returns the boxes of pictures there. If a strip that
        contains a picture is of one colour, it is accepted only if the page really looks so there (checked with a
        mark).
    :param scale: pixels of the picture by CSS px.
    :return: strips from the top down, in picture pixels; one may overlap the strip above it.
    :raises EmptyPictureError: a strip was unusable twice.
    """
    strips = []
    for start in range(top, bottom, view[1]):
        wanted = Span(start, min(start + view[1], bottom))
        strip = _strip(driver, view, wanted, pictures_at, folder / f"strip-{start:07d}.png", scale)
        # The last view may show more than is wanted.
        strips.append(Strip(strip.path, Span(strip.rows.start * scale, min(strip.rows.stop, bottom) * scale)))
    return strips


def _strip(
    driver: WebDriver,
    view: tuple[int, int],
    wanted: Span,
    pictures_at: Callable[[Span], Sequence[Box]],
    path: Path,
    scale: int,
) -> Strip:
    """Scroll to rows (CSS px) and photograph the view, twice if needed.

    :raises EmptyPictureError: it is unusable both times.
    """
    for attempt in range(2):
        start, stop, in_view = scripts.run(driver, "go_to", wanted.start, wanted.stop, view[1])
        rows = Span(start, stop)
        area = Box(0, rows.start, view[0], rows.size)
        pictured = any(box.area >= _PICTURE_PX2 and box.intersection(area) == box.area for box in pictures_at(rows))
        shot = _Shot(Strip(path, rows), view[0], scale, pictured, bool(in_view))
        if not (problem := shot.take(driver)):
            return shot.strip
        if not attempt:
            logger.warning("Rows %d-%d of the page: %s Trying again.", rows.start, rows.stop, problem)
    plain = path.read_bytes()
    if not replace(shot, pictured=False).problem(plain):
        # A transparent, covered or plain picture is of one colour too: a mark on the page shows whether the browser
        # paints there at all.
        scripts.run(driver, "mark", rows.start)
        problem = shot.take(driver)
        scripts.run(driver, "mark", -1)
        path.write_bytes(plain)
    if problem:
        raise EmptyPictureError(f"Rows {rows.start}-{rows.stop} of the page failed twice: {problem}")
    return shot.strip


def join(
    strips: Sequence[Strip], folder: Path, format: Literal["jpeg", "png"], quality: int, area: Box | None = None
) -> list[Strip]:
    """Join strips into as few files as the format allows; the strips' files are removed.

    Peak memory is a few dozen MB whatever the height (libvips sequential access).

    :param area: the part to keep; the files' rows count from its top. None: everything.
    """
    parts = []
    start, stop = (area.top, area.bottom) if area else (strips[0].rows.start, strips[-1].rows.stop)
    for number, top in enumerate(range(start, stop, PART_PX), start=1):
        rows = Span(top, min(top + PART_PX, stop))
        image = _rows(strips, rows)
        if area:
            image = image.crop(area.left, 0, area.width, rows.size)
            rows = Span(rows.start - start, rows.stop - start)
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
    pieces, done = [], rows.start
    for strip in strips:
        stop = min(rows.stop, strip.rows.stop)
        if strip.rows.start <= done < stop:
            image = pyvips.Image.new_from_file(str(strip.path), access="sequential")
            pieces.append(opaque(image).crop(0, done - strip.rows.start, image.width, stop - done))
            done = stop
    # arrayjoin frees each piece after use, but makes all as tall as the tallest.
    runs = [list(same) for _, same in itertools.groupby(pieces, lambda piece: piece.height)]
    joined = [pyvips.Image.arrayjoin(run, across=1) for run in runs]
    return functools.reduce(lambda above, below: above.join(below, "vertical"), joined)
