"""Measures how near a gallery's people are to each other: its threshold, its recall, and people who look alike."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from celeb_ops.recognition.local.face_model import STRANGERS_NAMED, FaceModel
from celeb_ops.recognition.local.gallery_file import About, Entry, packed, unpacked
from celeb_ops.recognition.local.recognizer import LEAD

ENOUGH = 1_000
"""From this many people on, the distances between them are counted: 0.5 % of them are five. With fewer people the
model's measure on strangers is more reliable."""
_BLOCK = 128
"""Rows of distances that are held at once."""

_Single = npt.NDArray[np.float32]


def measured(entries: Sequence[Entry], made: str, model: FaceModel) -> About:
    """Facts about a gallery of these people. Time grows with the square of their number: 15 s for 10,000 people.

    :param made: the day on which Wikidata was asked.
    :param model: the one of their embeddings.
    """
    if len(entries) < 2:
        return About(model=model.name, made=made)
    counts = np.array([len(entry.embeddings) for entry in entries])
    # Rounded to what the file holds, as runs will read them.
    rows = unpacked(packed(np.concatenate([entry.embeddings for entry in entries]))).reshape(-1, model.size)
    strict = model.strict_at(len(entries))
    own, nearest, second, pairs = _distances(rows, counts, model.spread, strict)
    lead = second - nearest
    counted = None
    if len(entries) >= ENOUGH:
        # Each person's first photo is a stranger to all others. Just below the score that would name more than 0.5 %.
        firsts = np.cumsum(counts) - counts
        scores = (nearest - LEAD * lead)[firsts]
        counted = round(float(np.quantile(scores, STRANGERS_NAMED, method="lower")) - 0.001, 3)
        strict = min(strict, counted)
    several = np.isfinite(own)
    lead = np.where(several, nearest - own, 0)
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


def _distances(
    rows: _Single, counts: npt.NDArray[np.intp], spread: float, alike: float
) -> tuple[_Single, _Single, _Single, dict[tuple[int, int], float]]:
    """Of each photo the distances to its person's other photos (infinite: there are none) and to the two nearest other
    people; and pairs of people within ``alike``, with their distance."""
    owner = np.repeat(np.arange(len(counts)), counts)
    sums = np.add.reduceat(rows, np.cumsum(counts) - counts)
    people = sums / counts[:, None].astype(np.float32)
    squares = (people**2).sum(axis=1) + spread * (1 - 1 / counts)
    others = np.maximum(counts[owner] - 1, 1)
    apart = rows - (sums[owner] - rows) / others[:, None]
    own = np.sqrt((apart**2).sum(axis=1) + spread * (1 - 1 / others))
    own[counts[owner] == 1] = np.inf
    nearest, second = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    pairs: dict[tuple[int, int], float] = {}
    for start in range(0, len(rows), _BLOCK):
        block, owners = rows[start : start + _BLOCK], owner[start : start + _BLOCK]
        distances = (block**2).sum(axis=1)[:, None] + squares - 2 * block @ people.T
        distances = np.sqrt(np.maximum(distances, 0))
        distances[np.arange(len(block)), owners] = np.inf
        two = np.partition(distances, 1, axis=1)
        nearest[start : start + _BLOCK] = two[:, 0]
        # Without a third person there is no second one.
        second[start : start + _BLOCK] = np.where(np.isfinite(two[:, 1]), two[:, 1], two[:, 0])
        for photo, other in zip(*np.nonzero(distances <= alike), strict=True):
            pair = (int(min(owners[photo], other)), int(max(owners[photo], other)))
            pairs[pair] = min(pairs.get(pair, np.inf), float(distances[photo, other]))
    return own.astype(np.float32), nearest, second, pairs
