"""A person's page: how much they are shown, where, beside whom, and the pictures as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.report.movement import Movement, movement
from celeb_ops.report.sanitizing import slug
from celeb_ops.report.shares import Point, in_words, periods, points

if TYPE_CHECKING:
    from datetime import date

    from celeb_ops.report.table_cache import Load

Chart = dict[str, Any]
"""For page.js: ``spec`` is a name in ``chart_specs.html``; each dataset is a pair of columns and rows, because one
object per row would double the size of the report."""

SPANS = {"quarter": ("day", 92), "half": ("week", 26), "year": ("week", 53), "all": ("month", None)}
"""How far back a person's page looks, in which steps, and how many of them."""
SPAN_LABELS = {"quarter": "3 months, by day", "year": "a year, by week", "all": "all time, by month"}
TOGETHER = 12
"""How many companions a person's page lists."""


@dataclass(frozen=True)
class PersonPage:
    """The content of a person's page."""

    name: str
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
    headlines: list[dict[str, Any]]
    """The newest texts that name them."""

    @property
    def words(self) -> str:
        """The share over time, for people who do not see the chart."""
        return in_words(self.points, self.kind)

    @cached_property
    def sites(self) -> list[tuple[str, int]]:
        """The sites that show them in the span, each with its number of captures that do; the largest number first."""
        counts = self.weeks.group_by("site").agg(pl.col("captures").sum()).filter(pl.col("captures") > 0)
        return counts.sort("captures", "site", descending=[True, False]).rows()

    @property
    def share_chart(self) -> Chart:
        """The share over time. A line ends where nothing was seen, and where recogniser, gallery, source or the
        counting of adverts changed."""
        seen = [point for point in self.points if point.share is not None]
        shares = [(one.period.first, round(one.share or 0, 4), one.line, one.captures, one.period.seen) for one in seen]
        pairs = zip(self.points, [*self.points[1:], self.points[-1]], strict=True)
        lines = [[*line] for _, line in groupby(pairs, key=lambda pair: pair[0].line)]
        gaps = [(line[0][0].period.first, line[-1][1].period.first) for line in lines if line[0][0].share is None]
        breaks = [(point.period.first, point.period.broken) for point in self.points[1:] if point.period.broken]
        datasets = {
            "rows": (["when", "share", "line", "captures", "seen"], shares),
            "gaps": (["from", "to"], gaps),
            "breaks": (["when", "what"], breaks),
        }
        return {"spec": "share", "datasets": datasets}

    @property
    def sites_chart(self) -> Chart:
        """The weeks on each site. A week in which the site was not seen is left blank."""
        order = pl.Enum([site for site, _ in self.sites])
        weeks = self.weeks.filter(pl.col("seen") > 0, pl.col("site").is_in(order.categories))
        columns = ["site", "week", "captures", "seen"]
        rows = weeks.cast({"site": order}).sort("site", "week").select(columns).rows()
        return {"spec": "sites", "datasets": {"rows": (columns, rows)}}


def name_of(load: Load, segment: str) -> str | None:
    """Return the name that a segment of an address means; None if nobody has it."""
    names = load("people")["name"]
    if not segment.startswith("~"):
        return segment if segment in set(names) else None
    return next((name for name in names if slug(name) == segment), None)


def person(load: Load, name: str, span: str = "year") -> PersonPage:
    """Return the page of a person who is in ``people``."""

    def rows_of(table: str) -> pl.DataFrame:
        return load(table).filter(name=name)

    kind, latest = SPANS[span]
    all_periods = periods(load, kind, latest)
    return PersonPage(
        name=name,
        facts=rows_of("people").row(0, named=True),
        moves={row["kind"]: movement(row) for row in rows_of("movers").to_dicts()},
        span=span,
        kind=kind,
        points=points(all_periods, dict(rows_of(f"{kind}s").select("period", "captures").iter_rows())),
        weeks=_weeks(rows_of("appearances"), load("site_days"), all_periods[0].first),
        together=rows_of("together").head(TOGETHER).to_dicts(),
        evidence=rows_of("evidence").sort("time", descending=True, maintain_order=True).to_dicts(),
        headlines=rows_of("headlines").sort("time", descending=True, maintain_order=True).to_dicts(),
    )


def _weeks(appearances: pl.DataFrame, site_days: pl.DataFrame, first: date) -> pl.DataFrame:
    """Weeks of the sites that ever showed them, as far back as the first day."""
    monday = first - timedelta(days=first.weekday())
    return (
        site_days.filter(pl.col("day") >= monday)
        .join(appearances, on="site", how="semi")
        .group_by("site", week=pl.col("day").dt.truncate("1w"))
        .agg(pl.col("seen").sum())
        .join(appearances.select("site", "week", "captures"), on=["site", "week"], how="left")
        .with_columns(pl.col("captures").fill_null(0))
        .sort("site", "week")
    )
