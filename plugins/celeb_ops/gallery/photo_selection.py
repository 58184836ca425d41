"""Which of a person's photos count: those that agree with each other around the main one (the set's own agreement)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.gallery.photo_analysis import Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.gallery.commons import Picture
    from celeb_ops.gallery.photo_analysis import PhotoAnalysis
    from celeb_ops.recognition.local.face_model import FaceModel

SAME_BITS = 6
"""Two photos of one person whose hashes differ in no more bits, out of 64, are one."""


@dataclass(frozen=True)
class Verdict:
    """What came of a person's photos."""

    chosen: tuple[int, ...]
    """Which of them count, the main one first."""
    why: dict[int, Why]
    """Why each other one does not."""
    left_out: str = ""
    """Why the person has none; empty: they are in."""


def judge(
    pictures: Sequence[Picture], looks: Sequence[PhotoAnalysis | None], main: int, most: int, model: FaceModel
) -> Verdict:
    """Judge a person's photos.

    :param looks: what each shows; None: it could not be had. :param main: so many of the first are the item's own.
    :param model: says what is near: who agrees, and what is one photo.
    """
    why: dict[int, Why] = {}
    usable: dict[int, PhotoAnalysis] = {}
    for number, (picture, seen) in enumerate(zip(pictures, looks, strict=True)):
        if picture.no_photo:
            why[number] = Why.NO_PHOTO
        elif seen is None:
            why[number] = Why.NOT_HAD
        elif seen.trouble:
            why[number] = seen.trouble
        else:
            usable[number] = seen
    coloured = {number: seen for number, seen in usable.items() if not seen.one_tint}
    if 2 * len(coloured) > len(usable):
        why |= dict.fromkeys(usable.keys() - coloured.keys(), Why.ONE_TINT)
        usable = coloured
    if not usable:
        return Verdict((), why, "no usable photo")
    numbers, seen_on = list(usable), list(usable.values())
    embeddings = np.stack([np.asarray(seen.embedding) for seen in seen_on])
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    own = [place for place, number in enumerate(numbers) if number < main]
    cluster = _around(distances, own, model.alike)
    others = [place for place in range(len(numbers)) if place not in cluster]
    if len(cluster) < 2 and (others or not own):
        return Verdict((), why, "their photos disagree" if others else "only photos of a category, and one")
    # Among themselves: one who is like all of the group but the main one makes no second group of it.
    if others and len(_around(distances[np.ix_(others, others)], [], model.alike)) >= len(cluster):
        return Verdict((), why, "their photos disagree")
    why |= dict.fromkeys((numbers[place] for place in others), Why.SOMEBODY_ELSE)
    chosen: list[int] = []
    for place in cluster:
        if any(
            distances[place, one] < model.same_photo
            or (seen_on[place].hash ^ seen_on[one].hash).bit_count() <= SAME_BITS
            for one in chosen
        ):
            why[numbers[place]] = Why.SAME_PHOTO
        elif len(chosen) >= most:
            why[numbers[place]] = Why.ENOUGH
        else:
            chosen.append(place)
    return Verdict(tuple(numbers[place] for place in chosen), why)


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
