"""What the recogniser makes of a photo, by a gallery that does not have it: the product's own decision, not a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.geometry import Box
from celeb_ops.recognition.findings import Finding
from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.local import LocalRecognizer
from celeb_ops.recognition.look import confirmed
from celeb_ops.records import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.faces.labelled import Photo
    from celeb_ops.recognition.models import Embedding

TIERS = ("face alone", "face and page words")
_BOX = Box(0, 0, 100, 100)


@dataclass(frozen=True)
class Said:
    """What was said of a photo."""

    photo: Photo
    names: tuple[str | None, str | None]
    """By tier."""
    candidate: str | None
    confidence: float
    """0–100; 0: nobody."""
    distance: float
    """To the nearest person of the gallery."""


def gallery_of(photos: Sequence[Photo]) -> Gallery:
    """A gallery of these photos."""
    if not photos:
        return Gallery([], np.empty((0, 128)), None)
    rows = np.stack([photo.embedding for photo in photos]).astype(np.float32)
    return Gallery([photo.name for photo in photos], rows, "labelled", tuple(photo.file for photo in photos))


def said(photo: Photo, recognizer: LocalRecognizer, embedding: Embedding | None = None) -> Said:
    """What this recogniser says of a photo that its gallery does not have.

    With page words, those beside a known person's picture have their name; those beside a stranger's have the name of
    whom it is taken for: the worst that a page can do.

    :param embedding: of the face at another size.
    """
    face = photo.embedding if embedding is None else embedding
    [match] = recognizer.nearest(face[None])
    alone = recognizer.named(_BOX, match)
    words = photo.name or alone.candidate or ""
    [told] = confirmed([Finding(alone, _BOX, "", False)], [Picture(box=_BOX, src="", alt=words)])
    return Said(photo, (alone.name, told.face.name), alone.candidate, alone.confidence, match.distance)


def leave_one_out(known: Sequence[Photo], strangers: Sequence[Photo]) -> list[Said]:
    """Each known photo by the others, of its person and everybody else's; each stranger by all."""
    told = []
    for number, photo in enumerate(known):
        others = [*known[:number], *known[number + 1 :]]
        if any(other.name == photo.name for other in others):
            told.append(said(photo, LocalRecognizer(gallery_of(others))))
    recognizer = LocalRecognizer(gallery_of(known))
    return told + [said(photo, recognizer) for photo in strangers]
