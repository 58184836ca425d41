"""Which site shows people first, when several sites take up somebody who was not shown anywhere."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from celeb_ops.trends.history import SEEN

QUIET = timedelta(days=7)
"""How long nobody shows a person before a story begins."""
STORY = timedelta(days=7)
"""How long after its beginning a site still takes part in it."""
MIN_QUIET_DAYS = 4
"""Days of the quiet time that have a seen capture: while nothing was seen, nobody can have been quiet."""


def firsts(captures: pl.DataFrame, showings: pl.DataFrame) -> pl.DataFrame:
    """``firsts``, by site."""
    # Each site of a story of two sites or more, with the first time that it shows the person in it.
    parts = _stories(captures, showings).group_by("name", "began", "site").agg(pl.col("time").min())
    first = pl.col("began") == pl.col("time")
    # To the next site that comes; 0 where another one came in the same run.
    lead = pl.when(first.sum() > 1).then(pl.duration()).otherwise(pl.col("time").filter(~first).min() - pl.col("time"))
    stories = parts.filter(pl.len().over("name", "began") > 1).with_columns(
        by_chance=(1 / pl.len().over("name", "began")),
        won=(first / first.sum().over("name", "began")),
        lead=pl.when(first).then(lead).over("name", "began"),
    )
    return (
        stories.group_by("site")
        .agg(
            pl.len().alias("stories"),
            pl.col("won").sum().alias("first"),
            pl.col("won").mean().alias("share"),
            pl.col("by_chance").mean().alias("chance"),
            (pl.col("lead").dt.total_minutes().median() / 60).alias("median_lead_h"),
        )
        .sort("site")
    )


def _stories(captures: pl.DataFrame, showings: pl.DataFrame) -> pl.DataFrame:
    """The showings that are part of a story, with the run time at which it ``began``."""
    day = pl.col("time").dt.date().alias("day")
    days = captures.filter(SEEN).select(day).unique().sort("day")
    seen_before = days.with_columns(pl.len().rolling("day", period=QUIET, closed="left").alias("seen_before"))
    # The first row of each name is new, so that nothing is filled in from another's.
    new = (pl.col("name") != pl.col("name").shift(1)).fill_null(True) | (pl.col("time").diff() >= QUIET)
    return (
        showings.select("name", "site", "time")
        .sort("name", "time")
        .with_columns(pl.when(new).then("time").forward_fill().alias("began"))
        .filter(pl.col("time") < pl.col("began") + STORY)
        .with_columns(pl.col("began").dt.date().alias("day"))
        .join(seen_before.filter(pl.col("seen_before") >= MIN_QUIET_DAYS), on="day", how="semi")
    )
