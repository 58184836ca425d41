"""Who is shown most: the rows of the first page, by period, sites, movement and search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core.names import letters
from celeb_ops.report.movement import Movement, movement
from celeb_ops.report.shares import Sparkline, periods, points, sparkline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.report.table_cache import Load

PERIODS = {"7d": "7 days", "28d": "28 days", "year": "a year", "all": "all time"}
ROWS = 50
"""People on one page."""
GONE = ("falling", "absent")
"""Movements of people who may be in no capture of the period."""
HEAD_Q = 0.1
"""The greatest share of those at the head of the page that chance may have put there (``q``, docs/trends.md)."""
_DAYS = {"7d": 7, "28d": 28, "year": 365}
_SPARK_WEEKS = {"7d": 26, "28d": 26, "year": 52}


@dataclass(frozen=True)
class Query:
    """What somebody asks for. What makes no sense is left out, as if it had not been asked for."""

    period: str = "28d"
    sites: tuple[str, ...] = ()
    move: str = ""
    search: str = ""
    page: int = 1

    @property
    def change_of(self) -> str:
        """Which of the two changes goes with the period."""
        return "week" if self.period == "7d" else "month"


@dataclass(frozen=True)
class Row:
    """A person on the leaderboard."""

    rank: int
    name: str
    captures: int
    share: float
    sites: int
    crop: str | None
    """Key of the evidence; None: there is none."""
    last_seen: datetime
    move: Movement | None
    spark: Sparkline


@dataclass(frozen=True)
class Board:
    """A page of the leaderboard."""

    query: Query
    rows: tuple[Row, ...] = ()
    found: int = 0
    pages: int = 1
    first: date | None = None
    """The first day that counts; None: there is no history."""
    last: datetime | None = None
    """The newest run."""
    seen: int = 0
    """Captures seen that count: what shares are of."""


def board(load: Load, query: Query, rows: int = ROWS) -> Board:
    """:param rows: people on a page."""
    # The newest run, whatever came of it.
    newest = load("runs")["time"].max()
    if not isinstance(newest, datetime):
        return Board(query)
    counted, first, seen = _counted(load, query, newest)
    movers = load("movers").filter(pl.col("kind") == query.change_of)
    found = (
        # Whoever was not seen at all has fallen most.
        counted.filter((pl.col("captures") > 0) | pl.lit(query.move in GONE))
        .join(load("people").select("name", "crop", "last_seen"), on="name")
        .sort("captures", "name", descending=[True, False])
        .with_row_index("rank", offset=1)
        .with_columns(share=pl.col("captures") / (seen or 1))
    )
    if query.move:
        found = found.join(movers.filter(pl.col("mover") == query.move), on="name", how="semi")
    if query.search:
        wanted = letters(query.search)
        found = found.filter(pl.Series([wanted in letters(name) for name in found["name"]], dtype=pl.Boolean))
    pages = max(1, -(-found.height // rows))
    shown = found.slice((min(query.page, pages) - 1) * rows, rows)
    moves = {row["name"]: movement(row) for row in movers.join(shown, on="name", how="semi").to_dicts()}
    sparks = _sparklines(load, shown["name"].to_list(), query.period)
    return Board(
        query=query,
        rows=tuple(Row(**one, move=moves.get(one["name"]), spark=sparks[one["name"]]) for one in shown.to_dicts()),
        found=found.height,
        pages=pages,
        first=first,
        last=newest.astimezone(UTC),
        seen=seen,
    )


def _counted(load: Load, query: Query, newest: datetime) -> tuple[pl.DataFrame, date, int]:
    """``name, captures, sites`` in the period, its first day, and the captures seen in it."""
    if query.period != "year" and not query.sites:
        of = "" if query.period == "all" else f"_{query.period}"
        table = load("people").select("name", captures=f"captures{of}", sites=f"sites{of}")
        times = load("runs").select("time", "seen")
        # The begin itself is outside; the run after it may be on the same day.
        begin = newest - timedelta(days=_DAYS[query.period]) if of else min(times["time"]) - timedelta(seconds=1)
        return table, (begin + timedelta(seconds=1)).date(), int(times.filter(pl.col("time") > begin)["seen"].sum())
    # By site the trends count in whole weeks: the period begins with the Monday in or before it.
    appearances, days = load("appearances"), load("site_days")
    if query.sites:
        appearances, days = (table.filter(pl.col("site").is_in(query.sites)) for table in (appearances, days))
    first = newest.date() - timedelta(days=_DAYS.get(query.period, 1) - 1)
    if query.period == "all":
        first = min(days["day"], default=first)
    monday = first - timedelta(days=first.weekday())
    counted = appearances.filter(pl.col("week") >= monday).group_by("name")
    table = counted.agg(pl.col("captures").sum(), pl.col("site").n_unique().alias("sites"))
    seen = days.filter(pl.col("day") >= monday)["seen"].sum()
    return table, first if query.period == "all" else monday, int(seen)


def _sparklines(load: Load, names: Sequence[str], period: str) -> dict[str, Sparkline]:
    """By name: weeks of half a year or a year, or all months. They are of all sites."""
    kind = "month" if period == "all" else "week"
    over = periods(load, kind, _SPARK_WEEKS.get(period))
    captures: dict[str, dict[date, int]] = {name: {} for name in names}
    rows = load(f"{kind}s").filter(pl.col("name").is_in(names), pl.col("period") >= over[0].first)
    for name, first, count in rows.select("name", "period", "captures").iter_rows():
        captures[name][first] = count
    return {name: sparkline(tuple(points(over, captures[name])), kind) for name in names}


def lead(load: Load) -> list[dict[str, Any]]:
    """The few movers of the week that come before all others: who rises, who is new, who is back."""
    chosen = [*_clearest(load, "rising", 4), *_clearest(load, "newcomer", 2), *_clearest(load, "returner", 2)]
    return [row | {"movement": movement(row)} for row in chosen[:6]]


def _clearest(load: Load, mover: str, most: int) -> list[dict[str, Any]]:
    """The people of the latest week who moved so, the clearest first, with what ``people`` knows of them."""
    # Of a thousand people dozens pass 1.96 by chance: at the head of a page at most a tenth may be there by it.
    by_chance = pl.col("q").fill_null(0) > HEAD_Q
    table = load("movers").filter(pl.col("kind") == "week", pl.col("mover") == mover, ~by_chance)
    by = pl.col("z").abs() if mover == "rising" else "captures_now"
    table = table.sort(by, descending=True, nulls_last=True).head(most)
    people = load("people").select("name", "crop", "headline", "link", "last_seen")
    return table.join(people, on="name", maintain_order="left").to_dicts()


def latest(load: Load, most: int) -> list[dict[str, Any]]:
    """The newest evidence, a person once."""
    table = load("evidence").top_k(most * 25, by="time").sort("time", "confidence", descending=True)
    return table.unique("name", keep="first", maintain_order=True).head(most).to_dicts()
