"""Detections: faces on overlapping pictures of a page, placed on the page and deduplicated."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from celeb_ops.core.names import letters, nfc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from celeb_ops.core.geometry import Box
    from celeb_ops.core.records import Plan, Slice
    from celeb_ops.core.store import Store
    from celeb_ops.recognition.recognizer import Face

logger = logging.getLogger(__name__)

SAME_IOS = 0.5
"""Detections of overlapping slices that share this much of the smaller box are one face (SAHI's default)."""
_SAME_SIZE = 0.4
"""The smaller box's share of the larger one's area: a child's face before an adult's has less."""
MOST_FACES = 1_000
"""Faces of a page after which it stops: each takes 62 ms to compare, so these take a minute."""


@dataclass(frozen=True)
class Detection:
    """A face on a picture of the page."""

    face: Face
    """Its box is in pixels of the picture."""
    box: Box
    """In page px."""
    source: str
    """The picture: two detections of one picture are two faces."""
    cut: bool
    """It touches an edge of what the picture shows: the face may continue beyond it."""


def on_every_slice(
    plan: Plan, store: Store, detect: Callable[[Slice, bytes, Sequence[Box]], list[Detection]]
) -> tuple[list[Detection], list[str]]:
    """The detections of a plan's slices from the top, and what was not looked at.

    :param detect: is called with a slice, its content, and the areas (in its pixels) that may show faces.
    """
    detections: list[Detection] = []
    slices = len(plan.slices)
    for number, one in enumerate(plan.slices, start=1):
        if len(detections) >= MOST_FACES:
            return detections, [f"the last {slices - number + 1} of {slices} slices, below {MOST_FACES:,} faces"]
        areas = [part for area in plan.areas for part in one.parts_of(area)]
        found = detect(one, store.read(one.key), areas)
        logger.info("Slice %d of %d: %d faces", number, slices, len(found))
        detections += found
    return detections, []


def on_slice(faces: Iterable[Face], one: Slice) -> list[Detection]:
    """The faces of a slice, placed on the page."""
    return [detection(face, one.on_page(face.box), one.key, one.cuts(face.box)) for face in faces]


def detection(face: Face, box: Box, source: str, cut: bool) -> Detection:
    """A detection whose name is on one line, or None if nothing is left of it."""
    clean = replace(face, name=_clean(face.name or "") or None, candidate=_clean(face.candidate or "") or None)
    return Detection(clean, box, source, cut)


def _clean(name: str) -> str:
    return nfc(" ".join("".join(char if char.isprintable() else " " for char in name).split()))


def deduplicated(detections: Sequence[Detection]) -> list[Detection]:
    """Each face once: detections of two pictures are one face if they overlap and do not have different names.

    Those that touch no edge of their picture win, then named ones, then those of higher confidence.
    """
    faces: list[Detection] = []
    sources: list[set[str]] = []
    """The pictures on which each face was detected."""
    for one in sorted(detections, key=lambda one: (one.cut, one.face.name is None, -one.face.confidence)):
        same = [number for number, other in enumerate(faces) if one.source not in sources[number] and _same(other, one)]
        if not same:
            faces.append(one)
            sources.append({one.source})
            continue
        best = max(same, key=lambda number: faces[number].box.ios(one.box))
        sources[best].add(one.source)
        if one.face.name and not faces[best].face.name:
            # The name of the one, the place and the picture of the other, which is whole.
            faces[best] = replace(faces[best], face=replace(one.face, box=faces[best].face.box))
    return faces


def _same(one: Detection, other: Detection) -> bool:
    """Whether two detections may be one face: in one place, of one size unless a slice cuts it, without two names."""
    if one.box.top >= other.box.bottom or other.box.top >= one.box.bottom:
        # The cheap test first: 3,000 faces have millions of pairs.
        return False
    small, large = sorted((one.box.area, other.box.area))
    return (
        one.box.ios(other.box) >= SAME_IOS
        and (small >= _SAME_SIZE * large or one.cut or other.cut)
        and (
            not one.face.name
            or not other.face.name
            or letters(one.face.name) == letters(other.face.name)
            or (one.face.qid is not None and one.face.qid == other.face.qid)
        )
    )
