"""The page's picture: a strip for each view down the page, each of them checked, joined as a stream.

The view moves down the page, and what is in it is taken: as a visitor sees it. A capture beyond the view leaves out
what Chromium paints in view alone (frames of other hosts), changes the viewport for a moment (pictures are chosen again
by their media queries), and fails without a word past 65,500 px or about 110 Mpx. It is no faster.
A canvas in memory would take 4 bytes a pixel, hence libvips, which reads, joins and encodes row by row.
"""

from __future__ import annotations

import base64
import binascii
import functools
import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pyvips

from celeb_ops.capture import scripts
from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.libvips import opaque, reason
from celeb_ops.core.records import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

logger = logging.getLogger(__name__)

STRIP_PX = 8_000
"""Rows that the view moves down at a time, at the most."""
PART_PX = 65_500
"""Rows of one JPEG: the format ends at 65,535, Chromium's and libvips' encoders a little earlier."""
_PICTURE_PX2 = 64 * 64
"""A picture of this area that is whole in a strip must leave a trace in it."""


@dataclass(frozen=True)
class Strip:
    """A picture file and the page rows it shows."""

    path: Path
    rows: Span


@dataclass(frozen=True)
class _Shot:
    """One capture."""

    strip: Strip
    width: int
    pictured: bool
    """The browser has a picture that is whole in it."""
    in_view: bool
    """The view shows just these rows."""

    @property
    def area(self) -> Box:
        return Box(0, self.strip.rows.start, self.width, self.strip.rows.size)

    def take(self, driver: WebDriver) -> None:
        """Write the strip, an empty file where the browser gave no picture."""
        parameters: dict[str, Any] = {"format": "png", "optimizeForSpeed": True}
        if not self.in_view:
            left, top, width, height = self.area
            clip = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
            parameters |= {"captureBeyondViewport": True, "clip": clip}
        answer = driver.execute_cdp_cmd("Page.captureScreenshot", parameters)
        try:
            self.strip.path.write_bytes(base64.b64decode(answer.get("data", ""), validate=True))
        except binascii.Error:
            self.strip.path.write_bytes(b"")

    def trouble(self) -> str:
        """What is wrong with it, in a sentence; empty for a good one. A silent nothing is a failure."""
        path = self.strip.path
        if not path.stat().st_size:
            return "the browser returned an empty picture."
        try:
            image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="truncated", revalidate=True)
            size = (image.width, image.height)
            # A row for each band after one for all of them; the lowest value comes first, then the highest.
            bands = image.stats().numpy()[1:]
        except pyvips.Error as error:
            return f"the picture can't be decoded ({reason(error)})."
        if size != (self.area.width, self.area.height):
            return f"the picture is {size[0]}x{size[1]} px, not {self.area.width}x{self.area.height}."
        if self.pictured and (bands[:, 0] == bands[:, 1]).all():
            return "the picture has one colour, though the page has pictures there."
        return ""


def photograph(
    driver: WebDriver, view: tuple[int, int], height: int, pictures_at: Callable[[Span], Sequence[Box]], folder: Path
) -> list[Strip]:
    """Photograph the page's first ``height`` rows as lossless strips into ``folder``.

    :param view: width and height of the window in px.
    :param height: rows in px.
    :param pictures_at: called when the view shows these rows: where the browser has pictures. A strip with one is of
        one colour only where that is right.
    :return: from the top down; one may begin with rows that the one above it ends with.
    :raises EmptyPictureError: a strip was unusable twice.
    """
    step = min(view[1], STRIP_PX)
    shots = []
    with ThreadPoolExecutor(1, thread_name_prefix="check-strips") as checker:
        # One strip is decoded and checked while the browser paints the next.
        checks = []
        for top in range(0, height, step):
            start, stop, in_view = scripts.run(driver, "go_to", top, min(top + step, height), view[1])
            rows = Span(start, stop)
            area = Box(0, rows.start, view[0], rows.size)
            pictured = any(box.area >= _PICTURE_PX2 and box.intersection(area) == box.area for box in pictures_at(rows))
            shot = _Shot(Strip(folder / f"strip-{top:07d}.png", rows), view[0], pictured, bool(in_view))
            shot.take(driver)
            shots.append(shot)
            checks.append(checker.submit(shot.trouble))
        troubles = [check.result() for check in checks]
    for shot, trouble in zip(shots, troubles, strict=True):
        if trouble:
            _shoot_again(driver, shot, trouble, view[1])
    # The last view may show more than is wanted.
    return [Strip(one.path, Span(one.rows.start, min(one.rows.stop, height))) for one in (shot.strip for shot in shots)]


def _shoot_again(driver: WebDriver, shot: _Shot, trouble: str, view_px: int) -> None:
    """Take a strip a second time.

    :raises EmptyPictureError: it is as bad as before.
    """
    rows, path = shot.strip.rows, shot.strip.path
    logger.warning("Rows %d-%d of the page: %s Trying again.", rows.start, rows.stop, trouble)
    scripts.run(driver, "go_to", rows.start, rows.stop, view_px)
    shot.take(driver)
    again = shot.trouble()
    if again and not replace(shot, pictured=False).trouble():
        # A transparent, covered or plain picture is of one colour too: a mark on the page shows whether the browser
        # paints there at all.
        plain = path.read_bytes()
        scripts.run(driver, "mark", rows.start)
        shot.take(driver)
        again = shot.trouble()
        scripts.run(driver, "mark", -1)
        path.write_bytes(plain)
    if again:
        raise EmptyPictureError(f"Rows {rows.start}-{rows.stop} of the page, at the second try too: {again}")


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
    pieces, done = [], rows.start
    for strip in strips:
        stop = min(rows.stop, strip.rows.stop)
        if strip.rows.start <= done < stop:
            image = pyvips.Image.new_from_file(str(strip.path), access="sequential")
            pieces.append(opaque(image).crop(0, done - strip.rows.start, image.width, stop - done))
            done = stop
    # arrayjoin lets go of a piece when it is done with it, but makes all as tall as the tallest one.
    runs = [list(same) for _, same in itertools.groupby(pieces, lambda piece: piece.height)]
    joined = [pyvips.Image.arrayjoin(run, across=1) for run in runs]
    return functools.reduce(lambda above, below: above.join(below, "vertical"), joined)
