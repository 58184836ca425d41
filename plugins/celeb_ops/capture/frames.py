"""Frames of other hosts (embeds, widgets): brought to rest like the page, and their pictures are its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from celeb_ops.capture import scripts
from celeb_ops.capture.facts import MOST_PICTURES, Facts, Shown
from celeb_ops.core.geometry import Box

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions

_MOST_FRAMES = 20
"""The largest are asked. Each costs four answers of the driver's, some hundredths of a second."""
_REST_AND_TELL = f"""
(function () {{ {scripts.body("hold_still")} }})(true);
return (function () {{ {scripts.body("facts")} }})(...arguments);
"""


def grow(driver: WebDriver, site: CaptureOptions) -> None:
    """Give frames that fill the window the height of what they show."""
    boxes, _ = scripts.run(driver, "frames", _MOST_FRAMES)
    for number, (_, _, width, height) in enumerate(boxes):
        if width * height < site.viewport[0] * site.viewport[1] / 2:
            continue
        whole = scripts.evaluate_in_frame(driver, number, scripts.body("height"))
        if isinstance(whole, int) and whole > height:
            scripts.run(driver, "grow_frame", number, min(whole, site.max_height))


@dataclass(frozen=True)
class Framed:
    """What the frames of other hosts show, where they stand on the page."""

    pictures: list[Shown]
    images_loaded: int
    images_total: int
    left_out: int
    missing: list[str]
    """What is not known of them, for people."""

    def beside(self, page: Facts) -> Facts:
        """The page's facts with these."""
        pictures = [*page.pictures, *self.pictures]
        together = {
            "pictures": pictures[:MOST_PICTURES],
            "images_loaded": page.images_loaded + self.images_loaded,
            "images_total": page.images_total + self.images_total,
            "left_out": page.left_out + self.left_out + max(len(pictures) - MOST_PICTURES, 0),
        }
        return page.model_copy(update=together)


def facts(driver: WebDriver, known: int) -> Framed:
    """The facts of the page's frames, which are brought to rest.

    :param known: pictures of the page itself.
    """
    boxes, number = scripts.run(driver, "frames", _MOST_FRAMES)
    pictures: list[Shown] = []
    loaded, total, left_out, unknown = 0, 0, 0, number - len(boxes)
    for frame, (left, top, width, height) in enumerate(boxes):
        most = max(MOST_PICTURES - known - len(pictures), 0)
        told = scripts.evaluate_in_frame(driver, frame, _REST_AND_TELL, most, False)
        if told is None:
            unknown += 1
            continue
        inside = Facts.model_validate(told)
        for one in inside.pictures:
            if (box := Box(*one.box).clipped(width, height)).area:
                moved = [left + box.left, top + box.top, box.width, box.height]
                pictures.append(one.model_copy(update={"box": moved}))
        loaded, total = loaded + inside.images_loaded, total + inside.images_total
        left_out += inside.left_out
    missing = [f"the facts of {unknown} frame{'s' * (unknown > 1)} of other hosts"] if unknown else []
    return Framed(pictures, loaded, total, left_out, missing)
