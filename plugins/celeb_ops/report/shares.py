"""A share over time: its points, the same as a small line, and in words.

A line ends where nothing was seen, and where the way of counting changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.report.sanitizing import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from celeb_ops.report.table_cache import Load

WIDTH, HEIGHT, MARGIN = 120, 28, 2
"""Of the small line, in px."""


@dataclass(frozen=True)
class Period:
    """A day, week or month of the dataset."""

    first: date
    seen: int
    """Captures seen in it: 0 makes a gap."""
    broken: str
    """What of recogniser, gallery and source changed in it; empty: nothing."""


@dataclass(frozen=True)
class Point:
    """A person's share in a period."""

    period: Period
    captures: int
    line: int
    """Which unbroken line it is on; those of a gap are on one of their own."""

    @property
    def share(self) -> float | None:
        return self.captures / self.period.seen if self.period.seen else None


@dataclass(frozen=True)
class Sparkline:
    """Ready to be drawn, with what it says in words."""

    lines: tuple[str, ...]
    """``points`` of each unbroken line."""
    dots: tuple[tuple[float, float], ...]
    """Where a line would have one point."""
    breaks: tuple[float, ...]
    """From the left, in px."""
    words: str


def periods(load: Load, kind: str, latest: int | None = None) -> list[Period]:
    """The dataset's days, weeks or months in order, or the latest of them; those without any run are among them."""
    table = load("periods").filter(pl.col("kind") == kind).sort("period")
    rows = table.select("period", "seen", pl.col("break").fill_null("")).tail(latest or table.height).iter_rows()
    return [Period(*row) for row in rows]


def points(over: Sequence[Period], captures: Mapping[date, int]) -> Iterator[Point]:
    """:param over: in order, without holes. :param captures: by the first day of the period."""
    line = 0
    for at, period in enumerate(over):
        line += bool(at and (period.broken or bool(period.seen) != bool(over[at - 1].seen)))
        yield Point(period, captures.get(period.first, 0), line)


def in_words(over: Sequence[Point], kind: str) -> str:
    """The line in a sentence, for people who do not see it. :param kind: ``day``, ``week`` or ``month``."""
    known = [(point.share, point.period.first) for point in over if point.share is not None]
    if not known:
        return "Nothing was seen in this time."
    most, when = max(known, key=lambda one: one[0])
    told = f"Share of seen captures by {kind}: {percent(known[-1][0])} in the latest {kind} so far, "
    told += f"at most {percent(most)} in the {kind} of {when:%-d %b %Y}."
    if gaps := len(over) - len(known):
        told += f" Nothing was seen in {counted(gaps, kind)}."
    if breaks := sum(bool(point.period.broken) for point in over[1:]):
        told += f" The way of counting changed {'once' if breaks == 1 else f'{breaks} times'}."
    return told


def sparkline(over: Sequence[Point], kind: str) -> Sparkline:
    """The small line of a person's points."""
    top = max((point.share or 0 for point in over), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(len(over) - 1, 1)

    def place(at: int, share: float) -> tuple[float, float]:
        return round(MARGIN + step * at, 1), round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share / top, 1)

    by_line = groupby(enumerate(over), key=lambda one: one[1].line)
    lines = [[place(at, point.share) for at, point in line if point.share is not None] for _, line in by_line]
    return Sparkline(
        lines=tuple(" ".join(f"{x},{y}" for x, y in line) for line in lines if len(line) > 1),
        dots=tuple(line[0] for line in lines if len(line) == 1),
        breaks=tuple(
            round(MARGIN + step * (at - 0.5), 1) for at, point in enumerate(over) if at and point.period.broken
        ),
        words=in_words(over, kind),
    )
