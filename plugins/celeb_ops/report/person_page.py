"""One person: how much they are shown, where, beside whom, and the pictures that say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.report.movement import Movement, movement
from celeb_ops.report.sanitizing import slug
from celeb_ops.report.shares import Point, in_words, periods, points

if TYPE_CHECKING:
    from datetime import date

    from celeb_ops.report.table_cache import Load

SPANS = {"quarter": ("day", 92), "half": ("week", 26), "year": ("week", 53), "all": ("month", None)}
"""How far back a person's page looks, in which steps, and how many of them."""
SPAN_WORDS = {"quarter": "3 months, by day", "year": "a year, by week", "all": "all time, by month"}
TOGETHER = 12
"""People beside whom somebody is shown, on a page."""


@dataclass(frozen=True)
class PersonPage:
    """What a person's page shows."""

    facts: dict[str, Any]
    """Their row of ``people``."""
    moves: dict[str, Movement]
    """By ``week`` and ``month``."""
    span: str
    kind: str
    points: tuple[Point, ...]
    weeks: pl.DataFrame
    """``site``, ``week``, ``seen`` captures and those ``captures`` that show them."""
    together: list[dict[str, Any]]
    evidence: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def words(self) -> str:
        """The share over time, for people who do not see the chart."""
        return in_words(self.points, self.kind)

    @cached_property
    def sites(self) -> list[tuple[str, int]]:
        """Sites that show them in the span, and in how many captures; the most first."""
        counts = self.weeks.group_by("site").agg(pl.col("captures").sum()).filter(pl.col("captures") > 0)
        return counts.sort("captures", "site", descending=[True, False]).rows()


def name_of(load: Load, segment: str) -> str | None:
    """The name that a segment of an address stands for; None: there is nobody by it."""
    names = load("people")["name"]
    if not segment.startswith("~"):
        return segment if segment in set(names) else None
    return next((name for name in names if slug(name) == segment), None)


def person(load: Load, name: str, span: str = "year") -> PersonPage:
    """The page of somebody who is in ``people``."""

    def theirs(table: str) -> pl.DataFrame:
        return load(table).filter(pl.col("name") == name)

    kind, latest = SPANS[span]
    over = periods(load, kind, latest)
    together = theirs("together").sort("pictures", "pages", "other", descending=[True, True, False])
    return PersonPage(
        facts=theirs("people").row(0, named=True),
        moves={row["kind"]: movement(row) for row in theirs("movers").to_dicts()},
        span=span,
        kind=kind,
        points=tuple(points(over, dict(theirs(f"{kind}s").select("period", "captures").iter_rows()))),
        weeks=_weeks(theirs("appearances"), load("site_days"), over[0].first),
        together=together.head(TOGETHER).to_dicts(),
        evidence=theirs("evidence").sort("time", descending=True, maintain_order=True).to_dicts(),
    )


def _weeks(shown: pl.DataFrame, site_days: pl.DataFrame, first: date) -> pl.DataFrame:
    """Weeks of the sites that ever showed them, as far back as the first day."""
    monday = first - timedelta(days=first.weekday())
    return (
        site_days.filter(pl.col("day") >= monday)
        .join(shown, on="site", how="semi")
        .group_by("site", week=pl.col("day").dt.truncate("1w"))
        .agg(pl.col("seen").sum())
        .join(shown.select("site", "week", "captures"), on=["site", "week"], how="left")
        .with_columns(pl.col("captures").fill_null(0))
        .sort("site", "week")
    )
