"""Whose faces they are: a person has one name, and faces or the words beside their picture make sure of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import numpy as np

from celeb_ops.core.names import qid_in, says, words
from celeb_ops.recognition.recognizer import Face

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.core.geometry import Box
    from celeb_ops.core.records import Picture
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.recognition.detections import Finding
    from celeb_ops.recognition.people import People


def identified(found: Iterable[Finding], people: People, removed: RemovalList) -> list[Finding]:
    """The findings, each with the person's QID and one name, where these are known.

    :param people: who is who by the gallery's file, whoever named them.
    :param removed: people who stay unrecognised, by whichever of their names the recogniser or the gallery has them.
    """
    return [replace(one, face=_identified(one.face, people, removed)) for one in found]


def _identified(face: Face, people: People, removed: RemovalList) -> Face:
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


def sure(one: Finding, least: float) -> Finding:
    """The finding without a name, or a candidate, that is less sure than ``least`` (0–100)."""
    name = one.face.name if one.face.confidence >= least else None
    candidate = one.face.candidate if _with_words(one.face) >= least else None
    return replace(one, face=replace(one.face, name=name, candidate=candidate))


def _with_words(face: Face) -> float:
    return face.confidence if face.with_words is None else face.with_words


def confirmed(found: Sequence[Finding], pictures: Sequence[Picture]) -> list[Finding]:
    """The findings, those named too whom only the page's words beside their picture make sure of.

    The words name one person on a picture, once: of several faces that may be that person the surest is.
    """
    shown_on = places([one.box for one in found], pictures)
    named = {(place, one.face.name) for one, place in zip(found, shown_on, strict=True) if one.face.name}
    told = []
    for one, place in sorted(zip(found, shown_on, strict=True), key=lambda pair: -pair[0].face.confidence):
        face = one.face
        name = face.name or face.candidate
        free = face.name or (place, name) not in named
        if name and place is not None and free and _mentioned(pictures[place], name, face.aliases):
            named.add((place, name))
            face = replace(face, name=name, confidence=_with_words(face), basis=f"{face.basis}+text")
        told.append(replace(one, face=face))
    return told


def places(boxes: Sequence[Box], pictures: Sequence[Picture]) -> list[int | None]:
    """For each face the index of the smallest picture that has most of it: a background may be the whole page, a badge
    on a photo a few pixels."""
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
    """Whether the page's words have them, by their name or by another of two words at least: headlines are full of
    ``Jenny`` and ``The Boss``."""
    return any(mentions(picture, one) for one in (name, *(alias for alias in aliases if " " in words(alias))))


def mentions(picture: Picture, name: str) -> bool:
    """Whether the picture's alt text, headline, link or file name has the whole name in it.

    Not a part of the name: families share it, and look alike.
    """
    return any(says(text, name) for text in (picture.alt, picture.headline, _path(picture.link), _path(picture.src)))


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        # What a page links to need be no address.
        return ""
