"""How near a gallery's people come to each other: the strict threshold, what it costs, and who looks alike."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from celeb_ops.recognition.gallery_file import SIZE, About, packed, unpacked
from celeb_ops.recognition.local import MARGIN, STRANGERS, STRANGERS_NAMED, THRESHOLD, extrapolated_threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.recognition.gallery_file import Entry

ENOUGH = 200
"""People from which on the 0.5 % that come nearest to another one are more than nobody."""
OWN_PEOPLE = 30
"""From this many people on, their own distances stand for those of strangers."""
_BLOCK = 128
"""Rows of distances that are held at once: 25 MB each at 10,000 people with five photos."""
_SAMPLE = 1_500
"""Photos whose distances give mean and spread."""

_Single = npt.NDArray[np.float32]


def measured(entries: Sequence[Entry], made: str) -> About:
    """What holds for a gallery of these people. Work grows with the square of their number: 15 s at 10,000 people.

    :param made: the day on which Wikidata was asked.
    """
    if len(entries) < 2:
        return About(made=made)
    counts = np.array([len(entry.embeddings) for entry in entries])
    # As they will be read back: rounded to what the file holds.
    rows = unpacked(packed(np.concatenate([entry.embeddings for entry in entries]))).reshape(-1, SIZE)
    owner = np.repeat(np.arange(len(entries)), counts)
    strangers = _strangers(rows, owner) if len(entries) >= OWN_PEOPLE else None
    extrapolated = extrapolated_threshold(NormalDist(*strangers) if strangers else STRANGERS, len(rows))
    own, other, pairs = _nearest(rows, owner, min(THRESHOLD, extrapolated))
    counted = None
    if len(entries) >= ENOUGH:
        # Each person's first photo is a stranger to all the others. Just below the distance at which one too many of
        # them would be named.
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        counted = round(float(np.quantile(other[first], STRANGERS_NAMED, method="lower")) - 0.001, 3)
    strict = min(THRESHOLD, extrapolated, counted or THRESHOLD)
    several = np.isfinite(own)
    named = (own <= strict) & (other - own >= MARGIN)
    return About(
        made=made,
        counted=counted,
        strangers=strangers,
        recall=round(float(named[several].mean()), 3) if several.any() else None,
        confusable=tuple(
            (entries[one].person.name, entries[two].person.name, round(distance, 3))
            for (one, two), distance in sorted(pairs.items(), key=lambda pair: (pair[1], pair[0]))
        ),
    )


def _nearest(
    rows: _Single, owner: npt.NDArray[np.intp], alike: float
) -> tuple[_Single, _Single, dict[tuple[int, int], float]]:
    """Of each photo the distance to its person's nearest other photo (infinite: none) and to the nearest of anybody
    else; and the pairs of people that come as near as ``alike``, with that distance."""
    squares = (rows**2).sum(axis=1)
    own, other = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    pairs: dict[tuple[int, int], float] = {}
    for start in range(0, len(rows), _BLOCK):
        stop = min(start + _BLOCK, len(rows))
        distances = rows[start:stop] @ rows.T
        distances *= -2
        distances += squares[None]
        distances += squares[start:stop, None]
        np.maximum(distances, 0, out=distances)
        # A person's rows stand together.
        low, high = np.searchsorted(owner, owner[start]), np.searchsorted(owner, owner[stop - 1], "right")
        mine = owner[start:stop, None] == owner[None, low:high]
        near = distances[:, low:high]
        apart = mine.copy()
        apart[np.arange(stop - start), np.arange(start, stop) - low] = False
        own[start:stop] = np.sqrt(np.where(apart, near, np.inf).min(axis=1))
        near[mine] = np.inf
        other[start:stop] = np.sqrt(distances.min(axis=1))
        for one, two in zip(*np.nonzero(distances <= alike**2), strict=True):
            pair = (int(owner[start + one]), int(owner[two]))
            if pair[0] < pair[1]:
                pairs[pair] = min(pairs.get(pair, 9.0), float(np.sqrt(distances[one, two])))
    return own, other, pairs


def _strangers(rows: _Single, owner: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Mean and standard deviation of the distances between two people's photos."""
    chosen = np.random.default_rng(0).permutation(len(rows))[:_SAMPLE]
    some, whose = rows[chosen].astype(np.float64), owner[chosen]
    squares = (some**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * some @ some.T, 0))
    apart = distances[whose[:, None] < whose]
    return round(float(apart.mean()), 4), round(float(apart.std()), 4)
