"""Findings as the people they are: a name that a recogniser gave, under the one that the gallery's file knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from celeb_ops.names import qid_in
from celeb_ops.recognition import Face

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.recognition.findings import Finding
    from celeb_ops.recognition.people import People
    from celeb_ops.removed import Removed


def identified(found: Iterable[Finding], people: People, removed: Removed) -> list[Finding]:
    """The findings, each with the person's QID and one name, where these are known.

    :param removed: people who stay unrecognised, by whichever of their names the recogniser or the gallery has them.
    """
    return [replace(one, face=_identified(one.face, people, removed)) for one in found]


def _identified(face: Face, people: People, removed: Removed) -> Face:
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
