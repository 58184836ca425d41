"""The embedded recogniser: no account, no cost. dlib finds faces and compares them with the gallery."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.recognition import NO_GALLERY, Face, models
from celeb_ops.records import RecognizerInfo

if TYPE_CHECKING:
    from celeb_ops.geometry import Box
    from celeb_ops.recognition.gallery import Gallery
    from celeb_ops.recognition.models import Embedding

THRESHOLD = 0.55
"""Greatest distance at which a face gets a name. Measured on 13 people with two photos each: 23 of 24 faces right,
0 of 69 strangers named; 0.6 named two strangers, 0.5 missed three faces. It does not scale to thousands of people."""
MARGIN = 0.03
"""The next person must be at least this much further away: between two look-alikes nobody is named."""
_SLOPE = 0.05
"""Distance over which the confidence falls from 73 to 50: a logistic curve centred on the threshold."""


class LocalRecognizer:
    """Names the people of a gallery; without one it counts faces and names nobody."""

    cost_usd = 0.0

    def __init__(self, gallery: Gallery, threshold: float = THRESHOLD, margin: float = MARGIN) -> None:
        self._gallery = gallery
        self._threshold = threshold
        self._margin = margin
        self._people = np.array(gallery.names)
        self.info = RecognizerInfo(name="local", version=models.MODEL, gallery=gallery.digest)

    def recognize(self, picture: bytes) -> list[Face]:
        """The faces of 40 px and up on a picture; RecognitionError where it can't be decoded."""
        pixels = models.decode(picture)
        height, width = pixels.shape[:2]
        faces = []
        for found in models.find_faces(pixels):
            box = found.clipped(width, height)
            faces.append(self._named(box, models.embed(pixels, found)) if self._gallery.names else Face(box))
        return faces

    def advice(self) -> str:
        return "" if self._gallery.names else NO_GALLERY

    def _named(self, box: Box, embedding: Embedding) -> Face:
        distances = np.linalg.norm(self._gallery.embeddings - embedding, axis=1)
        best = int(distances.argmin())
        name, nearest = self._gallery.names[best], float(distances[best])
        others = distances[self._people != name]
        margin = float(others.min()) - nearest if others.size else math.inf
        if nearest > self._threshold or margin < self._margin:
            return Face(box)
        return Face(
            box,
            name=name,
            confidence=round(100 / (1 + math.exp((nearest - self._threshold) / _SLOPE)), 1),
            margin=None if math.isinf(margin) else round(margin, 3),
        )
