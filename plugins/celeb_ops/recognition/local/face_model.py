"""The local recogniser's model: detector, embeddings, and the thresholds of their distances."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.core.exceptions import RecognitionError, SettingsError
from celeb_ops.core.geometry import Box
from celeb_ops.recognition.local import onnx_models
from celeb_ops.recognition.local.detector import DETECTOR, Found, find_faces
from celeb_ops.recognition.local.embedders import arcface_embeddings, dlib_embeddings, faceres_embeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celeb_ops.core.settings import Settings
    from celeb_ops.recognition.local.embedders import Embedding32
    from celeb_ops.recognition.pictures import Pixels

STRANGERS_NAMED = 0.005
"""The share of strangers that may get a name by their face alone."""
SUREST = 99.0
"""Of 1,513 names with 95 and more, 99.4 % (98.9–99.7) were right (``faces-wild``, Nov 2026)."""


@dataclass(frozen=True)
class Sure:
    """How probable it is that a name is right: a logistic curve over how far the score is within the strict one."""

    at_strict: float
    slope: float

    def at(self, inside: float) -> float:
        return round(min(SUREST, 100 / (1 + math.exp(-(self.at_strict + self.slope * inside)))), 1)


@dataclass(frozen=True)
class Embedder:
    """A network that makes ``size`` numbers of each face."""

    name: str
    size: int
    embed: Callable[[Pixels, Sequence[Found]], Embedding32]
    weight: float = 1.0
    """Factor of its numbers beside those of another network."""


@dataclass(frozen=True)
class FaceModel:
    """Detector, embedders and thresholds. Embeddings of different models can't be compared."""

    embedders: tuple[Embedder, ...]
    """Their numbers are concatenated, so that the squares of their distances add up."""
    spread: float
    """By how much, squared, the mean of very many of somebody's photos is nearer to strangers than one photo is."""
    strict: tuple[tuple[int, float], ...]
    """People known, and the score within which 0.5 % of strangers come."""
    candidate: float
    """The greatest distance at which the page's words may confirm a name: one stranger in a thousand comes as near to
    one person, and the words may name somebody who looks like the face, such as a relative."""
    margin: float
    """The next person must be at least this much further away: a person who is there twice is not named."""
    alike: float
    """The distance within which two photos of a gallery show one person."""
    same_photo: float
    """The distance within which they are one photo, cropped or encoded again."""
    sure: Sure
    """Of a name by the face alone."""
    sure_with_words: Sure
    """Of one that the page's words have too."""

    @property
    def name(self) -> str:
        return "+".join(one.name for one in self.embedders)

    @property
    def version(self) -> str:
        return f"{DETECTOR}+{self.name}"

    @property
    def size(self) -> int:
        return sum(one.size for one in self.embedders)

    def open(self) -> None:
        """Read its files, once for all threads. RecognitionError: one is missing."""
        blank = np.zeros((64, 64, 3), np.uint8)
        self.find(blank)
        self.embed(blank, [Found(Box(0, 0, 64, 64), ((20, 25), (44, 25), (32, 38), (22, 50), (42, 50)))])

    def find(self, pixels: Pixels, areas: Sequence[Box] = ()) -> list[Found]:
        return find_faces(pixels, areas)

    def embed(self, pixels: Pixels, faces: Sequence[Found]) -> Embedding32:
        """Faces × :attr:`size`."""
        if not faces:
            return np.empty((0, self.size), np.float32)
        return np.concatenate([one.weight * one.embed(pixels, faces) for one in self.embedders], axis=1)

    def strict_at(self, people: int) -> float:
        """The score within which a face alone gets a name."""
        known, scores = zip(*self.strict, strict=True)
        return float(np.interp(math.log(max(people, 1)), np.log(known), scores))


_DLIB = Embedder("dlib-resnet-v1", 128, dlib_embeddings)
_FACERES = Embedder("faceres", 1_024, faceres_embeddings, weight=0.5 / 0.6)

# Measured in November 2026 on half of `faces-wild` (docs/gallery.md; Labeled Faces in the Wild: 135 people and 501
# strangers, each stranger compared with up to 600 others), the half that benchmarks.faces.labelled gives for fitting.
# Scores are counted up to 600 people; that of 10,000 is an extrapolation along the logarithm of their number.
DLIB = FaceModel(
    (_DLIB,),
    spread=0.04,
    strict=((1, 0.574), (2, 0.446), (10, 0.438), (30, 0.426), (100, 0.413), (300, 0.404), (600, 0.402), (10_000, 0.38)),
    candidate=0.55,
    margin=0.03,
    alike=0.54,
    same_photo=0.16,
    sure=Sure(2.33, 46.9),
    sure_with_words=Sure(8.04, 61.4),
)
BOTH = FaceModel(
    (_DLIB, _FACERES),
    spread=0.1,
    strict=((1, 0.878), (2, 0.752), (10, 0.741), (30, 0.73), (100, 0.716), (300, 0.699), (600, 0.696), (10_000, 0.66)),
    candidate=0.846,
    margin=0.03,
    alike=0.83,
    same_photo=0.27,
    sure=Sure(0.59, 42.4),
    sure_with_words=Sure(5.27, 35.0),
)
# Not measured: rather too strict, for ArcFace's weaker networks (a cosine of 0.34 with one person known, of 0.55 with
# 10,000).
_ARCFACE = FaceModel(
    (),
    spread=0.18,
    strict=((1, 1.15), (10, 1.1), (100, 1.05), (1_000, 1.0), (10_000, 0.95)),
    candidate=1.1,
    margin=0.03,
    alike=1.1,
    same_photo=0.35,
    sure=Sure(0.7, 30),
    sure_with_words=Sure(5, 30),
)


def best() -> FaceModel:
    """The best one installed: without npm ``make setup`` lacks a network."""
    return BOTH if (onnx_models.FOLDER / onnx_models.FACERES).is_file() else DLIB


def chosen(settings: Settings) -> FaceModel:
    """The one of ``CELEBS_FACE_MODEL``. SettingsError: it can't be used."""
    if not settings.face_model:
        return best()
    return DLIB if settings.face_model == "dlib" else _of_file(settings.path(Path(settings.face_model)))


def _of_file(path: Path) -> FaceModel:
    """A user's own network in ArcFace's convention."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        inputs, outputs = onnx_models.session(path).get_inputs(), onnx_models.session(path).get_outputs()
    except (OSError, RecognitionError) as error:
        raise SettingsError(f"CELEBS_FACE_MODEL={path}: {getattr(error, 'strerror', None) or error}") from None
    shape, size = inputs[0].shape[1:], outputs[0].shape[-1]
    if len(inputs) != 1 or len(outputs) != 1 or list(shape) != [3, 112, 112] or not isinstance(size, int):
        raise SettingsError(
            f"CELEBS_FACE_MODEL={path}: its input is {shape}, its output {outputs[0].shape}; it needs one input "
            "of faces (n × 3 × 112 × 112, aligned by five points, RGB from −1 to 1) and one output of n × numbers."
        )
    embedder = Embedder(f"{path.stem}-{digest}", size, partial(arcface_embeddings, path))
    return replace(_ARCFACE, embedders=(embedder,))
