"""The local recogniser: no account, no cost. Its model finds faces and compares them with the gallery."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from celeb_ops.core.records import RecognizerInfo
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.recognizer import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.geometry import Box
    from celeb_ops.recognition.local.embedders import Embedding, Embedding32
    from celeb_ops.recognition.local.gallery import Gallery

LEAD = 0.4
"""Weight of the margin in the score: an unknown face is about as near to several people. Measured: with the same 0.5 %
of strangers named, 4 to 7 percentage points more faces get their right name, and the threshold hardly changes with the
number of people known."""


class Match(NamedTuple):
    """The nearest person of a gallery."""

    photo: int
    """The gallery's row of the person's nearest photo."""
    distance: float
    """The distance to the mean of the person's photos, corrected for their number: the mean of several photos is nearer
    to anybody."""
    margin: float
    """How much further away the second nearest person is; infinite if there is no other."""

    @property
    def score(self) -> float:
        """The distance, minus a bonus that grows with the margin to the next person. Lower is better."""
        return self.distance if math.isinf(self.margin) else self.distance - LEAD * self.margin


class LocalRecognizer:
    """Names the people of a gallery; with an empty one it counts faces.

    A face alone names a person whose score is within :attr:`strict`. Up to the model's ``candidate`` distance, the
    page's words beside the picture may confirm the name.
    """

    cost_usd = 0.0

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._model = gallery.model
        self.strict = gallery.strict_score
        self.info = RecognizerInfo(name="local", version=self._model.version, gallery=gallery.digest)
        numbers = {name: number for number, name in enumerate(dict.fromkeys(gallery.names))}
        owner = np.array([numbers[name] for name in gallery.names], np.int64)
        counts = np.bincount(owner)
        self._rows_of = np.split(np.argsort(owner, kind="stable"), np.cumsum(counts)[:-1])
        # |a - b|² - |a|² = (a, 1) · (-2b, |b|²): one product of matrices, in single precision, for all faces. 100 faces
        # and 10,000 people take 20 ms.
        self._people = np.zeros((len(counts), gallery.embeddings.shape[1] + 1), np.float32)
        means = self._people[:, :-1]
        np.add.at(means, owner, gallery.embeddings)
        means /= counts[:, None]
        self._people[:, -1] = (means**2).sum(axis=1) + self._model.spread * (1 - 1 / counts)
        means *= -2

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        """The faces on a picture; in small areas, which are magnified, down to 10 px. RecognitionError: it can't be
        decoded."""
        pixels = decode(picture)
        height, width = pixels.shape[:2]
        found = self._model.find(pixels, areas)
        boxes = [one.box.clipped(width, height) for one in found]
        if not self._gallery.names or not found:
            return [Face(box) for box in boxes]
        matches = self.nearest(self._model.embed(pixels, found))
        return [self.named(box, match) for box, match in zip(boxes, matches, strict=True)]

    def nearest(self, faces: Embedding32 | Embedding) -> list[Match]:
        """The nearest person to each of faces × numbers, in a gallery that is not empty."""
        squares = np.column_stack([faces, np.ones(len(faces))]).astype(np.float32) @ self._people.T
        squares += (faces**2).sum(axis=1)[:, None]
        two = np.argpartition(squares, min(1, squares.shape[1] - 1), axis=1)[:, :2]
        matches = []
        for face, row, near in zip(faces, squares, two, strict=True):
            distances = np.sqrt(np.maximum(row[near], 0))
            first = int(distances.argmin())
            rows = self._rows_of[int(near[first])]
            photo = int(rows[np.linalg.norm(self._gallery.embeddings[rows] - face, axis=1).argmin()])
            margin = math.inf if len(near) == 1 else float(distances.max() - distances[first])
            matches.append(Match(photo, float(distances[first]), margin))
        return matches

    def named(self, box: Box, match: Match) -> Face:
        """The face with a name, with a candidate, or unknown."""
        alone = match.score <= self.strict
        if match.margin < self._model.margin or not (alone or match.distance <= self._model.candidate):
            return Face(box)
        name = self._gallery.names[match.photo]
        known = self._gallery.known.get(name)
        inside = self.strict - match.score
        return Face(
            box,
            name=name if alone else None,
            qid=known.qid if known else None,
            aliases=known.aliases if known else (),
            candidate=name,
            confidence=self._model.sure.at(inside),
            with_words=self._model.sure_with_words.at(inside),
            margin=None if math.isinf(match.margin) else round(match.margin, 3),
            reference=self._gallery.photos[match.photo] if self._gallery.photos else None,
        )
