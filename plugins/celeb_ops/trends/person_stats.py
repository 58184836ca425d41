"""One row a person, shown or named: how often, since when, how long in a row, and where to look."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from celeb_ops.trends.history import MONTH, SEEN, WEEK, newest, summed

OPEN_DAYS = 1
"""The newest day may have runs to come: a streak up to the seen day before it still stands."""


def people(
    captures: pl.DataFrame,
    presences: pl.DataFrame,
    evidence: pl.DataFrame,
    headlines: pl.DataFrame,
    qids: pl.DataFrame,
    movers: pl.DataFrame,
) -> pl.DataFrame:
    """``people``. :param evidence: with ``id``. :param qids: by name. :param movers: of the week."""
    showings = presences.filter("shown")
    name = pl.col("name").cast(pl.String)
    seen, last = captures.filter(SEEN), newest(captures)
    recent = {"28d": pl.col("time") > last - MONTH, "7d": pl.col("time") > last - WEEK}
    return (
        showings.group_by("name")
        .agg(
            pl.col("time").min().alias("first_seen"),
            pl.col("time").max().alias("last_seen"),
            pl.len().alias("captures"),
            pl.col("site").n_unique().alias("sites"),
            pl.col("sightings").sum(),
            pl.col("site").filter(pl.col("time") == pl.col("time").min()).min().alias("first_site"),
            pl.col("confidence").median(),
            *(since.sum().alias(f"captures_{days}") for days, since in recent.items()),
            *(pl.col("site").filter(since).n_unique().alias(f"sites_{days}") for days, since in recent.items()),
            summed(pl.col("prominence").filter(recent["28d"])).alias("prominence_28d"),
        )
        .join(_streaks(seen["time"], showings), on="name")
        .join(_named(presences.filter("named"), recent), on="name", how="full", coalesce=True)
        .with_columns(cs.integer().fill_null(0))
        .with_columns(
            name,
            *(
                (pl.col(f"captures_{days}") / (seen.filter(since).height or None)).alias(f"share_{days}")
                for days, since in recent.items()
            ),
        )
        .join(_faces(evidence), on="name", how="left")
        .join(_words(headlines), on="name", how="left")
        .with_columns(pl.coalesce("headline", "text"), pl.coalesce("link", "text_link"))
        .join(qids, on="name", how="left")
        .join(movers.select(name, "mover", "change", "low", "high", "z", "q", "across_break"), on="name", how="left")
        .with_columns(
            # Without a comparison, or on a site that is not compared, somebody may be there all the same.
            pl.when(pl.col("captures_7d") == 0)
            .then(pl.col("mover").fill_null("absent"))
            .otherwise(pl.col("mover").replace("absent", "steady").fill_null("steady"))
            .alias("mover")
        )
        .sort("captures_28d", "name", descending=[True, False])
    )


def _named(namings: pl.DataFrame, recent: dict[str, pl.Expr]) -> pl.DataFrame:
    """By person: captures that name them, and those that show them too."""
    spans = {"": pl.lit(True)} | {f"_{days}": since for days, since in recent.items()}
    return namings.group_by("name").agg(
        pl.col("time").min().alias("first_named"),
        pl.col("time").max().alias("last_named"),
        *((pl.col("named") & since).sum().alias(f"named{suffix}") for suffix, since in spans.items()),
        *((pl.col("shown") & since).sum().alias(f"both{suffix}") for suffix, since in spans.items()),
    )


def _words(headlines: pl.DataFrame) -> pl.DataFrame:
    """By person: the newest text that names them, and where it leads."""
    newest = headlines.group_by("name", maintain_order=True).first()
    return newest.select("name", "text", pl.col("link").alias("text_link"))


def _streaks(seen: pl.Series, showings: pl.DataFrame) -> pl.DataFrame:
    """Days of each person, and their longest and present streak: days in a row, of those with a seen capture."""
    days = pl.DataFrame({"day": seen.dt.date().unique().sort()}).with_row_index("number")
    in_row = (
        showings.select("name", pl.col("time").dt.date().alias("day"))
        .unique()
        .join(days, on="day")
        .sort("name", "number")
        # In a row, the number grows as the count of rows does.
        .with_columns((pl.col("number").cast(pl.Int64) - pl.int_range(pl.len()).over("name")).alias("row"))
        .group_by("name", "row")
        .agg(pl.len().alias("length"), pl.col("number").max().alias("until"))
    )
    still = pl.col("until").cast(pl.Int64) >= days.height - 1 - OPEN_DAYS
    return in_row.group_by("name").agg(
        pl.col("length").sum().alias("days"),
        pl.col("length").max().alias("longest_streak_days"),
        pl.col("length").filter(still).sum().alias("streak_days"),
    )


def _faces(evidence: pl.DataFrame) -> pl.DataFrame:
    """By person: the surest crop of the newest evidence, the newest headline with its link, the newest id."""
    there = pl.col("headline").is_not_null() & (pl.col("headline") != "")
    return evidence.group_by("name", maintain_order=True).agg(
        pl.col("crop").sort_by("confidence", descending=True, maintain_order=True).first(),
        pl.col("headline").filter(there).first(),
        pl.col("link").filter(there).first(),
        pl.col("id").drop_nulls().first(),
    )
