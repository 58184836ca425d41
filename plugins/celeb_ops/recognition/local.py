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
    from celeb_ops.recognition.models import Embedding, Embedding32

THRESHOLD = 0.55
"""Greatest distance at which a face gets a name. Measured on 13 people with two photos each: 23 of 24 faces right,
0 of 69 strangers named; 0.6 named two strangers, 0.5 missed three faces."""
MARGIN = 0.03
"""The next person must be at least this much further away: between two look-alikes nobody is named."""
LOOK_ALIKE_MARGIN = 0.06
"""Between two people of the gallery who are nearer to each other than the threshold."""
STRANGERS_NAMED = 0.005
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
    runner_up: int | None = None
    """A row of that next person."""


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
        matches = self.nearest(np.stack([models.embed(pixels, box) for box in found]))
        return [self.named(box, match) for box, match in zip(boxes, matches, strict=True)]

    def advice(self) -> str:
        return "" if self._gallery.names else NO_GALLERY

    def nearest(self, faces: Embedding) -> list[Match]:
        """The nearest person to each of faces × 128. ValueError for an empty gallery."""
        return self._matcher.nearest(faces)

    def named(self, box: Box, match: Match) -> Face:
        """The face as what its nearest person makes of it: a name, a candidate, or nobody."""
        if match.distance > self._threshold or match.margin < self._least_margin(match):
            return Face(box)
        name = self._gallery.names[match.photo]
        known = self._gallery.known.get(name)
        alone = match.distance <= self.strict
        return Face(
            box,
            name=name if alone else None,
            qid=known.qid if known else None,
            aliases=known.aliases if known else (),
            candidate=name,
            confidence=round(100 / (1 + math.exp((match.distance - self._threshold) / _SLOPE)), 1),
            margin=None if math.isinf(match.margin) else round(match.margin, 3),
            reference=self._gallery.photos[match.photo] if self._gallery.photos else None,
        )

    def _least_margin(self, match: Match) -> float:
        if match.runner_up is None or not self._gallery.confusable:
            return self._margin
        pair = frozenset(self._gallery.names[row] for row in (match.photo, match.runner_up))
        return max(self._margin, LOOK_ALIKE_MARGIN) if pair in self._gallery.confusable else self._margin


class Matcher:
    """The nearest person of a gallery to each of some faces: 100 faces at 10,000 people in some 20 ms."""

    def __init__(self, gallery: Gallery) -> None:
        by_person: dict[str, list[int]] = {}
        for row, name in enumerate(gallery.names):
            by_person.setdefault(name, []).append(row)
        # In layers: everybody's first photo, then everybody's second, … Those with most photos come first, so that each
        # layer is a run of people from the first on, and the least over a person's photos that over whole arrays.
        self._rows_of = sorted(by_person.values(), key=len, reverse=True)
        most = len(self._rows_of[0]) if self._rows_of else 0
        layers = [[rows[layer] for rows in self._rows_of if len(rows) > layer] for layer in range(most)]
        self._embeddings = gallery.embeddings
        # |a - b|² - |a|² = (a, 1) · (-2b, |b|²): one product of matrices, in single precision, for all faces.
        self._layers = [_augmented(gallery.embeddings[layer]) for layer in layers]

    def nearest(self, faces: Embedding) -> list[Match]:
        """For each of faces × 128. ValueError for an empty gallery."""
        if not self._layers:
            raise ValueError("the gallery is empty")
        wanted = np.ones((len(faces), faces.shape[1] + 1), np.float32)
        wanted[:, :-1] = faces
        people = wanted @ self._layers[0].T
        for layer in self._layers[1:]:
            first = people[:, : len(layer)]
            np.minimum(first, wanted @ layer.T, out=first)
        near = people.argmin(axis=1)
        people[np.arange(len(faces)), near] = np.inf
        next_near = people.argmin(axis=1)
        return [
            self._match(face, int(one), int(other)) for face, one, other in zip(faces, near, next_near, strict=True)
        ]

    def _match(self, face: Embedding, first: int, second: int) -> Match:
        # These two in double precision: a margin is a small difference of near distances.
        row, distance = self._of(first, face)
        if len(self._rows_of) == 1:
            return Match(row, distance, math.inf)
        other, further = self._of(second, face)
        if further < distance:
            row, distance, other, further = other, further, row, distance
        return Match(row, distance, further - distance, other)

    def _of(self, person: int, face: Embedding) -> tuple[int, float]:
        """The row of the person's nearest photo, and its distance."""
        rows = self._rows_of[person]
        distances = np.linalg.norm(self._embeddings[rows].astype(np.float64) - face, axis=1)
        nearest = int(distances.argmin())
        return rows[nearest], float(distances[nearest])


def _augmented(embeddings: Embedding32 | Embedding) -> Embedding32:
    single = embeddings.astype(np.float32)
    return np.ascontiguousarray(np.column_stack([-2 * single, (single**2).sum(axis=1)]), np.float32)


def strict_threshold(gallery: Gallery) -> float:
    """The distance within which a stranger's face gets a name in ``STRANGERS_NAMED`` of cases, at most.

    Distances of strangers are about normal. A stranger is compared with every photo, and the nearest one counts: the
    more photos, the nearer it is. An extrapolation from the distribution's middle to its far end. Where it was counted
    too how near a gallery's own people come to each other, the stricter of the two holds.
    """
    if not gallery.names:
        return THRESHOLD
    extrapolated = extrapolated_threshold(strangers_of(gallery), len(gallery.names))
    return extrapolated if gallery.counted is None else min(gallery.counted, extrapolated)


def extrapolated_threshold(strangers: NormalDist, photos: int) -> float:
    """The distance within which one of so many photos lies for ``STRANGERS_NAMED`` of strangers."""
    return strangers.inv_cdf(1 - (1 - STRANGERS_NAMED) ** (1 / photos))


def strangers_of(gallery: Gallery) -> NormalDist:
    """The distribution of distances between strangers: the gallery's own, where it has people enough."""
    if gallery.strangers:
        return gallery.strangers
    if len(gallery.people) < _OWN_PEOPLE:
        return STRANGERS
    chosen = np.random.default_rng(0).permutation(len(gallery.names))[:_SAMPLE]
    embeddings, names = gallery.embeddings[chosen], np.array(gallery.names)[chosen]
    squares = (embeddings**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * embeddings @ embeddings.T, 0))
    strangers = distances[names[:, None] < names]
    return NormalDist(float(strangers.mean()), float(strangers.std()))
