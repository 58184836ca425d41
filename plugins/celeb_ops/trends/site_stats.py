"""The sites and the runs: what came of them, and what they cost."""

from __future__ import annotations

import polars as pl

from celeb_ops.trends.history import MONTH, SEEN, newest
from celeb_ops.trends.periods import BREAK, MEASURED_BY, OUTCOMES, START


def sites(captures: pl.DataFrame, showings: pl.DataFrame) -> pl.DataFrame:
    """``sites``."""
    people = showings.group_by("site").agg(pl.len().alias("people"))
    recent = pl.col("time") > newest(captures) - MONTH
    # Skipped ones say nothing of the site: they neither end a row of failures nor make it longer.
    since_seen = pl.col("time") > pl.col("time").filter(SEEN).max().fill_null(pl.col("time").min().dt.offset_by("-1d"))
    return (
        captures.sort("time")
        .group_by("site")
        .agg(
            pl.col("time").last().alias("last_time"),
            pl.col("outcome").last().alias("last_outcome"),
            pl.col("reason").last().alias("last_reason"),
            pl.len().alias("captures"),
            *OUTCOMES,
            ((pl.col("outcome") == "failed") & since_seen).sum().alias("failed_in_a_row"),
            pl.col("faces").filter(SEEN).mean().alias("faces_per_capture"),
            *(pl.col(column).filter(recent).sum().alias(f"{column}_28d") for column in ("calls", "calls_saved")),
            pl.col("cost_usd").filter(recent).sum().alias("cost_28d"),
            MEASURED_BY["recognizer"].filter(SEEN).last().alias("recognizer"),
            pl.col("gallery", "source").filter(SEEN).last(),
        )
        .join(people, on="site", how="left")
        .with_columns(
            pl.when(pl.col("seen") > 0).then(pl.col("people").fill_null(0) / pl.col("seen")).alias("people_per_capture")
        )
        .sort("site")
    )


def site_days(captures: pl.DataFrame, showings: pl.DataFrame) -> pl.DataFrame:
    """``site_days``. :param captures: :func:`celeb_ops.trends.periods.with_changes`."""
    day = START["day"].alias("day")
    people = showings.group_by(day, "site").agg(pl.col("name").n_unique().alias("people"))
    return (
        captures.group_by(day, "site")
        .agg(*OUTCOMES, pl.col("faces", "calls", "cost_usd").sum(), BREAK.alias("break"))
        .join(people, on=["day", "site"], how="left")
        .with_columns(pl.col("people").fill_null(0))
        .sort("day", "site")
    )


def runs(captures: pl.DataFrame, showings: pl.DataFrame) -> pl.DataFrame:
    """``runs``, the newest first."""
    people = showings.group_by("time").agg(pl.col("name").n_unique().alias("people"))
    return (
        captures.group_by("time")
        .agg(
            *OUTCOMES,
            (SEEN & (pl.col("source") == "archive")).sum().alias("archived"),
            pl.col("calls", "cost_usd").sum(),
        )
        .join(people, on="time", how="left")
        .with_columns(pl.col("people").fill_null(0))
        .sort("time", descending=True)
    )
