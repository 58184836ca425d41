"""Which of a person's photos count: those that agree with each other around the main one (the set's own agreement)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.gallery.commons import Picture
    from celeb_ops.gallery.looking import Look
    from celeb_ops.recognition.models import FaceModel

SAME_BITS = 6
"""Two photos of one person whose hashes differ in no more bits, out of 64, are one."""


@dataclass(frozen=True)
class Verdict:
    """What came of a person's photos."""

    chosen: tuple[int, ...]
    """Which of them count, the main one first."""
    why: dict[int, str]
    """Why each other one does not."""
    left_out: str = ""
    """Why the person has none; empty: they are in."""


def judge(pictures: Sequence[Picture], looks: Sequence[Look | None], main: int, most: int, model: FaceModel) -> Verdict:
    """Judge a person's photos.

    :param looks: what each shows; None: it could not be had. :param main: so many of the first are the item's own.
    :param model: says what is near: who agrees, and what is one photo.
    """
    why = {number: _unusable(picture, seen) for number, (picture, seen) in enumerate(zip(pictures, looks, strict=True))}
    usable = [number for number, reason in why.items() if not reason]
    coloured = [number for number in usable if not _look(looks, number).one_tint]
    if 2 * len(coloured) > len(usable):
        why |= {number: "one tint: a statue or an old print" for number in usable if number not in coloured}
        usable = coloured
    if not usable:
        return Verdict((), _told(why), "no usable photo")
    embeddings = np.stack([np.asarray(_look(looks, number).embedding) for number in usable])
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    own = [place for place, number in enumerate(usable) if number < main]
    cluster = _around(distances, own, model.alike)
    others = [place for place in range(len(usable)) if place not in cluster]
    if len(cluster) < 2 and (others or not own):
        return Verdict((), _told(why), "their photos disagree" if others else "only photos of a category, and one")
    # Among themselves: one who is like all of the group but the main one makes no second group of it.
    if others and len(_around(distances[np.ix_(others, others)], [], model.alike)) >= len(cluster):
        return Verdict((), _told(why), "their photos disagree")
    why |= {usable[place]: "shows somebody else" for place in others}
    chosen: list[int] = []
    for place in cluster:
        twin = next(
            (one for one in chosen if _same(place, one, distances[place, one] < model.same_photo, usable, looks)), None
        )
        if twin is not None:
            why[usable[place]] = f"the same photo as {pictures[usable[twin]].title}"
        elif len(chosen) >= most:
            why[usable[place]] = "there are enough"
        else:
            chosen.append(place)
    return Verdict(tuple(usable[place] for place in chosen), _told(why))


def _around(
    distances: np.ndarray[tuple[int, int], np.dtype[np.float64]], seeds: Sequence[int], agree: float
) -> list[int]:
    """The largest group around one of these photos in which each agrees with more than half of the others."""
    best: list[int] = []
    for seed in seeds or range(len(distances)):
        group = np.flatnonzero(distances[seed] <= agree)
        while len(group) > 1:
            agreeing = (distances[np.ix_(group, group)] <= agree).sum(axis=1) - 1
            stay = agreeing * 2 > len(group) - 1
            if stay.all():
                break
            # One at a time: each that goes takes its say with it.
            group = np.delete(group, int(agreeing.argmin()))
        if len(group) > len(best):
            best = [seed, *(int(place) for place in group if place != seed)] if seed in group else group.tolist()
    return best


def _same(place: int, other: int, near: bool, usable: Sequence[int], looks: Sequence[Look | None]) -> bool:
    bits = (_look(looks, usable[place]).hash ^ _look(looks, usable[other]).hash).bit_count()
    return bool(near) or bits <= SAME_BITS


def _unusable(picture: Picture, seen: Look | None) -> str:
    if picture.no_photo:
        return "its name or category says that it is no photo"
    return "could not be had" if seen is None else seen.trouble


def _look(looks: Sequence[Look | None], number: int) -> Look:
    seen = looks[number]
    if seen is None:
        raise ValueError("a photo that could not be had is not judged")
    return seen


def _told(why: dict[int, str]) -> dict[int, str]:
    return {number: reason for number, reason in why.items() if reason}
