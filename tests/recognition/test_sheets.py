from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from celeb_ops.geometry import Box
from celeb_ops.recognition import Face
from celeb_ops.recognition.sheets import CELL_PX, COLUMNS, ROWS, Piece, Shelves, contact_sheets, face_piece
from celeb_ops.slicing import LONG_SIDE_PX

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.recognition.local import LocalRecognizer


def a_piece(width: int, height: int, left: int = 0, top: int = 0) -> Piece:
    return Piece(np.zeros((height, width, 3), np.uint8), Box(left, top, width, height))


class TestShelves:
    sizes = st.lists(st.tuples(st.integers(40, LONG_SIDE_PX), st.integers(40, LONG_SIDE_PX)), min_size=1, max_size=12)

    @given(sizes)
    def test_every_piece_is_whole_on_one_sheet_and_alone_in_its_place(self, sizes: list[tuple[int, int]]) -> None:
        shelves = Shelves("x")
        sheets = [*shelves.add(a_piece(*size) for size in sizes), *shelves.rest()]
        cells = [cell for sheet in sheets for cell in sheet.view.cells]
        assert sorted((cell.at.width, cell.at.height) for cell in cells) == sorted(sizes)
        assert all(cell.at.right <= LONG_SIDE_PX and cell.at.bottom <= LONG_SIDE_PX for cell in cells)
        assert len({sheet.key for sheet in sheets}) == len(sheets)
        for sheet in sheets:
            for number, cell in enumerate(sheet.view.cells):
                assert not any(cell.at.intersection(other.at) for other in sheet.view.cells[:number])

    def test_pieces_share_a_sheet(self) -> None:
        shelves = Shelves("x")
        sheets = [*shelves.add(a_piece(600, 400) for _ in range(12)), *shelves.rest()]
        assert [len(sheet.view.cells) for sheet in sheets] == [12]

    def test_nothing_is_no_sheet(self) -> None:
        shelves = Shelves("x")
        assert [*shelves.add([]), *shelves.rest()] == []

    def test_a_sheet_is_no_larger_than_needed_and_never_too_small(self) -> None:
        shelves = Shelves("x")
        assert not list(shelves.add([a_piece(300, 50)]))
        (sheet,) = shelves.rest()
        assert Image.open(io.BytesIO(sheet.picture())).size == (300, 80)


def test_what_is_kept_of_sheets_until_they_are_asked_about_is_no_pixel() -> None:
    shelves = Shelves("x")
    waiting = []
    tracemalloc.start()
    for _ in range(10):
        waiting += [(sheet.view, sheet.picture()) for sheet in shelves.add([a_piece(1_900, 1_900)])]
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(waiting) == 9
    # The one that is open, 11 MB, and JPEGs.
    assert kept < 20_000_000


class TestFindings:
    def test_a_face_is_where_its_piece_is_on_the_page(self) -> None:
        shelves = Shelves("x")
        assert not list(shelves.add([a_piece(300, 200, 700, 5_000), a_piece(300, 180, 20, 9_000)]))
        (sheet,) = shelves.rest()
        second = sheet.view.cells[1].at
        found = sheet.view.findings([Face(Box(second.left + 10, second.top + 20, 60, 60), "A")])
        assert [(one.box, one.face.name, one.cut) for one in found] == [(Box(30, 9_020, 60, 60), "A", False)]

    def test_one_at_the_edge_of_its_piece_is_cut(self) -> None:
        shelves = Shelves("x")
        assert not list(shelves.add([a_piece(300, 200)]))
        (sheet,) = shelves.rest()
        assert [one.cut for one in sheet.view.findings([Face(Box(0, 50, 60, 60)), Face(Box(100, 50, 60, 60))])] == [
            True,
            False,
        ]

    def test_of_one_over_the_edge_the_part_on_the_piece_is_told(self) -> None:
        shelves = Shelves("x")
        assert not list(shelves.add([a_piece(300, 200, 0, 5_000)]))
        (sheet,) = shelves.rest()
        assert [one.box for one in sheet.view.findings([Face(Box(-9, 160, 60, 60))])] == [Box(0, 5_160, 51, 40)]

    def test_one_between_the_pieces_is_none(self) -> None:
        shelves = Shelves("x")
        assert not list(shelves.add([a_piece(300, 200), a_piece(300, 100)]))
        (sheet,) = shelves.rest()
        assert sheet.view.findings([Face(Box(400, 160, 40, 40))]) == []


class TestContactSheets:
    def pieces(self, number: int) -> list[Piece]:
        page = np.zeros((1_000, 1_440, 3), np.uint8)
        return [face_piece(page, Box(100, 100, 50, 50), Box(100 + n, 2_000, 50, 50)) for n in range(number)]

    @pytest.mark.parametrize(("faces", "sheets"), [(0, []), (1, [1]), (60, [60]), (61, [60, 1]), (150, [60, 60, 30])])
    def test_hold_60_faces_each(self, faces: int, sheets: list[int]) -> None:
        made = list(contact_sheets("x", self.pieces(faces)))
        assert [len(sheet.view.cells) for sheet in made] == sheets
        assert COLUMNS * ROWS == 60
        for sheet in made:
            assert max(Image.open(io.BytesIO(sheet.picture())).size) <= LONG_SIDE_PX

    def test_a_face_fills_its_cell_whatever_its_size(self) -> None:
        page = np.zeros((1_000, 1_440, 3), np.uint8)
        sides = [
            max(face_piece(page, Box(200, 200, size, size), Box(0, 0, size, size)).pixels.shape)
            for size in (20, 60, 400)
        ]
        assert sides == [CELL_PX - 16] * 3

    def test_an_answer_goes_back_to_its_face_on_the_page(self) -> None:
        (sheet,) = contact_sheets("x", self.pieces(12))
        at = sheet.view.cells[11].at
        # The middle half of the cell is the face: there is half its side of margin around.
        answer = Face(Box(at.left + at.width // 4, at.top + at.height // 4, at.width // 2, at.height // 2), "A")
        (found,) = sheet.view.findings([answer])
        assert (found.box, found.face.name) == (Box(111, 2_000, 50, 50), "A")

    def test_of_several_answers_in_a_cell_the_one_about_its_face_counts(self) -> None:
        (sheet,) = contact_sheets("x", self.pieces(1))
        at = sheet.view.cells[0].at
        neighbour = Face(Box(0, 0, 40, 40), "Neighbour")
        meant = Face(Box(at.width // 4, at.height // 4, at.width // 2, at.height // 2), "A")
        assert [one.face.name for one in sheet.view.findings([neighbour, meant])] == ["A"]
        assert sheet.view.findings([neighbour]) == []

    def test_real_faces_are_known_on_them(self, recognizer: LocalRecognizer, pictures: Path) -> None:
        pieces = []
        for name in ("hopper-small", "collins-small", "hopper"):
            with Image.open(pictures / f"{name}.jpeg") as image:
                pixels = np.asarray(image.convert("RGB"))
            (face,) = recognizer.recognize((pictures / f"{name}.jpeg").read_bytes())
            pieces.append(face_piece(pixels, face.box, face.box.moved(0, 3_000)))
        (sheet,) = contact_sheets("x", pieces)
        found = sheet.view.findings(recognizer.recognize(sheet.picture()))
        assert [one.face.name for one in found] == ["Grace Hopper", "Eileen Collins", "Grace Hopper"]
        assert [one.box for one in found] == [piece.face for piece in pieces]
