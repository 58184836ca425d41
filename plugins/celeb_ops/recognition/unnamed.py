"""A recogniser that keeps to itself the names of people who asked not to be in the dataset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from celeb_ops.recognition import Face

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.geometry import Box
    from celeb_ops.recognition import Recognizer
    from celeb_ops.recognition.findings import Finding
    from celeb_ops.removed import Removed


class Unnaming:
    """Another recogniser, to which people who asked not to be in the dataset are unknown: no answer names them."""

    def __init__(self, recognizer: Recognizer, removed: Removed) -> None:
        self._recognizer = recognizer
        self._removed = removed
        self.info = recognizer.info
        self.cost_usd = recognizer.cost_usd
        self.most_faces = recognizer.most_faces

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        return [unnamed(face, self._removed) for face in self._recognizer.recognize(picture, areas, key)]

    def advice(self) -> str:
        return self._recognizer.advice()


def unnamed(face: Face, removed: Removed) -> Face:
    """The face, as one that is not known if it is theirs, under any name of the person's."""
    named = (face.name, face.candidate, face.qid, *face.aliases)
    return Face(face.box) if any(removed.holds(one) for one in named) else face


def without_names(found: Iterable[Finding], removed: Removed) -> list[Finding]:
    """The findings; theirs are unrecognised. Answers kept from before may still name them."""
    return [replace(one, face=unnamed(one.face, removed)) for one in found]
