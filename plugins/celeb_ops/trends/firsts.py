"""Which site shows people first, when several sites take up somebody who was not shown anywhere."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

QUIET = timedelta(days=7)
"""How long nobody shows a person before a story begins."""
STORY = timedelta(days=7)
"""How long after its beginning a site still takes part in it."""
MIN_QUIET_DAYS = 4
"""Days of the quiet time that have a seen capture: while nothing was seen, nobody can have been quiet."""


def firsts(captures: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """``firsts``, by site."""
    part = _parts(_stories(captures, shown))
    first = pl.col("began") == pl.col("time")
    told = part.with_columns(
        first.alias("is_first"),
        (1 / pl.len().over("name", "began")).alias("by_chance"),
        (first / first.sum().over("name", "began")).alias("won"),
        # To the next site that comes; 0 where another one came in the same run.
        pl.when(first)
        .then(
            pl.when(first.sum() > 1).then(pl.duration()).otherwise(pl.col("time").filter(~first).min() - pl.col("time"))
        )
        .over("name", "began")
        .alias("lead"),
    )
    return (
        told.group_by("site")
        .agg(
            pl.len().alias("stories"),
            pl.col("won").sum().alias("first"),
            pl.col("won").mean().alias("share"),
            pl.col("by_chance").mean().alias("chance"),
            (pl.col("lead").dt.total_minutes().median() / 60).alias("median_lead_h"),
        )
        .sort("site")
    )


def _stories(captures: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """``shown`` with the run time at which the story it is part of ``began``; what is part of none is left out."""
    # The first row of each name is new, so that nothing is filled in from another's.
    new = (pl.col("name") != pl.col("name").shift(1)).fill_null(True) | (pl.col("time").diff() >= QUIET)
    told = (
        shown.select("name", "site", "time")
        .sort("name", "time")
        .with_columns(pl.when(new).then("time").forward_fill().alias("began"))
        .filter(pl.col("time") < pl.col("began") + STORY)
    )
    begins = told.select("name", "began").unique()
    days = captures.filter(pl.col("outcome") == "seen").select(pl.col("time").dt.date().alias("day")).unique()
    seen_days = days.sort("day").with_columns(pl.int_range(1, pl.len() + 1).alias("number"))

    def days_before(moment: pl.Expr) -> pl.DataFrame:
        """How many seen days lie before the day of a moment."""
        asked = begins.select("name", "began", moment.dt.date().dt.offset_by("-1d").alias("day")).sort("day")
        return asked.join_asof(seen_days, on="day").select("name", "began", pl.col("number").fill_null(0))

    quiet = (
        days_before(pl.col("began"))
        .join(days_before(pl.col("began") - QUIET), on=["name", "began"], suffix="_earlier")
        .filter(pl.col("number") - pl.col("number_earlier") >= MIN_QUIET_DAYS)
        .select("name", "began")
    )
    return told.join(quiet, on=["name", "began"], how="semi")


def _parts(stories: pl.DataFrame) -> pl.DataFrame:
    """Each site of each story of two sites or more, with the first time that it shows the person in it."""
    return (
        stories.group_by("name", "began", "site").agg(pl.col("time").min()).filter(pl.len().over("name", "began") > 1)
    )
