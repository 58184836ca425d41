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
from celeb_ops.recognition.local.embedders import Embedding32, arcface_embeddings, dlib_embeddings, faceres_embeddings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celeb_ops.core.settings import Settings
    from celeb_ops.recognition.pictures import Pixels

STRANGERS_NAMED = 0.005
"""The share of strangers that may get a name by their face alone."""
SUREST = 99.0
"""The highest confidence: of 1,513 names with 95 and more, 99.4 % (98.9–99.7) were right (``faces-wild``, Nov 2026)."""


@dataclass(frozen=True)
class ConfidenceCurve:
    """The probability that a name is right: a logistic curve of the distance by which the score is below the strict
    score."""

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
    """Factor of its numbers when they are combined with another network's."""


@dataclass(frozen=True)
class FaceModel:
    """Detector, embedders and thresholds. Embeddings of different models can't be compared."""

    embedders: tuple[Embedder, ...]
    """Their numbers are concatenated, so that the squares of their distances add up."""
    spread: float
    """The mean of many photos of a person is nearer to strangers than a single photo. This is the difference of the
    squared distances, for very many photos."""
    strict: tuple[tuple[int, float], ...]
    """Pairs: a number of known people, and the score that 0.5 % of strangers come within."""
    candidate: float
    """The greatest distance at which the page's words may confirm a name. For any given person, one stranger in a
    thousand is that near. The words may also name somebody who looks like the face, such as a relative."""
    margin: float
    """The second nearest person must be at least this much further away. So a person who is in the gallery under two
    names is not named."""
    alike: float
    """The distance within which two photos of a gallery show one person."""
    same_photo: float
    """The distance within which two photos are the same one, cropped or encoded again."""
    sure: ConfidenceCurve
    """The confidence of a name by the face only."""
    sure_with_words: ConfidenceCurve
    """The confidence of a name that is also in the page's text."""

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
        """Read the model's files, once for all threads. RecognitionError: one is missing."""
        blank = np.zeros((64, 64, 3), np.uint8)
        self.find(blank)
        self.embed(blank, [Found(Box(0, 0, 64, 64), ((20, 25), (44, 25), (32, 38), (22, 50), (42, 50)))])

    def find(self, pixels: Pixels, areas: Sequence[Box] = ()) -> list[Found]:
        return find_faces(pixels, areas)

    def embed(self, pixels: Pixels, faces: Sequence[Found]) -> Embedding32:
        """The embeddings: faces × :attr:`size`."""
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
# Scores are counted up to 600 people; the score of 10,000 is extrapolated along the logarithm of the number of people.
DLIB = FaceModel(
    (_DLIB,),
    spread=0.04,
    strict=((1, 0.574), (2, 0.446), (10, 0.438), (30, 0.426), (100, 0.413), (300, 0.404), (600, 0.402), (10_000, 0.38)),
    candidate=0.55,
    margin=0.03,
    alike=0.54,
    same_photo=0.16,
    sure=ConfidenceCurve(2.33, 46.9),
    sure_with_words=ConfidenceCurve(8.04, 61.4),
)
BOTH = FaceModel(
    (_DLIB, _FACERES),
    spread=0.1,
    strict=((1, 0.878), (2, 0.752), (10, 0.741), (30, 0.73), (100, 0.716), (300, 0.699), (600, 0.696), (10_000, 0.66)),
    candidate=0.846,
    margin=0.03,
    alike=0.83,
    same_photo=0.27,
    sure=ConfidenceCurve(0.59, 42.4),
    sure_with_words=ConfidenceCurve(5.27, 35.0),
)
# Not measured. Chosen too strict rather than too loose, so that weaker ArcFace networks can use it (a cosine of 0.34
# with one person known, of 0.55 with 10,000).
_ARCFACE = FaceModel(
    (),
    spread=0.18,
    strict=((1, 1.15), (10, 1.1), (100, 1.05), (1_000, 1.0), (10_000, 0.95)),
    candidate=1.1,
    margin=0.03,
    alike=1.1,
    same_photo=0.35,
    sure=ConfidenceCurve(0.7, 30),
    sure_with_words=ConfidenceCurve(5, 30),
)


def best() -> FaceModel:
    """The best installed model. Without npm, ``make setup`` can't install faceres."""
    return BOTH if (onnx_models.FOLDER / onnx_models.FACERES).is_file() else DLIB


def chosen(settings: Settings) -> FaceModel:
    """The model of ``CELEBS_FACE_MODEL``. SettingsError: it can't be used."""
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
