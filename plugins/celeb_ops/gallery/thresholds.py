"""How near a gallery's people come to each other: whether its threshold is stricter, what it costs, who looks alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from celeb_ops.recognition.local.face_model import STRANGERS_NAMED
from celeb_ops.recognition.local.gallery_file import About, packed, unpacked
from celeb_ops.recognition.local.recognizer import LEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.recognition.local.face_model import FaceModel
    from celeb_ops.recognition.local.gallery_file import Entry

ENOUGH = 1_000
"""People from which on it is counted how near they come to each other: the 0.5 % that come nearest are five then. Of
fewer the model's measure on strangers says more."""
_BLOCK = 128
"""Rows of distances that are held at once."""

_Single = npt.NDArray[np.float32]


def measured(entries: Sequence[Entry], made: str, model: FaceModel) -> About:
    """What holds for a gallery of these people. Work grows with the square of their number: 15 s at 10,000 people.

    :param made: the day on which Wikidata was asked. :param model: the one that their embeddings are of.
    """
    if len(entries) < 2:
        return About(model=model.name, made=made)
    counts = np.array([len(entry.embeddings) for entry in entries])
    # As they will be read back: rounded to what the file holds.
    rows = unpacked(packed(np.concatenate([entry.embeddings for entry in entries]))).reshape(-1, model.size)
    owner = np.repeat(np.arange(len(entries)), counts)
    strict = model.strict_at(len(entries))
    own, other, next_other, pairs = _nearest(rows, owner, counts, model.spread, strict)
    counted = None
    if len(entries) >= ENOUGH:
        # Each person's first photo is a stranger to all the others. Just below the score at which one too many of them
        # would be named.
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        scores = (other - LEAD * (next_other - other))[first]
        counted = round(float(np.quantile(scores, STRANGERS_NAMED, method="lower")) - 0.001, 3)
        strict = min(strict, counted)
    several = np.isfinite(own)
    lead = np.where(several, other - own, 0)
    named = several & (lead >= model.margin) & (own - LEAD * lead <= strict)
    return About(
        model=model.name,
        made=made,
        counted_score=counted,
        recall=round(float(named[several].mean()), 3) if several.any() else None,
        confusable=tuple(
            (entries[one].person.name, entries[two].person.name, round(distance, 3))
            for (one, two), distance in sorted(pairs.items(), key=lambda pair: (pair[1], pair[0]))
        ),
    )


def _nearest(
    rows: _Single, owner: npt.NDArray[np.intp], counts: npt.NDArray[np.intp], spread: float, alike: float
) -> tuple[_Single, _Single, _Single, dict[tuple[int, int], float]]:
    """Of each photo the distance to its person's other photos (infinite: none) and to the two nearest other people;
    and the pairs of people that come as near as ``alike``, with that distance."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums = np.add.reduceat(rows, starts)
    people = sums / counts[:, None].astype(np.float32)
    squares = (people**2).sum(axis=1) + spread * (1 - 1 / counts)
    others = np.maximum(counts[owner] - 1, 1)
    apart = rows - (sums[owner] - rows) / others[:, None]
    own = np.sqrt((apart**2).sum(axis=1) + spread * (1 - 1 / others))
    own[counts[owner] == 1] = np.inf
    near, next_near = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    pairs: dict[tuple[int, int], float] = {}
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        distances = (block**2).sum(axis=1)[:, None] + squares - 2 * block @ people.T
        distances = np.sqrt(np.maximum(distances, 0))
        distances[np.arange(len(block)), owner[start : start + _BLOCK]] = np.inf
        two = np.partition(distances, 1, axis=1) if len(counts) > 2 else np.sort(distances, axis=1)
        near[start : start + _BLOCK] = two[:, 0]
        # Of two people one is the only other one: nobody is next.
        next_near[start : start + _BLOCK] = np.where(np.isfinite(two[:, 1]), two[:, 1], two[:, 0])
        for one, two_ in zip(*np.nonzero(distances <= alike), strict=True):
            pair = (int(min(owner[start + one], two_)), int(max(owner[start + one], two_)))
            pairs[pair] = min(pairs.get(pair, np.inf), float(distances[one, two_]))
    return own.astype(np.float32), near, next_near, pairs
