"""Decides whom a face shows: a person has one name, and the page's words beside a picture may confirm it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import numpy as np

from celeb_ops.core.names import qid_in, says, words
from celeb_ops.recognition.recognizer import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.geometry import Box
    from celeb_ops.core.records import Picture
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.recognition.detections import Detection
    from celeb_ops.recognition.people import People


def identified(face: Face, people: People, removed: RemovalList) -> Face:
    """The face with the person's QID and their one name, if they are known.

    :param people: the gallery's, whichever recogniser named the face.
    :param removed: people whose faces become unknown; they are matched by any name or QID that the recogniser or the
        gallery gives.
    """
    name = face.name or face.candidate
    if not name:
        return face
    qid = face.qid or qid_in(face.urls)
    person = people.find(name, qid)
    if removed.holds(face.name, face.candidate, qid, *face.aliases, *(person.names if person else ())):
        return Face(face.box)
    if not person:
        return replace(face, qid=qid)
    return replace(
        face,
        name=person.name if face.name else None,
        candidate=person.name if face.candidate else None,
        qid=person.qid,
        aliases=person.aliases,
    )


def without_weak_names(face: Face, least: float) -> Face:
    """The face; its name and its candidate are dropped if their confidence is below ``least`` (0–100)."""
    return replace(
        face,
        name=face.name if face.confidence >= least else None,
        candidate=face.candidate if _with_words(face) >= least else None,
    )


def _with_words(face: Face) -> float:
    return face.confidence if face.with_words is None else face.with_words


def confirmed(detections: Sequence[Detection], pictures: Sequence[Picture]) -> list[Detection]:
    """The detections, sorted by confidence; candidates get a name if the words beside their picture have it.

    On each picture the words confirm a candidate only if no other face there has the name; of several candidates, the
    one with the highest confidence.
    """
    shown_on = pictures_of([one.box for one in detections], pictures)
    pairs = sorted(zip(detections, shown_on, strict=True), key=lambda pair: -pair[0].face.confidence)
    named = {(number, one.face.name) for one, number in pairs if one.face.name}
    result = []
    for one, number in pairs:
        face = one.face
        name = face.name or face.candidate
        may_confirm = face.name or (number, name) not in named
        if name and number is not None and may_confirm and _mentioned(pictures[number], name, face.aliases):
            named.add((number, name))
            face = replace(face, name=name, confidence=_with_words(face), basis=f"{face.basis}+text")
        result.append(replace(one, face=face))
    return result


def pictures_of(boxes: Sequence[Box], pictures: Sequence[Picture]) -> list[int | None]:
    """For each face the number of the smallest picture that shows most of it.

    The smallest, because a background may be the whole page; most of it, because a badge on a photo is a few pixels.
    """
    left, top, width, height = np.array([picture.box for picture in pictures], np.int64).reshape(-1, 4).T
    found: list[int | None] = []
    for box in boxes:
        wide = np.minimum(left + width, box.right) - np.maximum(left, box.left)
        high = np.minimum(top + height, box.bottom) - np.maximum(top, box.top)
        around = np.flatnonzero(2 * wide.clip(0) * high.clip(0) > box.area)
        areas = (width * height)[around]
        found.append(int(around[areas.argmin()]) if len(around) else None)
    return found


def _mentioned(picture: Picture, name: str, aliases: Sequence[str]) -> bool:
    """Whether the picture's words have the name, or an alias of at least two words: headlines are full of ``Jenny`` and
    ``The Boss``."""
    return any(names_person(picture, one) for one in (name, *(alias for alias in aliases if " " in words(alias))))


def names_person(picture: Picture, name: str) -> bool:
    """Whether the picture's alt text, headline, link or file name has the whole name.

    A part of the name is not enough: families share it, and look alike.
    """
    return any(says(text, name) for text in (picture.alt, picture.headline, _path(picture.link), _path(picture.src)))


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        # A page may link to anything.
        return ""
