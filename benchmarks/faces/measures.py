"""Shares with their intervals: of names that are right, of known faces that are named, of strangers who are."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from benchmarks.faces.labelled import SIZES_PX
from benchmarks.faces.naming import TIERS, Said, gallery_of, leave_one_out, said
from celeb_ops.recognition.local import STRANGERS, THRESHOLD, LocalRecognizer, extrapolated_threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.faces.labelled import Labelled, Photo

DRAWS = 5
"""Galleries of a size that are drawn where there is a choice."""
PEOPLE = (100, 1_000, 10_000)
"""Sizes of galleries that are extrapolated to."""
PHOTOS_EACH = 5
ENOUGH_PAIRS = 1_000
"""Distances between strangers from which on their own mean and spread are taken."""
_BINS = (50, 60, 70, 80, 90, 100)


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's, of 95 %."""
        if not self.whole:
            return None
        low, high = binomtest(self.part, self.whole).proportion_ci(0.95, method="wilson")
        return float(low), float(high)

    def __str__(self) -> str:
        """``23 of 24 (80–99 %)``."""
        if not self.interval:
            return "none"
        low, high = self.interval
        return f"{self.part} of {self.whole} ({100 * low:.0f}–{100 * high:.0f} %)"


@dataclass(frozen=True)
class Rates:
    """How right the names are."""

    recall: Share
    """Of the known faces, those with their own name."""
    precision: Share
    """Of the names of known faces and strangers, those that are right."""
    wrong: Share
    """Of the known faces, those with somebody else's name."""
    strangers: Share
    """Of the strangers, those with a name."""


def rates(told: Iterable[Said], tier: int) -> Rates:
    """Of what was said, at a tier of :data:`TIERS`."""
    known = [one for one in told if one.photo.name]
    strangers = [one for one in told if not one.photo.name]
    right = sum(one.names[tier] == one.photo.name for one in known)
    wrong = sum(one.names[tier] not in (None, one.photo.name) for one in known)
    named = sum(one.names[tier] is not None for one in strangers)
    return Rates(
        Share(right, len(known)),
        Share(right, right + wrong + named),
        Share(wrong, len(known)),
        Share(named, len(strangers)),
    )


@dataclass(frozen=True)
class Extrapolated:
    """What to expect of a gallery of so many people, from distances measured with few."""

    people: int
    strict: float
    strangers: float
    """Share who would get a name by the face alone."""
    recall: Share
    """Of the known faces here, those as near to their own photos as it asks for."""


@dataclass(frozen=True)
class Bin:
    """Names of about one confidence."""

    low: int
    high: int
    right: Share
    confidence: float
    """Their mean."""


@dataclass(frozen=True)
class Measured:
    """All of it."""

    told: list[Said]
    tiers: dict[str, Rates]
    by_size: dict[int, dict[str, Rates]]
    by_references: dict[int, dict[str, Rates]]
    by_people: dict[int, dict[str, Rates]]
    extrapolated: list[Extrapolated]
    calibration: list[Bin]
    strict: float
    strangers: NormalDist
    pairs: int
    """Distances between strangers that mean and spread were measured on; 0: taken from docs/benchmarks.md."""
    own: list[float]
    """Distance of each known photo to the nearest other of its person."""
    apart: list[float]
    """Distances between photos of two people; a sample."""


def measure(labelled: Labelled) -> Measured:
    """Measure the recogniser on these photos. All draws are the same each time."""
    known, strangers = labelled.known, labelled.strangers
    told = leave_one_out(known, strangers)
    apart = _apart(labelled.photos)
    distribution = NormalDist.from_samples(apart) if len(apart) >= ENOUGH_PAIRS else STRANGERS
    own = _own(known)
    return Measured(
        told=told,
        tiers=_both(told),
        by_size={size: _both(_at_size(known, strangers, size)) for size in SIZES_PX},
        by_references=_by_references(known),
        by_people=_by_people(known, strangers),
        extrapolated=[_extrapolated(people, distribution, own) for people in PEOPLE],
        calibration=_calibration(told),
        strict=LocalRecognizer(gallery_of(known)).strict,
        strangers=distribution,
        pairs=len(apart) if len(apart) >= ENOUGH_PAIRS else 0,
        own=own,
        apart=apart,
    )


def _both(told: Sequence[Said]) -> dict[str, Rates]:
    return {name: rates(told, tier) for tier, name in enumerate(TIERS)}


def _at_size(known: Sequence[Photo], strangers: Sequence[Photo], size: int) -> list[Said]:
    """As :func:`leave_one_out`, the faces of this size; one that is not found is not named."""
    told = []
    for photo in [*known, *strangers]:
        if size not in photo.scaled:
            continue
        others = [other for other in known if other is not photo]
        if photo.name and all(other.name != photo.name for other in others):
            continue
        embedding = photo.scaled[size]
        if embedding is None:
            told.append(Said(photo, (None, None), None, 0, float("inf")))
        else:
            told.append(said(photo, LocalRecognizer(gallery_of(others)), embedding))
    return told


def _by_references(known: Sequence[Photo]) -> dict[int, dict[str, Rates]]:
    """By how many photos of their own a person has in the gallery; others have all of theirs."""
    most = max(sum(other.name == photo.name for other in known) for photo in known) - 1
    found = {}
    for references in range(1, most + 1):
        told = []
        for photo in known:
            own = [other for other in known if other.name == photo.name and other is not photo]
            if len(own) < references:
                continue
            rest = [other for other in known if other.name != photo.name]
            # Each of them once, in turn.
            for start in range(len(own)):
                chosen = [own[(start + step) % len(own)] for step in range(references)]
                told.append(said(photo, LocalRecognizer(gallery_of([*rest, *chosen]))))
                if references == len(own):
                    break
        found[references] = _both(told)
    return found


def _by_people(known: Sequence[Photo], strangers: Sequence[Photo]) -> dict[int, dict[str, Rates]]:
    """By how many people the gallery has: of each size some that were drawn, everybody else being a stranger."""
    names = sorted({photo.name for photo in known})
    sizes = [size for size in (2, 4, 8, 16, 32, 64, 128, 256, 512) if size < len(names)]
    found = {}
    for size in sizes:
        told: list[Said] = []
        for draw in range(DRAWS):
            chosen = set(random.Random(draw).sample(names, size))
            told += leave_one_out([photo for photo in known if photo.name in chosen], strangers)
        found[size] = _both(told)
    found[len(names)] = _both(leave_one_out(known, strangers))
    return found


def _extrapolated(people: int, strangers: NormalDist, own: Sequence[float]) -> Extrapolated:
    photos = people * PHOTOS_EACH
    strict = min(extrapolated_threshold(strangers, photos), THRESHOLD)
    named = 1 - (1 - strangers.cdf(strict)) ** photos
    return Extrapolated(people, strict, named, Share(sum(one <= strict for one in own), len(own)))


def _own(known: Sequence[Photo]) -> list[float]:
    nearest = []
    for photo in known:
        others = [other.embedding for other in known if other.name == photo.name and other is not photo]
        if others:
            nearest.append(min(float(np.linalg.norm(photo.embedding - other)) for other in others))
    return nearest


def _apart(photos: Sequence[Photo]) -> list[float]:
    """Distances of photos of two people. Strangers are somebody else each; nearer than 0.5 it is one of them twice."""
    found = []
    for number, photo in enumerate(photos):
        for other in photos[:number]:
            if photo.name != other.name or not photo.name:
                distance = float(np.linalg.norm(photo.embedding - other.embedding))
                if photo.name or other.name or distance > 0.5:
                    found.append(distance)
    return found


def _calibration(told: Sequence[Said]) -> list[Bin]:
    """Of candidates, the share that is right, by confidence. A stranger's is wrong."""
    bins = []
    for low, high in pairwise(_BINS):
        inside = [
            one for one in told if one.candidate and (low <= one.confidence < high or one.confidence == high == 100)
        ]
        if inside:
            right = sum(one.candidate == one.photo.name for one in inside)
            mean = sum(one.confidence for one in inside) / len(inside)
            bins.append(Bin(low, high, Share(right, len(inside)), mean))
    return bins
