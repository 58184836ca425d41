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
"""Least ratio of the two areas for one face. A child's face in front of an adult's is smaller than that, so they stay
two."""
MOST_FACES = 1_000
"""Recognition of a page stops after this many faces: at 62 ms each they take a minute."""


@dataclass(frozen=True)
class Detection:
    """A face on a picture of the page."""

    face: Face
    """The face; its own box is in pixels of the picture."""
    box: Box
    """In page px."""
    source: str
    """The picture's key: two detections on one picture are two faces."""
    touches_edge: bool
    """Whether it touches an edge of the picture: the face may continue beyond it."""


def on_every_slice(
    plan: Plan, store: Store, detect: Callable[[Slice, bytes, Sequence[Box]], list[Detection]]
) -> tuple[list[Detection], list[str]]:
    """The detections of a plan's slices, from the top; and texts for people about slices that were not searched.

    :param detect: called with a slice, its content, and the areas (in its pixels) that may show faces.
    """
    detections: list[Detection] = []
    slices = len(plan.slices)
    for number, one in enumerate(plan.slices, start=1):
        if len(detections) >= MOST_FACES:
            return detections, [
                f"the last {slices - number + 1} of {slices} slices, because {MOST_FACES:,} faces were found above them"
            ]
        areas = [part for area in plan.areas for part in one.parts_of(area)]
        found = detect(one, store.read(one.key), areas)
        logger.info("Slice %d of %d: %d faces", number, slices, len(found))
        detections += found
    return detections, []


def on_slice(faces: Iterable[Face], one: Slice) -> list[Detection]:
    """The faces of a slice, placed on the page."""
    return [detection(face, one.on_page(face.box), one.key, one.touches_edge(face.box)) for face in faces]


def detection(face: Face, box: Box, source: str, touches_edge: bool) -> Detection:
    """A detection with its name cleaned: one line, and None if nothing is left."""
    clean = replace(face, name=_clean(face.name or "") or None, candidate=_clean(face.candidate or "") or None)
    return Detection(clean, box, source, touches_edge)


def _clean(name: str) -> str:
    return nfc(" ".join("".join(char if char.isprintable() else " " for char in name).split()))


def deduplicated(detections: Sequence[Detection]) -> list[Detection]:
    """Each face once: detections of two pictures are one face if they overlap and do not have different names.

    Detections that touch no edge of their picture win, then named ones, then those of higher confidence.
    """
    faces: list[Detection] = []
    sources: list[set[str]] = []
    """The pictures on which each face was detected."""
    for one in sorted(detections, key=lambda one: (one.touches_edge, one.face.name is None, -one.face.confidence)):
        same = [number for number, other in enumerate(faces) if one.source not in sources[number] and _same(other, one)]
        if not same:
            faces.append(one)
            sources.append({one.source})
            continue
        best = max(same, key=lambda number: faces[number].box.ios(one.box))
        sources[best].add(one.source)
        if one.face.name and not faces[best].face.name:
            # Take the name of this detection, and place and picture of the other, which is whole.
            faces[best] = replace(faces[best], face=replace(one.face, box=faces[best].face.box))
    return faces


def _same(one: Detection, other: Detection) -> bool:
    """Whether two detections may be one face: they overlap, have one size unless a slice cuts them, and not two
    names."""
    if one.box.top >= other.box.bottom or other.box.top >= one.box.bottom:
        # The cheap test first: 3,000 faces have millions of pairs.
        return False
    small, large = sorted((one.box.area, other.box.area))
    return (
        one.box.ios(other.box) >= SAME_IOS
        and (small >= _SAME_SIZE * large or one.touches_edge or other.touches_edge)
        and (
            not one.face.name
            or not other.face.name
            or letters(one.face.name) == letters(other.face.name)
            or (one.face.qid is not None and one.face.qid == other.face.qid)
        )
    )
