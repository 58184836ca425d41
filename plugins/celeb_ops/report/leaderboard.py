"""The leaderboard: the rows of the first page, by period, sites, movement and search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core.names import letters
from celeb_ops.report.movement import movement
from celeb_ops.report.shares import Sparkline, periods, points, sparkline
from celeb_ops.trends.movers import HEAD_Q

if TYPE_CHECKING:
    from celeb_ops.report.table_cache import Load

PERIODS = {"7d": "7 days", "28d": "28 days", "year": "a year", "all": "all time"}
BY = {"captures": "shown", "named": "named"}
"""The columns by which people are sorted, each with its word."""
ROWS = 50
"""People on one page."""
_COUNTS = ("captures", "named", "both")
_GONE = ("falling", "absent")
"""Movements of people who may be in no capture of the period."""
_DAYS = {"7d": 7, "28d": 28, "year": 365}
_SPARK_WEEKS = {"7d": 26, "28d": 26, "year": 52}


@dataclass(frozen=True)
class Query:
    """A visitor's query."""

    period: str = "28d"
    sites: tuple[str, ...] = ()
    move: str = ""
    search: str = ""
    page: int = 1
    by: str = "captures"
    """A key of :data:`BY`: the captures that show people, or by those whose words name them."""


@dataclass(frozen=True)
class Board:
    """A page of the leaderboard."""

    query: Query
    rows: tuple[dict[str, Any], ...] = ()
    """``rank, name, captures, named, both, share, sites, crop, last_seen, last_named, move, spark``."""
    found: int = 0
    pages: int = 1
    first: date | None = None
    """The first day that counts; None: there is no history."""
    from_start: bool = False
    """The first day is that of the first capture: the period began before it."""
    last: datetime | None = None
    """The newest run."""
    seen: int = 0
    """Captures seen that count: what shares are of."""


def board(load: Load, query: Query, size: int = ROWS) -> Board:
    """:param size: people on a page."""
    # All runs, whatever their outcome.
    times = load("runs")["time"]
    oldest, newest = times.min(), times.max()
    if not (isinstance(oldest, datetime) and isinstance(newest, datetime)):
        return Board(query)
    people, first, seen = _people(load, query, newest)
    start = oldest.astimezone(UTC).date()
    movers = load("movers").filter(kind="week" if query.period == "7d" else "month")
    found = (
        # People who were not seen at all have fallen most.
        people.filter((pl.max_horizontal(*BY) > 0) | pl.lit(query.move in _GONE))
        .join(load("people").select("name", "crop", "last_seen", "last_named"), on="name")
        .sort(*dict.fromkeys((query.by, *BY)), "name", descending=[True] * len(BY) + [False])
        .with_row_index("rank", offset=1)
        .with_columns(share=pl.col(query.by) / (seen or 1))
    )
    if query.move:
        found = found.join(movers.filter(mover=query.move), on="name", how="semi")
    if query.search:
        wanted = letters(query.search)
        found = found.filter(pl.Series([wanted in letters(name) for name in found["name"]], dtype=pl.Boolean))
    pages = max(1, -(-found.height // size))
    on_page = found.slice((min(query.page, pages) - 1) * size, size)
    moves = {row["name"]: movement(row) for row in movers.join(on_page, on="name", how="semi").to_dicts()}
    sparks = _sparklines(load, on_page["name"].to_list(), query.period)
    rows = (row | {"move": moves.get(row["name"]), "spark": sparks[row["name"]]} for row in on_page.to_dicts())
    last = newest.astimezone(UTC)
    return Board(query, tuple(rows), found.height, pages, max(first, start), first <= start, last, seen)


def _people(load: Load, query: Query, newest: datetime) -> tuple[pl.DataFrame, date, int]:
    """``name, captures, named, both, sites`` in the period, its first day, and the captures seen in it."""
    if query.period != "year" and not query.sites:
        suffix = "" if query.period == "all" else f"_{query.period}"
        people = load("people").select("name", **{name: f"{name}{suffix}" for name in (*_COUNTS, "sites")})
        runs = load("runs").select("time", "seen")
        # The begin itself is outside; the run after it may be on the same day.
        begin = newest - timedelta(days=_DAYS[query.period]) if suffix else min(runs["time"]) - timedelta(seconds=1)
        return people, (begin + timedelta(seconds=1)).date(), int(runs.filter(pl.col("time") > begin)["seen"].sum())
    # By site the trends count in whole weeks: the period begins with the Monday in or before it.
    appearances, days = load("appearances"), load("site_days")
    if query.sites:
        appearances, days = (table.filter(pl.col("site").is_in(query.sites)) for table in (appearances, days))
    first = newest.date() - timedelta(days=_DAYS.get(query.period, 1) - 1)
    if query.period == "all":
        first = min(days["day"], default=first)
    monday = first - timedelta(days=first.weekday())
    by_name = appearances.filter(pl.col("week") >= monday).group_by("name")
    people = by_name.agg(pl.col(_COUNTS).sum(), pl.col("site").filter(pl.col("captures") > 0).n_unique().alias("sites"))
    seen = days.filter(pl.col("day") >= monday)["seen"].sum()
    return people, first if query.period == "all" else monday, int(seen)


def _sparklines(load: Load, names: list[str], period: str) -> dict[str, Sparkline]:
    """Small charts by name: weeks of half a year or a year, or all months. They count all sites."""
    kind = "month" if period == "all" else "week"
    all_periods = periods(load, kind, _SPARK_WEEKS.get(period))
    rows = load(f"{kind}s").filter(pl.col("name").is_in(names), pl.col("period") >= all_periods[0].first)
    captures: dict[str, dict[date, int]] = {name: {} for name in names}
    for name, first, count in rows.select("name", "period", "captures").iter_rows():
        captures[name][first] = count
    return {name: sparkline(points(all_periods, captures[name]), kind) for name in names}


def lead(load: Load, times: int = 1) -> list[dict[str, Any]]:
    """The clearest movers of the week, with what ``people`` knows of them: who rises, who is new, who is back.

    :param times: so many times as many as a page has.
    """
    # Of a thousand people dozens pass 1.96 by chance: at the head of a page at most a tenth may be there by it.
    week = load("movers").filter(pl.col("kind") == "week", pl.col("q").fill_null(0) <= HEAD_Q)
    people = load("people").select("name", "crop", "headline", "link", "last_seen")
    rows = []
    for mover, by, most in (("rising", "z", 4), ("newcomer", "captures_now", 2), ("returner", "captures_now", 2)):
        clearest = week.filter(mover=mover).sort(by, descending=True, nulls_last=True).head(most * times)
        rows += clearest.join(people, on="name", maintain_order="left").to_dicts()
    # Pages show the alternative text of somebody without a headline; people have none.
    return [row | {"movement": movement(row), "alt": ""} for row in rows[: 6 * times]]


def latest(load: Load, most: int = 8) -> list[dict[str, Any]]:
    """The newest evidence, a person once."""
    table = load("evidence").top_k(most * 25, by="time").sort("time", "confidence", descending=True)
    return table.unique("name", keep="first", maintain_order=True).head(most).to_dicts()
