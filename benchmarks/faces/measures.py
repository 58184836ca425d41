"""Shares with their intervals: of photos named right, of other names, of strangers named; and whether 80 means 80."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from scipy.stats import binomtest

from benchmarks.faces.labelled import NOBODY, SEVERAL, WORDS
from benchmarks.faces.pages import SIDES_PX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.faces.naming import Said, Size
    from celeb_ops.recognition.recognizer import Face

    Tier = Callable[[Said], Sequence[Face]]

TIERS: dict[str, Tier] = {"face alone": lambda one: one.alone, "face and page words": lambda one: one.with_words}
CHANCE = "face and page words, by chance beside strangers"
BINS = (0, 50, 60, 70, 80, 85, 90, 95, 100)


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

    @property
    def short(self) -> str:
        """``96 % (80–99)``; empty: of none."""
        if not self.interval:
            return ""
        low, high = (_percent(end) for end in self.interval)
        return f"{_percent(self.part / self.whole)} % ({low}–{high})"

    def __str__(self) -> str:
        """``23 of 24 = 96 % (80–99)``."""
        return f"{self.part} of {self.whole} = {self.short}" if self.whole else "none"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if 0 < share < 0.0995 else f"{100 * share:.0f}"


@dataclass(frozen=True)
class Rates:
    """How right the names on some photos are, at one size and tier."""

    right: Share
    """Photos on which the person they are of is named."""
    others: Share
    """Photos of one person on which anybody else is named."""
    strangers: Share
    """Photos of strangers on which anybody is named."""


@dataclass(frozen=True)
class Bin:
    """Names of about one confidence."""

    low: int
    high: int
    right: Share
    confidence: float
    """Their mean."""


@dataclass
class Measured:
    """All of it."""

    by_people: dict[tuple[int, str, int, str], Rates] = field(default_factory=dict)
    """By people known, what they are, px and tier."""
    by_kind: dict[tuple[str, int, str], Rates] = field(default_factory=dict)
    """By kind, px and tier, with everybody known."""
    nobody: dict[tuple[str, str], Share] = field(default_factory=dict)
    """By kind of :data:`NOBODY` and tier: photos named as the one who is not to be seen there."""
    reliability: dict[str, list[Bin]] = field(default_factory=dict)
    """By tier."""
    said: list[Said] = field(default_factory=list)
    """Of each photo and size, with everybody known."""
    version: str = ""
    """The recogniser's."""


def take(measured: Measured, size: Size, told: Sequence[Said]) -> None:
    """Add what galleries of a size said."""
    for side in SIDES_PX:
        here = [one for one in told if one.side == side]
        for tier, faces in TIERS.items():
            measured.by_people[size.people, size.about, side, tier] = rates(here, faces)


def take_all(measured: Measured, told: Sequence[Said]) -> None:
    """Add what the gallery of everybody said, by kind, and how sure it was."""
    measured.said.extend(told)
    kinds = sorted({one.photo.kind for one in told if one.photo.name} - set(NOBODY), key=_order)
    for tier, faces in TIERS.items():
        for kind in kinds:
            for side in SIDES_PX:
                here = [one for one in told if (one.photo.kind, one.side) == (kind, side)]
                measured.by_kind[kind, side, tier] = rates(here, faces)
        for kind in NOBODY:
            here = [one for one in told if one.photo.kind == kind]
            if here:
                measured.nobody[kind, tier] = Share(sum(_right(one, faces) for one in here), len(here))
        measured.reliability[tier] = reliability(told, faces)
    measured.reliability[CHANCE] = reliability(told, lambda one: one.by_chance)


def rates(told: Iterable[Said], faces: Tier) -> Rates:
    """Of what was said, at a tier."""
    known = [one for one in told if one.photo.name and one.photo.kind not in NOBODY]
    single = [one for one in known if one.photo.kind not in SEVERAL]
    strangers = [one for one in told if not one.photo.name]
    return Rates(
        Share(sum(_right(one, faces) for one in known), len(known)),
        Share(sum(bool(others(one, faces)) for one in single), len(single)),
        Share(sum(bool(faces(one)) for one in strangers), len(strangers)),
    )


def others(one: Said, faces: Tier) -> list[Face]:
    """The faces that have another name than the photo's person."""
    return [face for face in faces(one) if face.name != one.photo.name]


def reliability(told: Iterable[Said], faces: Tier) -> list[Bin]:
    """Of the names, by how sure they are said to be, the share that is right; a stranger's is wrong."""
    names = [
        (face.confidence, face.name == one.photo.name)
        for one in told
        for face in faces(one)
        if one.photo.kind not in SEVERAL
    ]
    bins = []
    for low, high in pairwise(BINS):
        inside = [(said, right) for said, right in names if low <= said < high or said == high == BINS[-1]]
        if inside:
            mean = sum(said for said, _ in inside) / len(inside)
            bins.append(Bin(low, high, Share(sum(right for _, right in inside), len(inside)), mean))
    return bins


def _right(one: Said, faces: Tier) -> bool:
    return any(face.name == one.photo.name for face in faces(one))


def _order(kind: str) -> tuple[int, str]:
    return [*WORDS, kind].index(kind), kind
