"""One person: how much they are shown, where, beside whom, and the pictures that say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.report.leaderboard import periods_of
from celeb_ops.report.movement import Movement, movement
from celeb_ops.report.shown import slug
from celeb_ops.report.sparkline import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from celeb_ops.report.sparkline import Period

SPANS = {"quarter": ("day", 92), "half": ("week", 26), "year": ("week", 53), "all": ("month", None)}
"""How far back a person's page looks, in which steps, and how many of them."""
SPAN_WORDS = {"quarter": "3 months, by day", "year": "a year, by week", "all": "all time, by month"}
TOGETHER = 12
"""People beside whom somebody is shown, on a page."""


@dataclass(frozen=True)
class Point:
    """A person's share in a period."""

    period: Period
    captures: int
    line: int
    """Which unbroken line it is on; -1: nothing was seen."""

    @property
    def share(self) -> float | None:
        return self.captures / self.period.seen if self.period.seen else None


@dataclass(frozen=True)
class SiteWeek:
    """A week of a site: whether it was seen, and the captures that show the person."""

    site: str
    week: date
    seen: int
    captures: int


@dataclass(frozen=True)
class Person:
    """What a person's page shows."""

    facts: dict[str, Any]
    """Their row of ``people``."""
    week: Movement | None
    month: Movement | None
    span: str
    kind: str
    points: tuple[Point, ...]
    weeks: tuple[SiteWeek, ...]
    together: tuple[dict[str, Any], ...]
    evidence: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def sites(self) -> list[tuple[str, int]]:
        """Sites that show them in the span, and in how many captures; the most first."""
        counts: dict[str, int] = {}
        for one in self.weeks:
            counts[one.site] = counts.get(one.site, 0) + one.captures
        return sorted(((site, n) for site, n in counts.items() if n), key=lambda one: (-one[1], one[0]))


def name_of(load: Callable[[str], pl.DataFrame], segment: str) -> str | None:
    """The name that a segment of an address stands for; None: there is nobody by it."""
    names = load("people")["name"]
    if not segment.startswith("~"):
        return segment if segment in set(names) else None
    return next((name for name in names if slug(name) == segment), None)


def person(load: Callable[[str], pl.DataFrame], name: str, span: str = "year") -> Person:
    """The page of somebody who is in ``people``."""
    facts = load("people").filter(pl.col("name") == name).to_dicts()[0]
    moves = {row["kind"]: movement(row) for row in load("movers").filter(pl.col("name") == name).to_dicts()}
    kind, latest = SPANS[span]
    periods = periods_of(load, kind, latest)
    return Person(
        facts=facts,
        week=moves.get("week"),
        month=moves.get("month"),
        span=span,
        kind=kind,
        points=tuple(_points(periods, load(f"{kind}s").filter(pl.col("name") == name))),
        weeks=tuple(_site_weeks(load, name, periods)),
        together=tuple(
            load("together")
            .filter(pl.col("name") == name)
            .sort(["pictures", "pages", "other"], descending=[True, True, False])
            .head(TOGETHER)
            .to_dicts()
        ),
        evidence=tuple(
            load("evidence")
            .filter(pl.col("name") == name)
            .sort("time", descending=True, maintain_order=True)
            .to_dicts()
        ),
    )


def _points(periods: list[Period], rows: pl.DataFrame) -> Iterable[Point]:
    captures = dict(rows.select("period", "captures").iter_rows())
    for period, line in zip(periods, runs(periods), strict=True):
        yield Point(period, captures.get(period.first, 0), line)


def _site_weeks(load: Callable[[str], pl.DataFrame], name: str, periods: list[Period]) -> Iterable[SiteWeek]:
    """Weeks of the sites that ever showed them, as far back as the periods go."""
    if not periods:
        return
    first = periods[0].first - timedelta(days=periods[0].first.weekday())
    shown = load("appearances").filter(pl.col("name") == name)
    captures = {(site, week): n for site, week, n in shown.select("site", "week", "captures").iter_rows()}
    sites = shown["site"].unique()
    weeks = (
        load("site_days")
        .filter(pl.col("site").is_in(sites.to_list()), pl.col("day") >= first)
        .group_by("site", week=pl.col("day").dt.truncate("1w"))
        .agg(pl.col("seen").sum())
        .sort("site", "week")
    )
    for site, week, seen in weeks.select("site", "week", "seen").iter_rows():
        yield SiteWeek(site, week, seen, captures.get((site, week), 0))
