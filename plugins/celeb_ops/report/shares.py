"""A share over time: its points, the same as a small line, and in words.

A line ends where nothing was seen, and where the way of counting changed.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from celeb_ops.core.text import counted
from celeb_ops.report.sanitizing import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from celeb_ops.report.table_cache import Load

WIDTH, HEIGHT, MARGIN = 120, 28, 2
"""The small line's size, in px."""


class Period(NamedTuple):
    """A day, week or month of the dataset."""

    first: date
    seen: int
    """Seen captures in it: 0 makes a gap."""
    broken: str
    """What changed in it: of recogniser, gallery, source and the counting of adverts; empty: nothing."""


class Point(NamedTuple):
    """A person's share in a period."""

    period: Period
    captures: int
    line: int
    """The number of its unbroken line. The points of a gap have a number of their own, and are not drawn."""

    @property
    def share(self) -> float | None:
        return self.captures / self.period.seen if self.period.seen else None


class Sparkline(NamedTuple):
    """A small line, ready to be drawn. Positions are px from the left and the top."""

    lines: tuple[str, ...]
    """``points`` of each unbroken line."""
    dots: tuple[tuple[float, float], ...]
    """The points of lines that have only one point."""
    breaks: tuple[float, ...]
    words: str


def periods(load: Load, kind: str, latest: int | None = None) -> list[Period]:
    """Return the dataset's days, weeks or months in order, or only the latest; they include those without a run."""
    table = load("periods").filter(kind=kind).sort("period")
    rows = table.select("period", "seen", pl.col("break").fill_null("")).tail(latest or table.height).iter_rows()
    return [Period(*row) for row in rows]


def points(periods: Sequence[Period], captures: Mapping[date, int]) -> tuple[Point, ...]:
    """:param periods: in order, without holes. :param captures: by the first day of the period."""
    line, result = 0, []
    for before, period in zip([*periods[:1], *periods], periods, strict=False):
        line += before is not period and (bool(period.broken) or bool(period.seen) != bool(before.seen))
        result.append(Point(period, captures.get(period.first, 0), line))
    return tuple(result)


def in_words(points: Sequence[Point], kind: str) -> str:
    """Describe the line in a sentence, for people who do not see it. :param kind: ``day``, ``week`` or ``month``."""
    shares = [(point.share, point.period.first) for point in points if point.share is not None]
    if not shares:
        return "Nothing was seen in this time."
    most, when = max(shares, key=lambda pair: pair[0])
    words = f"Share of seen captures by {kind}: {percent(shares[-1][0])} in the latest {kind} with a seen capture, "
    words += f"at most {percent(most)} in the {kind} of {when:%-d %b %Y}."
    if gaps := len(points) - len(shares):
        words += f" Nothing was seen in {counted(gaps, kind)}."
    if breaks := sum(bool(point.period.broken) for point in points[1:]):
        words += f" The counting changed {'once' if breaks == 1 else f'{breaks} times'}."
    return words


def sparkline(points: Sequence[Point], kind: str) -> Sparkline:
    """Return the small line through a person's points."""
    top = max((point.share or 0 for point in points), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(len(points) - 1, 1)

    def place(at: float, share: float) -> tuple[float, float]:
        return round(MARGIN + step * at, 1), round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share / top, 1)

    by_line = groupby(enumerate(points), key=lambda pair: pair[1].line)
    lines = [[place(at, point.share) for at, point in line if point.share is not None] for _, line in by_line]
    return Sparkline(
        lines=tuple(" ".join(f"{x},{y}" for x, y in line) for line in lines if len(line) > 1),
        dots=tuple(line[0] for line in lines if len(line) == 1),
        breaks=tuple(place(at - 0.5, 0)[0] for at, point in enumerate(points) if at and point.period.broken),
        words=in_words(points, kind),
    )
