"""Contact sheets: faces of a page side by side on one picture, so that one call asks about many of them.

Stanford's Cable TV News Analyzer packs 10 × 6 faces into each call of Rekognition, which returns 64 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from celeb_ops.core.geometry import Box
from celeb_ops.core.records import GUTTER_PX
from celeb_ops.recognition.detections import SAME_IOS, finding
from celeb_ops.slicing import LONG_SIDE_PX, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from celeb_ops.recognition.detections import Finding
    from celeb_ops.recognition.pictures import Pixels
    from celeb_ops.recognition.recognizer import Face

COLUMNS, ROWS = 10, 6
CELL_PX = LONG_SIDE_PX // COLUMNS
_INNER_PX = CELL_PX - GUTTER_PX
_MARGIN = 0.5
"""Around a face in its cell, of the face's side: dlib's boxes end at brow and chin, and a detector wants the head."""


class Piece(NamedTuple):
    """A face with its surroundings, as large as a cell."""

    pixels: Pixels
    shown: Box
    """What the pixels show, in page px."""
    face: Box
    """In page px."""


@dataclass(frozen=True)
class Sheet:
    """A contact sheet."""

    name: str
    content: bytes
    """A JPEG."""
    places: tuple[tuple[Box, Box], ...]
    """What each cell shows of the page, and the face that it is about."""

    def findings(self, faces: Sequence[Face]) -> list[Finding]:
        """An answer's faces as those that the cells are about; others in a cell are only neighbours."""
        found: list[Finding] = []
        for number, (shown, meant) in enumerate(self.places):
            cell = _cell(number)
            scale = max(shown.width, shown.height) / _INNER_PX
            shares = {
                face: meant.ios(face.box.moved(-cell.left, -cell.top).scaled(scale).moved(shown.left, shown.top))
                for face in faces
                if cell.contains(face.box.centre)
            }
            best = max(shares, key=shares.__getitem__, default=None)
            if best and shares[best] >= SAME_IOS:
                found.append(finding(best, meant, self.name, cut=False))
        return found


def face_piece(pixels: Pixels, found: Finding) -> Piece:
    """The piece of a face that was found on ``pixels``."""
    face, page = found.face.box, found.box
    around = face.grown(_MARGIN).clipped(pixels.shape[1], pixels.shape[0])
    scale = _INNER_PX / max(around.width, around.height)
    size = max(round(around.width * scale), 1), max(round(around.height * scale), 1)
    crop = Image.fromarray(pixels[around.top : around.bottom, around.left : around.right])
    scaled = np.asarray(crop.resize(size, Image.Resampling.LANCZOS))
    return Piece(scaled, around.moved(page.left - face.left, page.top - face.top), page)


def contact_sheets(name: str, pieces: Sequence[Piece]) -> Iterator[Sheet]:
    """Sheets of 10 × 6 cells, a face in each."""
    for start in range(0, len(pieces), COLUMNS * ROWS):
        here = pieces[start : start + COLUMNS * ROWS]
        canvas = np.full((-(-len(here) // COLUMNS) * CELL_PX, min(len(here), COLUMNS) * CELL_PX, 3), 255, np.uint8)
        for number, piece in enumerate(here):
            height, width = piece.pixels.shape[:2]
            left, top, *_ = _cell(number)
            canvas[top : top + height, left : left + width] = piece.pixels
        yield Sheet(f"{name} {start}", encoded(canvas), tuple((piece.shown, piece.face) for piece in here))


def _cell(number: int) -> Box:
    row, column = divmod(number, COLUMNS)
    return Box(column * CELL_PX, row * CELL_PX, CELL_PX, CELL_PX)
