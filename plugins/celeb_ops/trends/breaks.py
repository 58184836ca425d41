"""Where the way of measuring changes: what lies before such a point is not comparable with what lies after it."""

from __future__ import annotations

import polars as pl

MEASURED_BY = {
    "recognizer": pl.concat_str("recognizer", "recognizer_version", separator=" ", ignore_nulls=True),
    "gallery": pl.col("gallery").fill_null(""),
    "source": pl.col("source").fill_null(""),
}
"""What a seen capture's names rest on."""

BREAK = pl.concat_str(
    [pl.when(pl.col(what).any()).then(pl.lit(what)) for what in MEASURED_BY], separator=", ", ignore_nulls=True
).replace("", None)
"""Of a group of :func:`marked` captures: what changed in it, ``gallery, source``; null: nothing."""


def marked(captures: pl.DataFrame) -> pl.DataFrame:
    """The captures, those of what they rest on replaced by whether it is another than at the site's last seen one."""
    changed = [
        (now != now.shift(1).over("site", order_by="time")).fill_null(False).alias(what)
        for what, now in MEASURED_BY.items()
    ]
    seen = captures.filter(pl.col("outcome") == "seen").with_columns(changed)
    missed = captures.filter(pl.col("outcome") != "seen").with_columns(
        pl.lit(False).alias(what) for what in MEASURED_BY
    )
    return pl.concat([seen, missed])


def across_break(captures: pl.DataFrame) -> bool:
    """Whether any site's seen captures among these rest on different things."""
    each = (
        captures.filter(pl.col("outcome") == "seen")
        .group_by("site")
        .agg(now.n_unique().alias(what) for what, now in MEASURED_BY.items())
    )
    return not each.filter(pl.any_horizontal(pl.col(list(MEASURED_BY)) > 1)).is_empty()
