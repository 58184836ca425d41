"""Findings on several pictures of one page, brought together: each face once."""

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
"""Two findings of overlapping slices that share this much of the smaller box are one face (SAHI's default)."""
_SAME_SIZE = 0.4
"""A child's face before an adult's is much smaller, and none of the same one."""
MOST_FACES = 1_000
"""Faces of a page after which no more are looked for, or asked about: each takes 62 ms to compare, so these take a
minute, and a wall of a hundred thousand would take hours."""


@dataclass(frozen=True)
class Finding:
    """A face on a picture of the page, and where it is on the page."""

    face: Face
    """Its box is in the pixels of the picture it was found on."""
    box: Box
    """In page px."""
    source: str
    """The picture it was found on: two findings of one picture are two faces."""
    cut: bool
    """Its box touches an edge of what that picture shows of the page: the face may go on beyond it."""


def on_every_slice(
    plan: Plan, store: Store, see: Callable[[Slice, bytes, Sequence[Box]], list[Finding]]
) -> tuple[list[Finding], list[str]]:
    """The findings of a plan's slices from the top, and what was not looked at.

    :param see: gives those of one slice: of its content, with the areas (in its pixels) where a face may be.
    """
    found: list[Finding] = []
    slices = len(plan.slices)
    for number, one in enumerate(plan.slices, start=1):
        if len(found) >= MOST_FACES:
            return found, [f"the last {slices - number + 1} of {slices} slices, below {MOST_FACES:,} faces"]
        areas = [part for area in plan.areas for part in one.parts_of(area)]
        here = see(one, store.read(one.key), areas)
        logger.info("Slice %d of %d: %d faces", number, slices, len(here))
        found += here
    return found, []


def on_slice(faces: Iterable[Face], one: Slice) -> list[Finding]:
    """The findings of a slice's faces."""
    return [finding(face, one.on_page(face.box), one.key, one.cuts(face.box)) for face in faces]


def finding(face: Face, box: Box, source: str, cut: bool) -> Finding:
    """A finding whose names are on one line; of a name of which nothing is left there is none."""
    clean = replace(face, name=_clean(face.name or "") or None, candidate=_clean(face.candidate or "") or None)
    return Finding(clean, box, source, cut)


def merged(found: Sequence[Finding]) -> list[Finding]:
    """Findings of overlapping pictures, each face once.

    Two findings are one face if they overlap and do not carry two names; two of one picture are two. The one that
    touches no edge of its picture wins, then the named one, then the surer one.
    """
    kept: list[Finding] = []
    stands_for: list[set[str]] = []
    """The pictures whose finding a kept face is."""
    for one in sorted(found, key=lambda one: (one.cut, one.face.name is None, -one.face.confidence)):
        twins = [
            number for number, other in enumerate(kept) if one.source not in stands_for[number] and _same(other, one)
        ]
        twin = max(twins, key=lambda number: kept[number].box.ios(one.box), default=None)
        if twin is None:
            kept.append(one)
            stands_for.append({one.source})
            continue
        stands_for[twin].add(one.source)
        if one.face.name and not kept[twin].face.name:
            # The name of the one, the place and the picture of the other, which is whole.
            kept[twin] = replace(kept[twin], face=replace(one.face, box=kept[twin].face.box))
    return kept


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings may be one face: in one place, of one size unless a slice cuts it, and of no two names."""
    if one.box.top >= other.box.bottom or other.box.top >= one.box.bottom:
        # Of most pairs, and a wall of 3,000 faces has millions.
        return False
    small, large = sorted((one.box.area, other.box.area))
    return (
        one.box.ios(other.box) >= SAME_IOS
        and (small >= _SAME_SIZE * large or one.cut or other.cut)
        and (not one.face.name or not other.face.name or _is_one_person(one.face, other.face))
    )


def _is_one_person(one: Face, other: Face) -> bool:
    return letters(one.name or "") == letters(other.name or "") or (one.qid is not None and one.qid == other.qid)


def _clean(name: str) -> str:
    """A name on one line: it goes into a CSV cell, a log and a page."""
    return nfc(" ".join("".join(char if char.isprintable() else " " for char in name).split()))
