"""Who is shown most: the rows of the first page, by period, sites, movement and search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.names import letters
from celeb_ops.report.movement import WORDS, Movement, movement
from celeb_ops.report.sparkline import Period, Sparkline, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PERIODS = {"7d": "7 days", "28d": "28 days", "year": "a year", "all": "all time"}
ROWS = 50
"""People on one page."""
MOVES = tuple(WORDS)
GONE = ("falling", "absent")
"""Movements of people who may be in no capture of the period."""
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
    move: Movement | None
    spark: Sparkline
    crop: str
    """Key of the evidence; empty: there is none."""
    last_seen: datetime


@dataclass(frozen=True)
class Board:
    """A page of the leaderboard."""

    query: Query
    rows: tuple[Row, ...]
    found: int
    pages: int
    first: date | None
    """The first day that counts; None: there is no history."""
    last: datetime | None
    """The newest run."""
    seen: int
    """Captures seen that count: what shares are of."""


def board(load: Callable[[str], pl.DataFrame], query: Query, rows: int = ROWS) -> Board:
    """:param load: gives a table of the trends by its name. :param rows: people on a page."""
    newest = newest_run(load)
    if newest is None:
        return Board(query, (), 0, 1, None, None, 0)
    counted, first, seen = _counted(load, query, newest)
    # Whoever was not seen at all has fallen most.
    if query.move not in GONE:
        counted = counted.filter(pl.col("captures") > 0)
    counted = counted.sort(["captures", "name"], descending=[True, False])
    counted = counted.with_row_index("rank", offset=1)
    moves = _moves(load("movers").filter(pl.col("kind") == query.change_of))
    if query.move:
        chosen = [name for name, move in moves.items() if move.mover == query.move]
        counted = counted.filter(pl.col("name").is_in(chosen))
    if query.search:
        wanted = letters(query.search)
        counted = counted.filter(pl.Series([wanted in letters(name) for name in counted["name"]], dtype=pl.Boolean))
    pages = max(1, -(-counted.height // rows))
    start = (min(query.page, pages) - 1) * rows
    shown = counted.slice(start, rows)
    people = {row["name"]: row for row in load("people").filter(pl.col("name").is_in(shown["name"])).to_dicts()}
    sparks = sparklines(load, shown["name"].to_list(), query.period)
    return Board(
        query=query,
        rows=tuple(
            Row(
                rank=one["rank"],
                name=one["name"],
                captures=one["captures"],
                share=one["captures"] / seen if seen else 0,
                sites=one["sites"],
                move=moves.get(one["name"]),
                spark=sparks[one["name"]],
                crop=people[one["name"]]["crop"] or "",
                last_seen=people[one["name"]]["last_seen"],
            )
            for one in shown.to_dicts()
            if one["name"] in people
        ),
        found=counted.height,
        pages=pages,
        first=first,
        last=newest,
        seen=seen,
    )


def newest_run(load: Callable[[str], pl.DataFrame]) -> datetime | None:
    """The time of the newest run, whatever came of it."""
    newest = load("runs")["time"].max()
    return newest.astimezone(UTC) if isinstance(newest, datetime) else None


def _counted(load: Callable[[str], pl.DataFrame], query: Query, newest: datetime) -> tuple[pl.DataFrame, date, int]:
    """``name, captures, sites`` in the period, its first day, and the captures seen in it."""
    if query.period in ("7d", "28d") and not query.sites:
        days = int(query.period.removesuffix("d"))
        begin = newest - timedelta(days=days)
        table = load("people").select("name", captures=pl.col(f"captures_{days}d"), sites=pl.col(f"sites_{days}d"))
        seen = load("runs").filter(pl.col("time") > begin)["seen"].sum()
        # The begin itself is outside; the run after it may be on the same day.
        return table, (begin + timedelta(seconds=1)).date(), int(seen)
    if query.period == "all" and not query.sites:
        periods = load("periods").filter(pl.col("kind") == "day")
        first = periods["period"].min()
        table = load("people").select("name", "captures", "sites")
        return table, first if isinstance(first, date) else newest.date(), int(periods["seen"].sum())
    return _in_weeks(load, query, newest)


def _in_weeks(load: Callable[[str], pl.DataFrame], query: Query, newest: datetime) -> tuple[pl.DataFrame, date, int]:
    """By site the trends count in whole weeks: the period begins with the Monday in or before it."""
    appearances, days = load("appearances"), load("site_days")
    if query.sites:
        appearances = appearances.filter(pl.col("site").is_in(list(query.sites)))
        days = days.filter(pl.col("site").is_in(list(query.sites)))
    length = {"7d": 6, "28d": 27, "year": 364}.get(query.period)
    if length is None:
        begin = days["day"].min()
        first = begin if isinstance(begin, date) else newest.date()
    else:
        first = newest.date() - timedelta(days=length)
    first -= timedelta(days=first.weekday())
    table = (
        appearances.filter(pl.col("week") >= first)
        .group_by("name")
        .agg(pl.col("captures").sum(), pl.col("site").n_unique().alias("sites"))
    )
    return table, first, int(days.filter(pl.col("day") >= first)["seen"].sum())


HEAD_Q = 0.1
"""The greatest share of those at the head of the page that chance may have put there (``q``, docs/trends.md)."""


def _moves(movers: pl.DataFrame) -> dict[str, Movement]:
    return {row["name"]: movement(row) for row in movers.to_dicts()}


def periods_of(load: Callable[[str], pl.DataFrame], kind: str, latest: int | None = None) -> list[Period]:
    """The dataset's days, weeks or months in order, or the latest of them; those without any run are among them."""
    table = load("periods").filter(pl.col("kind") == kind).sort("period")
    if latest is not None:
        table = table.tail(latest)
    return [Period(row["period"], row["seen"], row["break"] or "") for row in table.to_dicts()]


def sparklines(load: Callable[[str], pl.DataFrame], names: Sequence[str], period: str) -> dict[str, Sparkline]:
    """By name: weeks of half a year or a year, or all months. They are of all sites."""
    kind, latest = ("month", None) if period == "all" else ("week", _SPARK_WEEKS[period])
    periods = periods_of(load, kind, latest)
    captures: dict[str, dict[date, int]] = {name: {} for name in names}
    if periods:
        rows = load(f"{kind}s").filter(pl.col("name").is_in(list(names)), pl.col("period") >= periods[0].first)
        for row in rows.select("name", "period", "captures").iter_rows():
            captures[row[0]][row[1]] = row[2]
    return {name: sparkline(periods, captures[name], kind) for name in names}


def movers(load: Callable[[str], pl.DataFrame], mover: str, most: int) -> list[dict[str, Any]]:
    """The people of the latest week who moved so, the clearest first, with what ``people`` knows of them."""
    table = load("movers").filter(pl.col("kind") == "week", pl.col("mover") == mover)
    # Of a thousand people dozens pass 1.96 by chance: at the head of a page at most a tenth may be there by it.
    table = table.filter(pl.col("q").is_null() | (pl.col("q") <= HEAD_Q))
    by = "captures_now" if mover in ("newcomer", "returner") else pl.col("z").abs()
    table = table.sort(by, descending=True, nulls_last=True).head(most)
    people = load("people").select("name", "crop", "headline", "link", "last_seen")
    return table.join(people, on="name", how="inner", maintain_order="left").to_dicts()


def lead(load: Callable[[str], pl.DataFrame]) -> list[dict[str, Any]]:
    """The few movers of the week that come before all others: who rises, who is new, who is back."""
    chosen = [
        row | {"movement": movement(row)}
        for mover, most in (("rising", 4), ("newcomer", 2), ("returner", 2))
        for row in movers(load, mover, most)
    ]
    return chosen[:6]


def latest(load: Callable[[str], pl.DataFrame], most: int) -> list[dict[str, Any]]:
    """The newest evidence, a person once."""
    table = load("evidence").top_k(most * 25, by="time").sort("time", "confidence", descending=True)
    return table.unique("name", keep="first", maintain_order=True).head(most).to_dicts()
