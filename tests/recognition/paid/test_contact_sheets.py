import io

import numpy as np
import pytest
from PIL import Image

from celeb_ops.core.geometry import Box
from celeb_ops.recognition.detections import Detection
from celeb_ops.recognition.paid.contact_sheets import CELL_PX, Cell, cell_of, contact_sheets
from celeb_ops.recognition.recognizer import Face
from celeb_ops.slicing.layout import LONG_SIDE_PX

PIXELS = np.zeros((1_000, 1_440, 3), np.uint8)


def found(box: Box, page: Box) -> Detection:
    return Detection(Face(box), page, "a slice", touches_edge=False)


def cells(number: int) -> list[Cell]:
    return [cell_of(PIXELS, found(Box(100, 100, 50, 50), Box(100 + n, 2_000, 50, 50))) for n in range(number)]


@pytest.mark.parametrize(("faces", "sheets"), [(0, []), (1, [1]), (60, [60]), (61, [60, 1]), (150, [60, 60, 30])])
def test_sheets_hold_60_faces_each(faces: int, sheets: list[int]) -> None:
    made = list(contact_sheets("x", cells(faces)))
    assert [len(sheet.cells) for sheet in made] == sheets
    assert len({sheet.name for sheet in made}) == len(sheets)
    for sheet in made:
        # Within Rekognition's limits.
        assert 80 <= min(size := Image.open(io.BytesIO(sheet.content)).size) <= max(size) <= LONG_SIDE_PX


@pytest.mark.parametrize("size", [20, 60, 400])
def test_a_face_fills_its_cell_whatever_its_size(size: int) -> None:
    cell = cell_of(PIXELS, found(Box(200, 200, size, size), Box(0, 0, size, size)))
    assert max(cell.pixels.shape) == CELL_PX - 16


def test_an_answer_goes_back_to_its_face_on_the_page() -> None:
    (sheet,) = contact_sheets("x", cells(12))
    # The middle half of the cell is the face: there is half its side of margin around.
    quarter = (CELL_PX - 16) // 4
    answer = Face(Box(CELL_PX + quarter, CELL_PX + quarter, 2 * quarter, 2 * quarter), "A")
    neighbour = Face(Box(CELL_PX, CELL_PX, 40, 40), "Neighbour")
    (detection,) = sheet.detections([neighbour, answer])
    assert (detection.box, detection.face.name) == (Box(111, 2_000, 50, 50), "A")
    assert sheet.detections([neighbour]) == []
