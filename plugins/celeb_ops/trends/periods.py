"""Shares by day, week and month. A share is of the *seen* captures: the others are gaps, never zeros."""

from __future__ import annotations

import polars as pl

from celeb_ops.trends.breaks import BREAK
from celeb_ops.trends.history import summed

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


def periods(captures: pl.DataFrame) -> pl.DataFrame:
    """``periods``: every one from the first capture to the last, those without any among them.

    :param captures: as :func:`celeb_ops.trends.breaks.marked` gives them.
    """
    return pl.concat([_periods(captures, kind) for kind in START])


def _periods(captures: pl.DataFrame, kind: str) -> pl.DataFrame:
    counted = captures.group_by(START[kind].alias("period")).agg(
        *OUTCOMES,
        pl.col("site").filter(pl.col("outcome") == "seen").n_unique().cast(pl.Int32).alias("sites_seen"),
        BREAK.alias("break"),
    )
    if counted.is_empty():
        return counted.select(pl.lit(kind).alias("kind"), pl.all())
    first, last = counted["period"].min(), counted["period"].max()
    every = pl.select(period=pl.date_range(pl.lit(first), pl.lit(last), _STEP[kind]))
    return (
        every.join(counted, on="period", how="left")
        .sort("period")
        .select(
            pl.lit(kind).alias("kind"),
            pl.col("period"),
            pl.col("seen", "skipped", "failed", "sites_seen").fill_null(0),
            "break",
        )
    )


def shares(shown: pl.DataFrame, all_periods: pl.DataFrame, kind: str) -> pl.DataFrame:
    """``days``, ``weeks`` or ``months``: each person in each period that shows them."""
    seen = all_periods.filter(pl.col("kind") == kind).select("period", "seen", "sites_seen")
    return (
        shown.group_by("name", START[kind].alias("period"))
        .agg(
            pl.len().alias("captures"),
            pl.col("site").n_unique().alias("sites"),
            pl.col("sightings").sum(),
            summed(pl.col("prominence")).alias("prominence"),
            pl.col("above_fold").mean(),
        )
        .join(seen, on="period")
        .with_columns((pl.col("captures") / pl.col("seen")).alias("share"))
        .sort("name", "period")
    )


def appearances(shown: pl.DataFrame) -> pl.DataFrame:
    """``appearances``: how many captures of each site show a person, by week."""
    return (
        shown.group_by("name", "site", START["week"].alias("week"))
        .agg(pl.len().alias("captures"))
        .sort("name", "site", "week")
    )
