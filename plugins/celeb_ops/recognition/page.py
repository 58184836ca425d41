"""Recognition of a page: faces on its slices, placed on the page, deduplicated and named, with crops."""

from __future__ import annotations

import io
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError
from celeb_ops.core.records import Placement, Plan, Result, Screenshot, Sighting
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.recognition import common_words
from celeb_ops.recognition.detections import Detection, deduplicated, on_every_slice, on_slice
from celeb_ops.recognition.mentions import Names, mentions
from celeb_ops.recognition.naming import confirmed, identified, pictures_of, without_weak_names
from celeb_ops.recognition.paid import paid_calls
from celeb_ops.recognition.people import People
from celeb_ops.slicing.layout import BEYOND

if TYPE_CHECKING:
    from celeb_ops.core.geometry import Box
    from celeb_ops.core.store import Store
    from celeb_ops.recognition.paid.paid_calls import RequestOptions
    from celeb_ops.recognition.recognizer import Recognizer

logger = logging.getLogger(__name__)

MIN_CONFIDENCE = 50
"""Names below it (0–100) are dropped. Both recognisers' names begin at about this confidence."""
CROP_MARGIN = 0.35
_CROP_PX = 256
_FACE = ("name", "id", "qid", "urls", "confidence", "margin", "basis", "reference")
"""The fields of a face that a sighting has too."""


def recognize_page(
    plan: Plan,
    screenshot: Screenshot,
    recognizer: Recognizer,
    stem: str,
    store: Store,
    options: RequestOptions | None = None,
    people: People | None = None,
    count_adverts: bool = False,
) -> Result:
    """The result of a site in a run (not yet saved); the crops are in the store.

    :param options: for paid calls.
    :param people: the gallery's, whom the page's text may name. Both recognisers use their names.
    :param count_adverts: whether people shown only in adverts count as shown by the site.
    """
    start = time.monotonic()
    calls = 0
    if recognizer.cost_usd:
        options = options or paid_calls.RequestOptions()
        detections, calls, not_looked_at = paid_calls.detect(plan, screenshot, recognizer, stem, store, options)
    else:
        detections, not_looked_at = on_every_slice(
            plan, store, lambda one, content, areas: on_slice(recognizer.recognize(content, areas), one)
        )
    if plan.areas_left_out:
        not_looked_at.append(f"{plan.areas_left_out:,} {BEYOND}")
    for one in not_looked_at:
        logger.warning("Skipped: %s.", one)
    removed, people = RemovalList.load(store), people or People()
    # Confidence first: a name that is dropped must not keep two detections of one face apart.
    sure = [
        replace(one, face=without_weak_names(identified(one.face, people, removed), MIN_CONFIDENCE))
        for one in detections
    ]
    faces = confirmed(deduplicated(sure), screenshot.pictures)
    named = sorted((one for one in faces if one.face.name), key=lambda one: (one.box.top, one.box.left))
    try:
        # Crops of an earlier try, which may have named more people.
        for old in list(store.list(keys.crops(stem))):
            store.delete(old)
    except NotPermittedError as error:
        logger.warning("Crops of an earlier try, if there are any, stay: %s", error)
    shown_on = pictures_of([one.box for one in named], screenshot.pictures)
    sightings = [
        _sighting(one, keys.crop(stem, number), picture, plan, screenshot, store)
        for number, (one, picture) in enumerate(zip(named, shown_on, strict=True), start=1)
    ]
    known = [one for one in people if not removed.holds(*one.names)]
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
        faces=len(faces),
        unrecognised=len(faces) - len(named),
        sightings=sightings,
        adverts_counted=None if screenshot.slots is None else count_adverts,
        mentions=mentions(screenshot, sightings, Names(known, common_words.installed())),
        not_looked_at=not_looked_at,
        seconds=round(sum(screenshot.timings.values()) + plan.seconds + time.monotonic() - start, 2),
    )


def _sighting(
    one: Detection, key: str, picture: int | None, plan: Plan, screenshot: Screenshot, store: Store
) -> Sighting:
    store.write(key, _crop(one, plan, store))
    return Sighting(
        **{name: getattr(one.face, name) for name in _FACE},
        box=one.box,
        picture=picture,
        placement=_placement(one.box, picture, screenshot),
        above_fold=one.box.top < screenshot.viewport[1],
        page_share=round(one.box.area / (screenshot.page_width * screenshot.captured_height), 6),
        crop=key,
    )


def _placement(face: Box, picture: int | None, screenshot: Screenshot) -> Placement | None:
    """The picture's placement; without a picture in the markup (canvas, unreadable frame), the slot's."""
    if screenshot.slots is None:
        return None
    if picture is not None:
        return screenshot.pictures[picture].placement
    around = (slot.placement for slot in screenshot.slots if slot.box.contains(face.centre))
    return next(around, "editorial")


def _crop(detection: Detection, plan: Plan, store: Store) -> bytes:
    """A crop from the slice that shows most of the face; on a tie, the detection's slice."""
    parts = [(part, one) for one in plan.slices for part in one.parts_of(detection.box)]
    part, one = max(parts, key=lambda pair: (pair[0].area, pair[1].key == detection.source))
    with Image.open(io.BytesIO(store.read(one.key))) as image:
        around = part.grown(CROP_MARGIN).clipped(*image.size)
        return evidence(image.convert("RGB").crop((around.left, around.top, around.right, around.bottom)))


def evidence(crop: Image.Image) -> bytes:
    """A crop to store: a JPEG of at most 256 px."""
    crop.thumbnail((_CROP_PX, _CROP_PX))
    out = io.BytesIO()
    crop.save(out, "JPEG", quality=85)
    return out.getvalue()
