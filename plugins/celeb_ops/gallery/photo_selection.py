"""Which of a person's photos become references: those that agree with each other around the main one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.gallery.photo_analysis import PhotoAnalysis, Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.gallery.commons import Picture
    from celeb_ops.recognition.local.embedders import Embedding
    from celeb_ops.recognition.local.face_model import FaceModel

_MOST = 10
"""References of a person."""
_SAME_BITS = 6
"""Two photos of one person whose hashes differ in no more bits, out of 64, are one."""


@dataclass(frozen=True)
class Selection:
    """Numbers of a person's photos: those that become references, the main one first, and those that do not."""

    chosen: tuple[int, ...]
    rejected: dict[int, Rejection]
    left_out: str = ""
    """Why the person has no references."""


def select(
    pictures: Sequence[Picture], analyses: Sequence[PhotoAnalysis | None], own: int, model: FaceModel
) -> Selection:
    """Select a person's photos.

    :param analyses: None: the picture could not be fetched.
    :param own: how many of the first are the item's own.
    :param model: knows within which distances photos agree, or are one.
    """
    rejected: dict[int, Rejection] = {}
    usable: dict[int, PhotoAnalysis] = {}
    for number, (picture, analysis) in enumerate(zip(pictures, analyses, strict=True)):
        if picture.no_photo:
            rejected[number] = Rejection.NO_PHOTO
        elif analysis is None:
            rejected[number] = Rejection.NOT_FETCHED
        elif analysis.rejection:
            rejected[number] = analysis.rejection
        else:
            usable[number] = analysis
    coloured = {number: one for number, one in usable.items() if not one.one_tint}
    if 2 * len(coloured) > len(usable):
        rejected |= dict.fromkeys(usable.keys() - coloured.keys(), Rejection.ONE_TINT)
        usable = coloured
    if not usable:
        return Selection((), rejected, "no usable photo")
    numbers, candidates = list(usable), list(usable.values())
    embeddings = np.stack([np.asarray(one.embedding) for one in candidates])
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    seeds = [place for place, number in enumerate(numbers) if number < own]
    cluster = _largest_group(distances, seeds, model.alike)
    others = [place for place in range(len(numbers)) if place not in cluster]
    if len(cluster) < 2 and not others and not seeds:
        return Selection((), rejected, "only photos of a category, and one")
    # The others among themselves: one that is like all of the group but the main photo makes no second group.
    rivals = _largest_group(distances[np.ix_(others, others)], [], model.alike)
    if others and (len(cluster) < 2 or len(rivals) >= len(cluster)):
        return Selection((), rejected, "their photos disagree")
    rejected |= {numbers[place]: Rejection.SOMEBODY_ELSE for place in others}
    chosen: list[int] = []
    for place in cluster:
        if any(
            distances[place, one] < model.same_photo
            or (candidates[place].hash ^ candidates[one].hash).bit_count() <= _SAME_BITS
            for one in chosen
        ):
            rejected[numbers[place]] = Rejection.SAME_PHOTO
        elif len(chosen) >= _MOST:
            rejected[numbers[place]] = Rejection.ENOUGH
        else:
            chosen.append(place)
    return Selection(tuple(numbers[place] for place in chosen), rejected)


def _largest_group(distances: Embedding, seeds: Sequence[int], alike: float) -> list[int]:
    """The largest group around a seed (none: around any photo) in which each agrees with more than half of the rest."""
    best: list[int] = []
    for seed in seeds or range(len(distances)):
        group = np.flatnonzero(distances[seed] <= alike)
        while len(group) > 1:
            agreeing = (distances[np.ix_(group, group)] <= alike).sum(axis=1) - 1
            if (2 * agreeing > len(group) - 1).all():
                break
            # One at a time, because the others lose its vote.
            group = np.delete(group, int(agreeing.argmin()))
        if len(group) > len(best):
            best = [seed, *(int(place) for place in group if place != seed)] if seed in group else group.tolist()
    return best
