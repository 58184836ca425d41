"""Frames of other hosts (embeds, widgets): brought to rest like the page, and their pictures are its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from celeb_ops.capture import scripts
from celeb_ops.capture.facts import MOST_PICTURES, Cleared, Facts, Shown
from celeb_ops.core.geometry import Box

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions

_MOST_FRAMES = 20
"""The largest are used. Each costs four calls to the driver, some hundredths of a second."""
_REST_AND_TELL = f"""
(function () {{ {scripts.body("hold_still")} }})(true);
return (function () {{ {scripts.body("facts")} }})(...arguments);
"""


def open_up(driver: WebDriver, site: CaptureOptions) -> Cleared:
    """Clear the walls in frames that fill most of the window, and give these frames the height of their content."""
    cleared = Cleared()
    boxes, _ = scripts.run(driver, "frames", _MOST_FRAMES, True)
    for number, ((_, _, width, height), _) in enumerate(boxes):
        if width * height < site.viewport[0] * site.viewport[1] / 2:
            continue
        if site.consent != "leave":
            inside = scripts.evaluate_in_frame(driver, number, scripts.body("clear_view"), [])
            cleared = Cleared.model_validate(inside or {}).after(cleared)
        whole = scripts.evaluate_in_frame(driver, number, scripts.body("height"))
        if isinstance(whole, int) and whole > height:
            scripts.run(driver, "grow_frame", number, min(whole, site.max_height))
    return cleared


@dataclass(frozen=True)
class Framed:
    """The contents of the frames of other hosts, placed on the page."""

    pictures: list[Shown]
    images_loaded: int
    images_total: int
    left_out: int
    missing: list[str]
    """Text for people: which metadata is missing."""

    def merged_into(self, page: Facts) -> Facts:
        """The page's facts, with those of the frames added."""
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
    boxes, number = scripts.run(driver, "frames", _MOST_FRAMES, False)
    pictures: list[Shown] = []
    loaded, total, left_out, unknown = 0, 0, 0, number - len(boxes)
    for frame, ((left, top, width, height), placement) in enumerate(boxes):
        most = max(MOST_PICTURES - known - len(pictures), 0)
        told = scripts.evaluate_in_frame(driver, frame, _REST_AND_TELL, most, 0, False)
        if told is None:
            unknown += 1
            continue
        inside = Facts.model_validate(told)
        for one in inside.pictures:
            if (box := Box(*one.box).clipped(width, height)).area:
                moved = [left + box.left, top + box.top, box.width, box.height]
                # In a frame of another host nothing is the site's own. But if the frame marks a picture as an advert,
                # it is one.
                whose = "advert" if "advert" in (placement, one.placement) else placement
                pictures.append(one.model_copy(update={"box": moved, "placement": whose}))
        loaded, total = loaded + inside.images_loaded, total + inside.images_total
        left_out += inside.left_out
    missing = [f"metadata of {unknown} frame{'s' * (unknown > 1)} of other hosts"] if unknown else []
    return Framed(pictures, loaded, total, left_out, missing)
