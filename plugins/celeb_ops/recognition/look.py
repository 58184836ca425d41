"""Over all slices of a page: look, bring findings into page pixels, keep each face once, cut the evidence."""

from __future__ import annotations

import io
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image

from celeb_ops import keys
from celeb_ops.recognition.words import mentions
from celeb_ops.records import Result, Sighting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.geometry import Box
    from celeb_ops.recognition import Face, Recognizer
    from celeb_ops.records import Picture, Plan, Screenshot, Slice
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

_SAME_IOS = 0.5
"""Two findings of overlapping slices that share this much of the smaller box are one face (SAHI's default)."""
_SAME_SIZE = 0.4
"""A child's face before an adult's is much smaller, and none of the same one."""
_CROP_MARGIN = 0.35
_CROP_PX = 256


@dataclass(frozen=True)
class Finding:
    """A face on a slice, and where it is on the page."""

    face: Face
    """Its box is in the slice's pixels."""
    box: Box
    """In page px."""
    slice: Slice
    cut: bool
    """Its box touches an edge of what the slice shows there: the face may go on beyond it."""


def look(plan: Plan, screenshot: Screenshot, recognizer: Recognizer, stem: str, store: Store) -> Result:
    """The result of a site in a run (not yet saved); the evidence crops are in the store."""
    start = time.monotonic()
    found: list[Finding] = []
    for number, one in enumerate(plan.slices, start=1):
        areas = [part for area in plan.areas for part in one.parts_of(area)]
        faces = recognizer.recognize(store.read(one.key), areas)
        logger.info("Slice %d of %d: %d faces", number, len(plan.slices), len(faces))
        found += [_finding(face, one) for face in faces]
    faces_once = confirmed(merged(found), screenshot.pictures)
    named = sorted((one for one in faces_once if one.face.name), key=lambda one: (one.box.top, one.box.left))
    for old in list(store.list(keys.crops(stem))):
        store.delete(old)
    sightings = [_sighting(one, number, screenshot, stem, store) for number, one in enumerate(named, start=1)]
    return Result(
        site=screenshot.site,
        time=screenshot.time,
        captured_at=screenshot.captured_at,
        source=screenshot.source,
        screenshot=plan.screenshot,
        recognizer=recognizer.info,
        slices=len(plan.slices),
        calls=len(plan.slices) if recognizer.cost_usd else 0,
        cost_usd=round(len(plan.slices) * recognizer.cost_usd, 6),
        faces=len(faces_once),
        unrecognised=len(faces_once) - len(named),
        sightings=sightings,
        seconds=round(sum(screenshot.timings.values()) + plan.seconds + time.monotonic() - start, 2),
    )


def _finding(face: Face, one: Slice) -> Finding:
    # Of a name of which nothing is left on one line there is none.
    clean = replace(face, name=_clean(face.name or "") or None, candidate=_clean(face.candidate or "") or None)
    return Finding(clean, one.on_page(face.box), one, one.cuts(face.box))


def confirmed(found: Sequence[Finding], pictures: Sequence[Picture]) -> list[Finding]:
    """The findings, those named too whom only the page's words beside their picture make sure of.

    The words name one person on a picture, once: of several faces that may be that person the surest is.
    """
    places = [_picture(one.box, pictures) for one in found]
    named = {(place, one.face.name) for one, place in zip(found, places, strict=True) if one.face.name}
    told = []
    for one, place in sorted(zip(found, places, strict=True), key=lambda pair: -pair[0].face.confidence):
        name = one.face.name or one.face.candidate
        alone = bool(one.face.name)
        if name and place is not None and (alone or (place, name) not in named) and mentions(pictures[place], name):
            named.add((place, name))
            one = replace(one, face=replace(one.face, name=name, basis=f"{one.face.basis}+text"))
        told.append(one)
    return told


def merged(found: Sequence[Finding]) -> list[Finding]:
    """Findings of overlapping slices, each face once.

    Two findings are one face if they overlap and do not carry two names; two of one slice are two. The one that
    touches no edge of its slice wins, then the named one, then the surer one.
    """
    kept: list[Finding] = []
    stands_for: list[set[str]] = []
    """The slices whose finding a kept face is, by their keys."""
    for one in sorted(found, key=lambda one: (one.cut, one.face.name is None, -one.face.confidence)):
        twins = [
            number for number, other in enumerate(kept) if one.slice.key not in stands_for[number] and _same(other, one)
        ]
        twin = max(twins, key=lambda number: kept[number].box.ios(one.box), default=None)
        if twin is None:
            kept.append(one)
            stands_for.append({one.slice.key})
            continue
        stands_for[twin].add(one.slice.key)
        if one.face.name and not kept[twin].face.name:
            # The name of the one, the place and the picture of the other, which is whole.
            kept[twin] = replace(kept[twin], face=replace(one.face, box=kept[twin].face.box))
    return kept


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings may be one face: in one place, of one size unless a slice cuts it, and of no two names."""
    small, large = sorted((one.box.area, other.box.area))
    return (
        one.box.ios(other.box) >= _SAME_IOS
        and (small >= _SAME_SIZE * large or one.cut or other.cut)
        and (not one.face.name or not other.face.name or one.face.name == other.face.name)
    )


def _sighting(one: Finding, number: int, screenshot: Screenshot, stem: str, store: Store) -> Sighting:
    key = keys.crop(stem, number)
    store.write(key, _crop(store.read(one.slice.key), one.face.box))
    face = one.face
    return Sighting(
        name=face.name or "",
        id=face.id,
        confidence=face.confidence,
        margin=face.margin,
        basis=face.basis,
        reference=face.reference,
        box=one.box,
        picture=_picture(one.box, screenshot.pictures),
        above_fold=one.box.top < screenshot.viewport[1],
        page_share=round(one.box.area / (screenshot.page_width * screenshot.captured_height), 6),
        crop=key,
    )


def _picture(box: Box, pictures: Sequence[Picture]) -> int | None:
    """The index of the smallest picture that has most of the face: a background may be the whole page, a badge on a
    photo a few pixels."""
    around = [number for number, picture in enumerate(pictures) if 2 * picture.box.intersection(box) > box.area]
    return min(around, key=lambda number: pictures[number].box.area, default=None)


def _crop(slice_picture: bytes, box: Box) -> bytes:
    with Image.open(io.BytesIO(slice_picture)) as image:
        around = box.grown(_CROP_MARGIN).clipped(*image.size)
        crop = image.convert("RGB").crop((around.left, around.top, around.right, around.bottom))
    crop.thumbnail((_CROP_PX, _CROP_PX))
    out = io.BytesIO()
    crop.save(out, "JPEG", quality=85)
    return out.getvalue()


def _clean(name: str) -> str:
    """A name on one line: it goes into a CSV cell, a log and a page."""
    return " ".join("".join(char if char.isprintable() else " " for char in name).split())
