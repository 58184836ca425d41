"""Shares by day, week and month. A share is of the *seen* captures: the others are gaps, never zeros.

Where the way of measuring changes is a break: what lies before it is not comparable with what lies after it.
"""

from __future__ import annotations

import polars as pl

from celeb_ops.trends.history import SEEN, summed

START = {
    "day": pl.col("time").dt.date(),
    "week": pl.col("time").dt.truncate("1w").dt.date(),
    "month": pl.col("time").dt.truncate("1mo").dt.date(),
}
"""The first day of the period that a run time is in (UTC; a week begins on Monday, as in ISO 8601)."""
_STEP = {"day": "1d", "week": "1w", "month": "1mo"}

OUTCOMES = [
    (pl.col("outcome") == outcome).sum().cast(pl.Int32).alias(outcome) for outcome in ("seen", "skipped", "failed")
]
COUNTS = [
    pl.col("shown").sum().cast(pl.Int32).alias("captures"),
    pl.col("named").sum().cast(pl.Int32),
    (pl.col("shown") & pl.col("named")).sum().cast(pl.Int32).alias("both"),
]
"""Counts of somebody's presences: captures that show them, that name them, that do both."""
MEASURED_BY = {
    "recognizer": pl.concat_str("recognizer", "recognizer_version", separator=" ", ignore_nulls=True),
    "gallery": pl.col("gallery").fill_null(""),
    "source": pl.col("source").fill_null(""),
    "adverts": pl.col("adverts_counted").fill_null(True),
}
"""What a seen capture's names rest on."""
BREAK = pl.concat_str(
    [pl.when(pl.col(what).any()).then(pl.lit(what)) for what in MEASURED_BY], separator=", ", ignore_nulls=True
).replace("", None)
"""What changed in a group of captures :func:`with_changes`: ``gallery, source``; null: nothing."""


def with_changes(captures: pl.DataFrame) -> pl.DataFrame:
    """The captures, each column of what they rest on replaced by whether it differs from the site's last seen one."""

    def changed(now: pl.Expr) -> pl.Expr:
        last = pl.when(SEEN).then(now).forward_fill().shift(1).over("site", order_by="time")
        return (SEEN & (now != last)).fill_null(False)

    return captures.with_columns(changed(now).alias(what) for what, now in MEASURED_BY.items())


def across_break(seen: pl.DataFrame) -> bool:
    """Whether any site's captures among these, all seen, rest on different things."""
    differ = seen.group_by("site").agg((now.n_unique() > 1).alias(what) for what, now in MEASURED_BY.items())
    return bool(differ.select(pl.any_horizontal(*MEASURED_BY).any()).item())


def periods(captures: pl.DataFrame) -> pl.DataFrame:
    """``periods``: every one from the first capture to the last. :param captures: :func:`with_changes`."""
    tables = []
    for kind, start in START.items():
        sites_seen = pl.col("site").filter(SEEN).n_unique().cast(pl.Int32).alias("sites_seen")
        counts = captures.group_by(start.alias("period")).agg(*OUTCOMES, sites_seen, BREAK.alias("break"))
        every = counts.select(pl.date_range(pl.col("period").min(), pl.col("period").max(), _STEP[kind]))
        table = every.join(counts, on="period", how="left", maintain_order="left")
        zeros = pl.col("seen", "skipped", "failed", "sites_seen").fill_null(0)
        tables.append(table.with_columns(zeros).select(pl.lit(kind).alias("kind"), pl.all()))
    return pl.concat(tables)


def shares(presences: pl.DataFrame, all_periods: pl.DataFrame, kind: str) -> pl.DataFrame:
    """``days``, ``weeks`` or ``months``: each person in each period that shows or names them."""
    seen = all_periods.filter(kind=kind).select("period", "seen", "sites_seen")
    return (
        presences.group_by("name", START[kind].alias("period"))
        .agg(
            *COUNTS,
            pl.col("site").filter("shown").n_unique().alias("sites"),
            pl.col("sightings").sum(),
            summed(pl.col("prominence")).alias("prominence"),
            pl.col("above_fold").filter("shown").mean(),
        )
        .join(seen, on="period")
        .with_columns(share=pl.col("captures") / pl.col("seen"))
        .sort("name", "period")
    )


def appearances(presences: pl.DataFrame) -> pl.DataFrame:
    """``appearances``: how many captures of each site show or name a person, by week."""
    by_week = presences.group_by("name", "site", START["week"].alias("week"))
    return by_week.agg(COUNTS).sort("name", "site", "week")
