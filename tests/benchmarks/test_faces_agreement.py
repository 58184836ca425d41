"""Whether both recognisers agree, where both saw a picture."""

from __future__ import annotations

import hashlib
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING

from benchmarks.faces.agreement import agreement

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import RecognizerInfo
from celeb_ops.recognition.paid.response_cache import CachedResponse
from celeb_ops.recognition.people import People, Person
from celeb_ops.recognition.recognizer import Face
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore


def test_agreement_with_rekognition(folder_store: FolderStore) -> None:
    boxes = [Box(100 * n, 0, 50, 50) for n in range(5)]
    ours = [Face(boxes[0], "Joe Biden", qid="Q1"), Face(boxes[1], "Cher"), Face(boxes[2], "Ye"), Face(boxes[3])]
    ours.append(Face(Box(900, 0, 50, 50), "Far Away"))
    theirs = [Face(boxes[0], "J. R. Biden", urls=("www.wikidata.org/wiki/Q1",)), Face(boxes[1], "Madonna")]
    theirs += [Face(boxes[2]), Face(boxes[3], "Adele"), Face(boxes[4], "Not Found Here")]
    folder_store.write("Slices/x/1.jpeg", b"a slice")
    folder_store.write("Slices/x/2.jpeg", b"never asked about")
    answer = CachedResponse(
        recognizer=RecognizerInfo(name="rekognition", version="1"), asked_by="x", asked_at=RUN_TIME, faces=theirs
    )
    answer.save(folder_store, keys.answer("rekognition", hashlib.sha256(b"a slice").hexdigest()))
    says_ours = SimpleNamespace(recognize=lambda picture: ours)
    kinds, pictures = agreement(folder_store, says_ours, People([Person("Joe Biden", "Q1")]))
    assert pictures == 1
    assert kinds == Counter(["same name", "different names", "only local names it", "only rekognition names it"])
