"""Contact sheets: the faces of a page side by side on one picture, so that one call names many of them.

Stanford's Cable TV News Analyzer packs 10 × 6 faces into each call of Rekognition, which returns 64 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from celeb_ops.core.geometry import Box
from celeb_ops.core.records import GUTTER_PX
from celeb_ops.recognition.detections import SAME_IOS, Detection, detection
from celeb_ops.slicing.cut import encoded
from celeb_ops.slicing.layout import LONG_SIDE_PX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from celeb_ops.recognition.pictures import Pixels
    from celeb_ops.recognition.recognizer import Face

_COLUMNS, _ROWS = 10, 6
CELL_PX = LONG_SIDE_PX // _COLUMNS
_INNER_PX = CELL_PX - GUTTER_PX
_MARGIN = 0.5
"""Around a face, of its side: dlib's boxes end at brow and chin, and Rekognition needs the whole head."""


class Cell(NamedTuple):
    """A face with its surroundings, as large as a cell."""

    pixels: Pixels
    shown: Box
    """The part of the page that the pixels show, in page px."""
    face: Box
    """In page px."""


@dataclass(frozen=True)
class Sheet:
    """A contact sheet, as a JPEG."""

    name: str
    content: bytes
    cells: tuple[tuple[Box, Box], ...]
    """The part of the page that each cell shows, and its face, in page px."""

    def detections(self, faces: Sequence[Face]) -> list[Detection]:
        """The faces of the sheet's cells, placed on the page; further faces in a cell are neighbours and don't
        count."""
        found: list[Detection] = []
        for number, (shown, meant) in enumerate(self.cells):
            cell = _place(number)
            scale = max(shown.width, shown.height) / _INNER_PX
            shares = {
                face: meant.ios(face.box.moved(-cell.left, -cell.top).scaled(scale).moved(shown.left, shown.top))
                for face in faces
                if cell.contains(face.box.centre)
            }
            best = max(shares, key=shares.__getitem__, default=None)
            if best and shares[best] >= SAME_IOS:
                found.append(detection(best, meant, self.name, touches_edge=False))
        return found


def cell_of(pixels: Pixels, detected: Detection) -> Cell:
    """The cell of a face that was detected on ``pixels``."""
    face, page = detected.face.box, detected.box
    around = face.grown(_MARGIN).clipped(pixels.shape[1], pixels.shape[0])
    scale = _INNER_PX / max(around.width, around.height)
    size = max(round(around.width * scale), 1), max(round(around.height * scale), 1)
    crop = Image.fromarray(pixels[around.top : around.bottom, around.left : around.right])
    scaled = np.asarray(crop.resize(size, Image.Resampling.LANCZOS))
    return Cell(scaled, around.moved(page.left - face.left, page.top - face.top), page)


def contact_sheets(name: str, cells: Sequence[Cell]) -> Iterator[Sheet]:
    """Sheets of 10 × 6 cells."""
    for start in range(0, len(cells), _COLUMNS * _ROWS):
        here = cells[start : start + _COLUMNS * _ROWS]
        canvas = np.full((-(-len(here) // _COLUMNS) * CELL_PX, min(len(here), _COLUMNS) * CELL_PX, 3), 255, np.uint8)
        for number, cell in enumerate(here):
            height, width = cell.pixels.shape[:2]
            left, top, *_ = _place(number)
            canvas[top : top + height, left : left + width] = cell.pixels
        yield Sheet(f"{name} {start}", encoded(canvas), tuple((cell.shown, cell.face) for cell in here))


def _place(number: int) -> Box:
    row, column = divmod(number, _COLUMNS)
    return Box(column * CELL_PX, row * CELL_PX, CELL_PX, CELL_PX)
