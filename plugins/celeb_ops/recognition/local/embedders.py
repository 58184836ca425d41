"""Faces → embeddings: two faces of one person are nearer to each other (Euclidean) than faces of two people.

``dlib``: D. King's ``dlib_face_recognition_resnet_model_v1`` on chips cut by ``shape_predictor_5_face_landmarks`` (both
public domain; some 3 million photos of 7,485 people, of which some datasets are for research only). The 68-point
landmarks in the same package may not be used commercially: they are never opened.
``faceres``: A. Savchenko's HSE-FaceRes (Apache-2.0; VGGFace2), as ``@vladmandic/human`` (MIT) ships it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import dlib
import numpy as np
import numpy.typing as npt
from PIL import Image

from celeb_ops.recognition.local import onnx_models

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from celeb_ops.core.geometry import Box
    from celeb_ops.recognition.local.detector import Found
    from celeb_ops.recognition.pictures import Pixels

Embedding = npt.NDArray[np.float64]
Embedding32 = npt.NDArray[np.float32]

_FACERES_SIZE, _FACERES_MARGIN = (224, 224), 0.12
_FACERES_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
_ARCFACE_SIZE = (112, 112)
_ARCFACE_POINTS = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""The eyes, the nose's tip and the corners of the mouth on an aligned face (InsightFace's template)."""
_BATCH = 4


def dlib_embeddings(pixels: Pixels, faces: Sequence[Found]) -> Embedding32:
    """Faces × 128: the mean of dlib's own numbers for a face and for its mirror image."""
    shapes = [_shape(pixels, face.box) for face in faces]
    chips = np.asarray([dlib.get_face_chip(pixels, one, size=150, padding=0.25) for one in shapes])
    both = np.concatenate([chips, chips[:, :, ::-1]]).astype(np.float32)
    embeddings: Embedding32 = _run(onnx_models.FOLDER / onnx_models.DLIB, both).reshape(2, len(faces), -1).mean(axis=0)
    return embeddings


def faceres_embeddings(pixels: Pixels, faces: Sequence[Found]) -> Embedding32:
    """Faces × 1,024 of length 1: square roots of the network's numbers, which are positive and of very different sizes.
    Adding the mirror image or other crops did not separate people better (measured), so they are not used."""
    image = Image.fromarray(pixels)
    chips = []
    for face in faces:
        box = face.box.grown(_FACERES_MARGIN).clipped(image.width, image.height)
        part = (box.left, box.top, box.right, box.bottom)
        chips.append(np.asarray(image.resize(_FACERES_SIZE, Image.Resampling.BILINEAR, part)))
    bgr = np.asarray(chips, np.float32)[..., ::-1] - _FACERES_MEAN
    return _of_length_one(np.sqrt(_run(onnx_models.FOLDER / onnx_models.FACERES, bgr)))


def arcface_embeddings(path: Path, pixels: Pixels, faces: Sequence[Found]) -> Embedding32:
    """Faces × numbers of the model, of length 1: faces of 112 × 112 px aligned by five points, RGB from −1 to 1, as
    InsightFace feeds them."""
    image = Image.fromarray(pixels)
    affine, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    chips = [np.asarray(image.transform(_ARCFACE_SIZE, affine, _alignment(face), bilinear)) for face in faces]
    return _of_length_one(_run(path, np.asarray(chips, np.float32).transpose(0, 3, 1, 2) / 127.5 - 1))


def landmarks(pixels: Pixels, box: Box) -> list[tuple[int, int]]:
    """Five points, x and y in px: the corners of one eye, those of the other, the base of the nose."""
    return [(point.x, point.y) for point in _shape(pixels, box).parts()]


def _run(path: Path, chips: Embedding32) -> Embedding32:
    batch = _BATCH if isinstance(onnx_models.session(path).get_inputs()[0].shape[0], str | None) else 1
    parts = [onnx_models.run(path, chips[start : start + batch]) for start in range(0, len(chips), batch)]
    return np.concatenate([next(iter(part.values())) for part in parts])


def _of_length_one(embeddings: Embedding32) -> Embedding32:
    lengths: Embedding32 = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    return embeddings / lengths


def _alignment(face: Found) -> tuple[float, ...]:
    """The similarity transform (Umeyama's, in complex numbers) that takes the template's points nearest to the face's:
    where the pixel x, y of an aligned face is on the picture."""
    wanted = _ARCFACE_POINTS @ [1, 1j]
    points = np.array(face.points) @ [1, 1j]
    turn = np.vdot(wanted - wanted.mean(), points - points.mean()) / np.vdot(*[wanted - wanted.mean()] * 2)
    move = points.mean() - turn * wanted.mean()
    return turn.real, -turn.imag, move.real, turn.imag, turn.real, move.imag


@cache
def _predictor() -> Any:
    model = onnx_models.packaged("face_recognition_models", "models", "shape_predictor_5_face_landmarks.dat")
    return dlib.shape_predictor(str(model))


def _shape(pixels: Pixels, box: Box) -> Any:
    return _predictor()(pixels, dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1))
