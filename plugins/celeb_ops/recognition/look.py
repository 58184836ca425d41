"""Over all slices of a page: look, bring findings into page pixels, keep each face once, cut the evidence."""

from __future__ import annotations

import io
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from celeb_ops import keys
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
_CROP_MARGIN = 0.35
_CROP_PX = 256


def look(plan: Plan, screenshot: Screenshot, recognizer: Recognizer, stem: str, store: Store) -> Result:
    """The result of a site in a run (not yet saved); the evidence crops are in the store."""
    start = time.monotonic()
    found: list[tuple[Face, Slice]] = []
    for number, one in enumerate(plan.slices, start=1):
        faces = recognizer.recognize(store.read(one.key))
        logger.info("Slice %d of %d: %d faces", number, len(plan.slices), len(faces))
        for face in faces:
            found.append((_on_page(face, one, screenshot), one))
    faces_once = merged(found)
    named = sorted(
        ((face, one) for face, one in faces_once if face.name), key=lambda pair: (pair[0].box.top, pair[0].box.left)
    )
    for old in list(store.list(keys.crops(stem))):
        store.delete(old)
    sightings = [
        _sighting(face, one, number, screenshot, stem, store) for number, (face, one) in enumerate(named, start=1)
    ]
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


def merged(found: Sequence[tuple[Face, Slice]]) -> list[tuple[Face, Slice]]:
    """Findings of overlapping slices, each face once. Boxes are page pixels.

    Two findings are one face if they overlap and do not carry two names; two of one slice are two. The one that
    touches no edge of its slice wins, then the named one, then the surer one.
    """
    kept: list[tuple[Face, Slice]] = []
    stands_for: list[set[str]] = []
    """The slices whose finding a kept face is, by their keys."""
    for face, one in sorted(found, key=lambda pair: (_cut(*pair), pair[0].name is None, -pair[0].confidence)):
        twin = next(
            (
                number
                for number, (other, _) in enumerate(kept)
                if one.key not in stands_for[number]
                and other.box.ios(face.box) >= _SAME_IOS
                and (not other.name or not face.name or other.name == face.name)
            ),
            None,
        )
        if twin is None:
            kept.append((face, one))
            stands_for.append({one.key})
            continue
        stands_for[twin].add(one.key)
        if face.name and not kept[twin][0].name:
            kept[twin] = (face, one)
    return kept


def _cut(face: Face, one: Slice) -> bool:
    """Whether the box touches an edge of its slice: the face may go on beyond it."""
    box = face.box
    return (
        box.top <= one.rows.start
        or box.bottom >= one.rows.stop
        or box.left <= one.columns.start
        or box.right >= one.columns.stop
    )


def _on_page(face: Face, one: Slice, screenshot: Screenshot) -> Face:
    """The face in page pixels, its name on one line; a name of which nothing is left is none."""
    box = face.box.moved(one.columns.start, one.rows.start)
    return replace(
        face,
        box=box.clipped(screenshot.page_width, screenshot.captured_height),
        name=_clean(face.name or "") or None,
    )


def _sighting(face: Face, one: Slice, number: int, screenshot: Screenshot, stem: str, store: Store) -> Sighting:
    key = keys.crop(stem, number)
    store.write(key, _crop(store.read(one.key), face.box.moved(-one.columns.start, -one.rows.start)))
    return Sighting(
        name=face.name or "",
        id=face.id,
        confidence=face.confidence,
        margin=face.margin,
        basis=face.basis,
        box=face.box,
        picture=_picture(face.box, screenshot.pictures),
        above_fold=face.box.top < screenshot.viewport[1],
        page_share=round(face.box.area / (screenshot.page_width * screenshot.captured_height), 6),
        crop=key,
    )


def _picture(box: Box, pictures: Sequence[Picture]) -> int | None:
    """The index of the smallest picture around the face's centre: a background may be the whole page."""
    around = [number for number, picture in enumerate(pictures) if picture.box.contains(box.centre)]
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
