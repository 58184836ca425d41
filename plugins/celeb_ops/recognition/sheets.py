"""Pieces of a page side by side on one picture, so that one call asks about many of them.

Two kinds: what is new on a page whose other pictures are known, and contact sheets of faces (Stanford's Cable TV News
Analyzer packs 10 × 6 faces for each call of Rekognition, which tells 64 at most).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from celeb_ops.geometry import Box
from celeb_ops.recognition.findings import finding
from celeb_ops.records import GUTTER_PX
from celeb_ops.slicing import LONG_SIDE_PX, MIN_SIDE_PX, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from celeb_ops.recognition import Face
    from celeb_ops.recognition.findings import Finding
    from celeb_ops.recognition.pictures import Pixels

COLUMNS, ROWS = 10, 6
CELL_PX = LONG_SIDE_PX // COLUMNS
_INNER_PX = CELL_PX - GUTTER_PX
FACE_MARGIN = 0.5
"""Around a face in its cell, of the face's side: dlib's boxes end at brow and chin, and a detector wants the head."""
MOST_FACES = 1_000
"""Faces of a page after which no more are looked for, or asked about: each takes 62 ms to compare, so these take a
minute, and a wall of a hundred thousand would take hours."""
_SAME_IOS = 0.5
"""An answer that shares so much of the smaller box with the face of its cell is about that face."""


@dataclass(frozen=True)
class Piece:
    """Pixels of the page."""

    pixels: Pixels
    page: Box
    """Where they are on the page; not of the pixels' size where they were scaled."""
    face: Box | None = None
    """The face that the piece is about, in page px; None: whoever is on it."""


@dataclass(frozen=True)
class Cell:
    """A piece's place on a sheet."""

    page: Box
    at: Box
    face: Box | None

    def on_page(self, box: Box) -> Box:
        """A box on the sheet, on the page; of one that reaches over the piece's edge, the part inside."""
        scale = self.page.width / self.at.width
        moved = box.moved(-self.at.left, -self.at.top).clipped(self.at.width, self.at.height)
        return Box(
            self.page.left + round(moved.left * scale),
            self.page.top + round(moved.top * scale),
            round(moved.width * scale),
            round(moved.height * scale),
        )

    def cuts(self, box: Box) -> bool:
        return (
            box.left <= self.at.left
            or box.top <= self.at.top
            or box.right >= self.at.right
            or box.bottom >= self.at.bottom
        )


@dataclass(frozen=True)
class SheetView:
    """What a sheet shows of the page, without its pixels: all sheets of a tall page wait together to be asked about."""

    key: str
    cells: tuple[Cell, ...]

    def findings(self, faces: Sequence[Face]) -> list[Finding]:
        """Each face where its cell's piece is on the page; of a cell about one face, that one alone."""
        found: list[Finding] = []
        for cell in self.cells:
            inside = [face for face in faces if cell.at.contains(face.box.centre)]
            if cell.face is None:
                found += [finding(one, cell.on_page(one.box), self.key, cell.cuts(one.box)) for one in inside]
                continue
            meant = cell.face
            best = max(inside, key=lambda face: meant.ios(cell.on_page(face.box)), default=None)
            if best and meant.ios(cell.on_page(best.box)) >= _SAME_IOS:
                found.append(finding(best, meant, self.key, cut=False))
        return found


@dataclass
class Sheet:
    """Pieces side by side on white."""

    key: str
    placed: list[tuple[Piece, Box]] = field(default_factory=list)

    @property
    def view(self) -> SheetView:
        return SheetView(self.key, tuple(Cell(piece.page, at, piece.face) for piece, at in self.placed))

    def picture(self) -> bytes:
        """The sheet as a JPEG, no larger than its pieces need."""
        width = max([MIN_SIDE_PX, *(at.right for _, at in self.placed)])
        height = max([MIN_SIDE_PX, *(at.bottom for _, at in self.placed)])
        canvas = np.full((height, width, 3), 255, np.uint8)
        for piece, at in self.placed:
            canvas[at.top : at.bottom, at.left : at.right] = piece.pixels
        return encoded(canvas)


class Shelves:
    """Puts pieces onto sheets as they come, in rows from the top, and hands out each sheet that is full."""

    def __init__(self, name: str) -> None:
        """:param name: what the sheets' keys begin with."""
        self._name = name
        self._made = 0
        self._open = self._new()

    def add(self, pieces: Iterable[Piece]) -> Iterator[Sheet]:
        """Put pieces of at most 1,920 px a side on; the sheets that this filled."""
        # The highest first: a row is as high as its first piece.
        for piece in sorted(pieces, key=lambda piece: -piece.pixels.shape[0]):
            if not self._placed(piece):
                yield self._open
                self._open = self._new()
                self._placed(piece)

    def rest(self) -> Iterator[Sheet]:
        """The sheet that is not full; none where nothing is on it."""
        if self._open.placed:
            yield self._open

    def _new(self) -> Sheet:
        self._made += 1
        self._left = self._top = self._bottom = 0
        return Sheet(f"{self._name} {self._made}")

    def _placed(self, piece: Piece) -> bool:
        height, width = piece.pixels.shape[:2]
        left, top = self._left, self._top
        if left + width > LONG_SIDE_PX:
            left, top = 0, self._bottom
        if top + height > LONG_SIDE_PX:
            return False
        self._open.placed.append((piece, Box(left, top, width, height)))
        self._left, self._top = left + width + GUTTER_PX, top
        self._bottom = max(self._bottom, top + height + GUTTER_PX)
        return True


def contact_sheets(name: str, pieces: Sequence[Piece]) -> Iterator[Sheet]:
    """Sheets of 10 × 6 cells, a face in each.

    :param pieces: as :func:`face_piece` makes them.
    """
    for number, start in enumerate(range(0, len(pieces), COLUMNS * ROWS), start=1):
        here = pieces[start : start + COLUMNS * ROWS]
        yield Sheet(f"{name} {number}", [(piece, _cell(index, piece)) for index, piece in enumerate(here)])


def _cell(index: int, piece: Piece) -> Box:
    height, width = piece.pixels.shape[:2]
    return Box(index % COLUMNS * CELL_PX, index // COLUMNS * CELL_PX, width, height)


def face_piece(pixels: Pixels, box: Box, page: Box) -> Piece:
    """A face with its surroundings, as large as a cell.

    :param box: of the face in ``pixels``. :param page: of the face, in page px.
    """
    height, width = pixels.shape[:2]
    around = box.grown(FACE_MARGIN).clipped(width, height)
    scale = _INNER_PX / max(around.width, around.height)
    crop = Image.fromarray(pixels[around.top : around.bottom, around.left : around.right])
    size = (max(round(around.width * scale), 1), max(round(around.height * scale), 1))
    scaled = np.asarray(crop.resize(size, Image.Resampling.LANCZOS))
    return Piece(scaled, around.moved(page.left - box.left, page.top - box.top), face=page)
