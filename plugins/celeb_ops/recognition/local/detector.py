"""Finds faces with YuNet (MIT; Shiqi Yu, OpenCV's model zoo, March 2023): also profiles, caps and close-ups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from celeb_ops.core.geometry import Box, united
from celeb_ops.recognition.local import onnx_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.recognition.pictures import Pixels

DETECTOR = "yunet-2023mar"

_LEAST_SCORE = 0.7
_SAME_IOU = 0.3
"""Detections that share more than this part of their union are one face."""
_SAME_IOS = 0.5
"""Detections of two areas that share this much of the smaller box are one face."""
_STRIDES = (8, 16, 32)
_MAGNIFIED = ((100, 4), (200, 3), (320, 2))
"""Longest side of an area in px, and how many times it is magnified. Measured on 40 judged faces. At 640 px all are
found. At 300 px (magnified twice) and 160 px (three times) all are found too; without magnification 39 and 38."""
_CLOSE_UP_PX = 300
"""Faces larger than this are searched on a copy of 320 px: at full size the detector misses them, or finds parts of
them."""
_COPY_PX = 320
_MARGIN_PX = 12
"""Added around an area: a face at a picture's edge is found only with a little more than the picture."""

_Rows = npt.NDArray[np.float64]


class Found(NamedTuple):
    """A face on a picture."""

    box: Box
    """A square from the brows to the chin, as dlib's landmarks expect it. It may reach past the picture."""
    points: tuple[tuple[float, float], ...]
    """The eyes, the nose's tip, the corners of the mouth; of each pair the one on the picture's left first."""


def find_faces(pixels: Pixels, areas: Sequence[Box] = ()) -> list[Found]:
    """The faces in these areas (none: anywhere), each once; in each area the one with the highest score first."""
    height, width = pixels.shape[:2]
    # Search each small area by itself: united with its neighbours it would not be magnified.
    crops = [(_grown(area, width, height), scale) for area in areas if (scale := _scale(area)) > 1]
    crops += [(area, 1) for area in united(_grown(area, width, height) for area in areas if _scale(area) == 1)]
    if not areas:
        whole = Box(0, 0, width, height)
        crops = [(whole, _scale(whole))]
    found: list[Found] = []
    for area, scale in crops:
        if not area.area:
            continue
        for row in _on(pixels[area.top : area.bottom, area.left : area.right], scale):
            row[[0, 4, 6, 8, 10, 12]] += area.left
            row[[1, 5, 7, 9, 11, 13]] += area.top
            one = _found(row)
            if all(one.box.ios(other.box) < _SAME_IOS for other in found):
                found.append(one)
    return found


def _on(crop: Pixels, scale: int) -> list[_Rows]:
    """The rows of a crop (see :func:`detected`) in its pixels, close-ups first."""
    fine = list(detected(_resized(crop, scale)) / scale)
    copy = _COPY_PX / max(crop.shape[:2])
    if 2 * copy >= scale:
        return fine
    close_ups = [row for row in detected(_resized(crop, copy)) / copy if row[2] * scale > _CLOSE_UP_PX]
    return close_ups + fine


def detected(pixels: Pixels) -> _Rows:
    """Rows of left, top, width, height, five points and score, in px, the highest score first: YuNet's outputs, read as
    OpenCV's ``FaceDetectorYN`` does."""
    height, width = pixels.shape[:2]
    down, across = -(-height // _STRIDES[-1]), -(-width // _STRIDES[-1])
    padded = np.zeros((1, 3, down * _STRIDES[-1], across * _STRIDES[-1]), np.float32)
    padded[0, :, :height, :width] = pixels[..., ::-1].transpose(2, 0, 1)
    outputs = onnx_models.run(onnx_models.FOLDER / onnx_models.YUNET, padded)
    rows = []
    for stride in _STRIDES:
        scores = np.sqrt(outputs[f"cls_{stride}"][0, :, 0].clip(0, 1) * outputs[f"obj_{stride}"][0, :, 0].clip(0, 1))
        sure = np.flatnonzero(scores >= _LEAST_SCORE)
        # Column and row of each cell.
        cells = np.stack(np.divmod(sure, padded.shape[3] // stride)[::-1], axis=1)
        boxes, points = outputs[f"bbox_{stride}"][0][sure], outputs[f"kps_{stride}"][0][sure].reshape(-1, 5, 2)
        sides = np.exp(boxes[:, 2:]) * stride
        corners = (cells + boxes[:, :2]) * stride - sides / 2
        points = ((points + cells[:, None]) * stride).reshape(-1, 10)
        rows.append(np.column_stack([corners, sides, points, scores[sure]]).astype(np.float64))
    found = np.concatenate(rows)
    return _suppressed(found[np.argsort(-found[:, 14], kind="stable")])


def _suppressed(rows: _Rows) -> _Rows:
    """Non-maximum suppression."""
    kept: list[int] = []
    ends, areas = rows[:, :2] + rows[:, 2:4], rows[:, 2] * rows[:, 3]
    for number in range(len(rows)):
        shared = np.minimum(ends[kept], ends[number]) - np.maximum(rows[kept, :2], rows[number, :2])
        both = shared.clip(0).prod(axis=1)
        if (both <= _SAME_IOU * (areas[kept] + areas[number] - both)).all():
            kept.append(number)
    return rows[kept]


def _found(row: _Rows) -> Found:
    left, top, width, height = row[:4]
    # Fitted to 510 faces that dlib's detector finds too: the side is 0.959 of YuNet's, the box a little lower.
    side = 0.959 * math.sqrt(width * height)
    x, y = left + width / 2 + 0.005 * width, top + height / 2 + 0.051 * height
    box = Box(*(round(one) for one in (x - side / 2, y - side / 2, side, side)))
    return Found(box, tuple((float(one), float(other)) for one, other in row[4:14].reshape(5, 2)))


def _resized(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return pixels
    image = Image.fromarray(pixels)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _scale(area: Box) -> int:
    return next((scale for side, scale in _MAGNIFIED if max(area.width, area.height) <= side), 1)


def _grown(area: Box, width: int, height: int) -> Box:
    sides = area.left - _MARGIN_PX, area.top - _MARGIN_PX, area.width + 2 * _MARGIN_PX, area.height + 2 * _MARGIN_PX
    return Box(*sides).clipped(width, height)
