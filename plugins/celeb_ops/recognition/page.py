"""Over all slices of a page: look, bring findings into page pixels, keep each face once, cut the evidence."""

from __future__ import annotations

import io
import logging
import time
from typing import TYPE_CHECKING

from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError
from celeb_ops.core.records import Result, Sighting
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.recognition.aws import paid_calls
from celeb_ops.recognition.detections import merged, on_every_slice, on_slice
from celeb_ops.recognition.naming import confirmed, identified, places, sure
from celeb_ops.recognition.people import People
from celeb_ops.slicing.layout import BEYOND

if TYPE_CHECKING:
    from celeb_ops.core.records import Plan, Screenshot
    from celeb_ops.core.store import Store
    from celeb_ops.recognition.aws.paid_calls import Terms
    from celeb_ops.recognition.detections import Finding
    from celeb_ops.recognition.recognizer import Recognizer

logger = logging.getLogger(__name__)

MIN_CONFIDENCE = 50
"""Both recognisers begin at about that: what is below is an answer out of the ordinary."""
CROP_MARGIN = 0.35
_CROP_PX = 256


def recognize_page(
    plan: Plan,
    screenshot: Screenshot,
    recognizer: Recognizer,
    stem: str,
    store: Store,
    terms: Terms | None = None,
    min_confidence: float = MIN_CONFIDENCE,
    people: People | None = None,
) -> Result:
    """The result of a site in a run (not yet saved); the evidence crops are in the store.

    :param terms: how a recogniser that costs money is asked. :param min_confidence: a less sure name is none (0–100).
    :param people: who is who by the gallery's file, so that a person has one name, whoever named them.
    """
    start = time.monotonic()
    calls = 0
    if recognizer.cost_usd:
        found, calls, not_looked_at = paid_calls.find(
            plan, screenshot, recognizer, stem, store, terms or paid_calls.Terms()
        )
    else:
        found, not_looked_at = on_every_slice(
            plan, store, lambda one, content, areas: on_slice(recognizer.recognize(content, areas), one)
        )
    if plan.areas_left_out:
        not_looked_at.append(f"{plan.areas_left_out:,} {BEYOND}")
    for one in not_looked_at:
        logger.warning("Not looked at: %s.", one)
    found = identified(found, people or People(), RemovalList.load(store))
    # Not the other way round: a name that is none would keep two findings of one face apart.
    faces_once = confirmed(merged([sure(one, min_confidence) for one in found]), screenshot.pictures)
    named = sorted((one for one in faces_once if one.face.name), key=lambda one: (one.box.top, one.box.left))
    _remove_crops(stem, store)
    shown_on = places([one.box for one in named], screenshot.pictures)
    sightings = [
        _sighting(one, keys.crop(stem, number), place, plan, screenshot, store)
        for number, (one, place) in enumerate(zip(named, shown_on, strict=True), start=1)
    ]
    return Result(
        site=screenshot.site,
        time=screenshot.time,
        captured_at=screenshot.captured_at,
        source=screenshot.source,
        memento=screenshot.memento,
        images_missing=screenshot.images_missing,
        screenshot=plan.screenshot,
        recognizer=recognizer.info,
        slices=len(plan.slices),
        calls=calls,
        calls_saved=max(len(plan.slices) - calls, 0) if recognizer.cost_usd else 0,
        cost_usd=round(calls * recognizer.cost_usd, 6),
        faces=len(faces_once),
        unrecognised=len(faces_once) - len(named),
        sightings=sightings,
        not_looked_at=not_looked_at,
        seconds=round(sum(screenshot.timings.values()) + plan.seconds + time.monotonic() - start, 2),
    )


def _remove_crops(stem: str, store: Store) -> None:
    """Remove the evidence of an earlier try, which may have named more people."""
    try:
        for old in list(store.list(keys.crops(stem))):
            store.delete(old)
    except NotPermittedError as error:
        logger.warning("Crops of an earlier try, if there are any, stay: %s", error)


def _sighting(
    one: Finding, key: str, picture: int | None, plan: Plan, screenshot: Screenshot, store: Store
) -> Sighting:
    store.write(key, _crop(one, plan, store))
    face = one.face
    return Sighting(
        name=face.name or "",
        id=face.id,
        qid=face.qid,
        urls=list(face.urls),
        confidence=face.confidence,
        margin=face.margin,
        basis=face.basis,
        reference=face.reference,
        box=one.box,
        picture=picture,
        above_fold=one.box.top < screenshot.viewport[1],
        page_share=round(one.box.area / (screenshot.page_width * screenshot.captured_height), 6),
        crop=key,
    )


def _crop(found: Finding, plan: Plan, store: Store) -> bytes:
    """A small JPEG of the face, out of the slice that shows most of it: of two, the one it was found on."""
    shown = [(part, one) for one in plan.slices for part in one.parts_of(found.box)]
    part, one = max(shown, key=lambda pair: (pair[0].area, pair[1].key == found.source))
    with Image.open(io.BytesIO(store.read(one.key))) as image:
        around = part.grown(CROP_MARGIN).clipped(*image.size)
        return evidence(image.convert("RGB").crop((around.left, around.top, around.right, around.bottom)))


def evidence(crop: Image.Image) -> bytes:
    """A crop as it is stored: a JPEG of 256 px at most."""
    crop.thumbnail((_CROP_PX, _CROP_PX))
    out = io.BytesIO()
    crop.save(out, "JPEG", quality=85)
    return out.getvalue()
