"""A share over time as a small line: cut where nothing was seen and where the way of counting changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from celeb_ops.report.shown import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

WIDTH, HEIGHT, MARGIN = 120, 28, 2
"""Of the drawing, in px."""


@dataclass(frozen=True)
class Period:
    """A day, week or month of the dataset."""

    first: date
    seen: int
    """Captures seen in it: 0 makes a gap."""
    broken: str
    """What of recogniser, gallery and source changed in it; empty: nothing."""


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


def runs(periods: Sequence[Period]) -> list[int]:
    """The number of the unbroken line that each period is on; -1: it is a gap."""
    numbers, number, open_ = [], -1, False
    for period in periods:
        if not period.seen:
            open_ = False
            numbers.append(-1)
            continue
        if not open_ or period.broken:
            number += 1
        open_ = True
        numbers.append(number)
    return numbers


def sparkline(periods: Sequence[Period], captures: Mapping[date, int], what: str) -> Sparkline:
    """:param periods: in order, without holes. :param captures: by period. :param what: ``week`` or ``month``."""
    shares = [captures.get(one.first, 0) / one.seen if one.seen else None for one in periods]
    known = [share for share in shares if share is not None]
    top = max(known, default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(len(periods) - 1, 1)
    places = [
        (round(MARGIN + step * at, 1), round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (share or 0) / top, 1))
        for at, share in enumerate(shares)
    ]
    numbers = runs(periods)
    by_run = [
        [place for place, number in zip(places, numbers, strict=True) if number == run]
        for run in range(max(numbers, default=-1) + 1)
    ]
    return Sparkline(
        lines=tuple(" ".join(f"{x},{y}" for x, y in run) for run in by_run if len(run) > 1),
        dots=tuple(run[0] for run in by_run if len(run) == 1),
        breaks=tuple(
            round(x - step / 2, 1) for (x, _), one in zip(places, periods, strict=True) if one.broken and x > MARGIN
        ),
        words=_words(periods, shares, what),
    )


def _words(periods: Sequence[Period], shares: Sequence[float | None], what: str) -> str:
    known = [(share, one.first) for share, one in zip(shares, periods, strict=True) if share is not None]
    if not known:
        return "Nothing was seen."
    peak, when = max(known)
    gaps = len(shares) - len(known)
    words = f"Share by {what}: {percent(known[-1][0])} in the latest so far, "
    words += f"at most {percent(peak)} ({what} of {when:%-d %b %Y})"
    if gaps:
        words += f"; nothing was seen in {gaps} of {len(shares)} {what}s"
    changes = sum(bool(one.broken) for one in periods[1:])
    if changes:
        words += (
            f"; the way of counting changed {changes} times" if changes > 1 else "; the way of counting changed once"
        )
    return words + "."
