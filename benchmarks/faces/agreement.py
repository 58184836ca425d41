"""Where both recognisers saw a picture: whether they agree. Rekognition's answers are kept by the slice's content."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, RecordError
from celeb_ops.core.names import letters, qid_in
from celeb_ops.recognition.detections import SAME_IOS
from celeb_ops.recognition.paid.response_cache import CachedResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.core.store import Store
    from celeb_ops.recognition.local.recognizer import LocalRecognizer
    from celeb_ops.recognition.people import People
    from celeb_ops.recognition.recognizer import Face

KINDS = ("same name", "different names", "only local names it", "only rekognition names it", "neither names it")


def agreement(
    store: Store, recognizer: LocalRecognizer, people: People, slices: Iterable[str] | None = None
) -> tuple[Counter[str], int]:
    """How often of what kind, over the faces that both found, and on how many pictures.

    :param slices: keys to look at; None: all that are in the store.
    """
    kinds: Counter[str] = Counter()
    pictures = 0
    for key in store.list("Slices/") if slices is None else slices:
        if not key.endswith((".jpeg", ".jpg", ".png")):
            continue
        picture = store.read(key)
        try:
            answer = CachedResponse.load(store, keys.answer("rekognition", hashlib.sha256(picture).hexdigest()))
        except (NotStoredError, RecordError):
            continue
        pictures += 1
        ours = recognizer.recognize(picture)
        for theirs in answer.faces:
            near = max(ours, key=lambda face: face.box.ios(theirs.box), default=None)
            if near and near.box.ios(theirs.box) >= SAME_IOS:
                kinds[_kind(near, theirs, people)] += 1
    return kinds, pictures


def _kind(ours: Face, theirs: Face, people: People) -> str:
    if ours.name and theirs.name:
        qid = theirs.qid or qid_in(theirs.urls)
        person = people.find(theirs.name, qid)
        same = (ours.qid and ours.qid == qid) or letters(ours.name) == letters(person.name if person else theirs.name)
        return KINDS[0] if same else KINDS[1]
    return KINDS[2] if ours.name else KINDS[3] if theirs.name else KINDS[4]
