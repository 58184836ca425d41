"""The embedded recogniser: no account, no cost. dlib finds faces and compares them with the gallery."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from celeb_ops.recognition import NO_GALLERY, Face, models
from celeb_ops.records import RecognizerInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.geometry import Box
    from celeb_ops.recognition.gallery import Gallery
    from celeb_ops.recognition.models import Embedding

THRESHOLD = 0.55
"""Greatest distance at which a face gets a name. Measured on 13 people with two photos each: 23 of 24 faces right,
0 of 69 strangers named; 0.6 named two strangers, 0.5 missed three faces."""
MARGIN = 0.03
"""The next person must be at least this much further away: between two look-alikes nobody is named."""
STRANGERS_NAMED = 0.01
"""The share of strangers that a face alone may give a name to: with more people known, the threshold is stricter."""
STRANGERS = NormalDist(0.86, 0.09)
"""Distances of two strangers, for galleries with too few people of their own. Measured: 0.857 ± 0.090 on 185 pairs of
photos of seven known people, 0.891 ± 0.092 on 651 pairs of those with 31 unknown faces; the nearer ones are taken."""
_OWN_PEOPLE = 30
"""From this many people on, a gallery's own distances stand for those of strangers."""
_SAMPLE = 1_500
"""Photos of a gallery whose distances are measured: all pairs of 20,000 would take minutes."""
_SLOPE = 0.05
"""Distance over which the confidence falls from 73 to 50: a logistic curve centred on the threshold."""


class Match(NamedTuple):
    """The nearest person of a gallery."""

    photo: int
    """Row of the gallery."""
    distance: float
    margin: float
    """How much further the next person is; infinite where there is no other."""


class LocalRecognizer:
    """Names the people of a gallery; without one it counts faces and names nobody.

    A face alone names a person within :attr:`strict`. Up to ``threshold`` it makes a candidate, whom the page's own
    words beside the picture may confirm.
    """

    cost_usd = 0.0
    most_faces: int | None = None

    def __init__(self, gallery: Gallery, threshold: float = THRESHOLD, margin: float = MARGIN) -> None:
        self._gallery = gallery
        self._threshold = threshold
        self._margin = margin
        self._matcher = Matcher(gallery)
        self.strict = min(strict_threshold(gallery), threshold)
        self.info = RecognizerInfo(name="local", version=models.MODEL, gallery=gallery.digest)

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        """The faces on a picture: of 40 px and up, in small areas of 20 px. RecognitionError where it is damaged."""
        pixels = models.decode(picture)
        height, width = pixels.shape[:2]
        found = models.find_faces(pixels, areas)
        boxes = [box.clipped(width, height) for box in found]
        if not self._gallery.names or not found:
            return [Face(box) for box in boxes]
        matches = self._matcher.nearest(np.stack([models.embed(pixels, box) for box in found]))
        return [self._named(box, match) for box, match in zip(boxes, matches, strict=True)]

    def advice(self) -> str:
        return "" if self._gallery.names else NO_GALLERY

    def _named(self, box: Box, match: Match) -> Face:
        if match.distance > self._threshold or match.margin < self._margin:
            return Face(box)
        name = self._gallery.names[match.photo]
        alone = match.distance <= self.strict
        return Face(
            box,
            name=name if alone else None,
            candidate=name,
            confidence=round(100 / (1 + math.exp((match.distance - self._threshold) / _SLOPE)), 1),
            margin=None if math.isinf(match.margin) else round(match.margin, 3),
            reference=self._gallery.photos[match.photo] if self._gallery.photos else None,
        )


class Matcher:
    """The nearest person of a gallery to each of some faces, under a millisecond a face with 10,000 people."""

    def __init__(self, gallery: Gallery) -> None:
        # Photos of one person stand together, so that a person's nearest photo is the least of a run of rows.
        self._rows = np.argsort(np.array(gallery.names), kind="stable") if gallery.names else np.empty(0, int)
        self._embeddings = gallery.embeddings[self._rows]
        names = [gallery.names[row] for row in self._rows]
        self._starts = np.array([n for n, name in enumerate(names) if not n or names[n - 1] != name], int)
        # In single precision, and by |a - b|² = |a|² + |b|² - 2ab, which is one product of matrices for all faces.
        self._single = np.ascontiguousarray(self._embeddings.T, np.float32)
        self._squares = (self._single**2).sum(axis=0)

    def nearest(self, faces: Embedding) -> list[Match]:
        """For each of faces × 128. ValueError for an empty gallery."""
        single = faces.astype(np.float32)
        squares = (single**2).sum(axis=1, keepdims=True) + self._squares - 2 * (single @ self._single)
        people = np.minimum.reduceat(squares, self._starts, axis=1)
        return [self._match(face, row, near) for face, row, near in zip(faces, squares, people, strict=True)]

    def _match(self, face: Embedding, photos: Embedding, people: Embedding) -> Match:
        # The first two people in full precision: a margin is a small difference of near distances.
        first, *second = np.argsort(people)[:2] if len(people) <= 2 else np.argpartition(people, 1)[:2]
        if second and people[second[0]] < people[first]:
            first, second = second[0], [first]
        photo, distance = self._of(int(first), face)
        margin = self._of(int(second[0]), face)[1] - distance if second else math.inf
        return Match(int(self._rows[photo]), distance, margin)

    def _of(self, person: int, face: Embedding) -> tuple[int, float]:
        """The person's nearest photo, and its distance."""
        start = self._starts[person]
        stop = self._starts[person + 1] if person + 1 < len(self._starts) else len(self._rows)
        distances = np.linalg.norm(self._embeddings[start:stop] - face, axis=1)
        nearest = int(distances.argmin())
        return int(start) + nearest, float(distances[nearest])


def strict_threshold(gallery: Gallery) -> float:
    """The distance within which a stranger's face gets a name in ``STRANGERS_NAMED`` of cases, at most.

    Distances of strangers are about normal. A stranger is compared with every photo, and the nearest one counts: the
    more photos, the nearer it is. An extrapolation from the distribution's middle to its far end.
    """
    if not gallery.names:
        return THRESHOLD
    each = 1 - (1 - STRANGERS_NAMED) ** (1 / len(gallery.names))
    return strangers_of(gallery).inv_cdf(each)


def strangers_of(gallery: Gallery) -> NormalDist:
    """The distribution of distances between strangers: the gallery's own, where it has people enough."""
    if len(gallery.people) < _OWN_PEOPLE:
        return STRANGERS
    chosen = np.random.default_rng(0).permutation(len(gallery.names))[:_SAMPLE]
    embeddings, names = gallery.embeddings[chosen], np.array(gallery.names)[chosen]
    squares = (embeddings**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * embeddings @ embeddings.T, 0))
    strangers = distances[names[:, None] < names]
    return NormalDist(float(strangers.mean()), float(strangers.std()))
