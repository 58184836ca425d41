"""The dataset's Parquet tables without the people who asked not to be in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from celeb_ops.removed import Removed

_TEXTS = ("headline", "link", "alt", "picture_url", "reason")
"""Columns with a page's own words and addresses: they may name somebody else than the row does."""


def sightings_of(table: pl.DataFrame, removed: Removed) -> pl.DataFrame:
    """The rows of ``Sightings`` that are about them."""
    return table.filter(_theirs(table, removed))


def without_sightings(table: pl.DataFrame, removed: Removed) -> tuple[pl.DataFrame, Counter[str]]:
    """``Sightings`` without their rows and without what names them in the others; what was done."""
    kept = table.filter(~_theirs(table, removed))
    clean, blanked = _without_texts(kept, removed)
    return clean, Counter({"rows of Sightings": len(table) - len(kept), "headlines and links of others": blanked})


def without_names(
    table: pl.DataFrame, removed: Removed, sightings: Counter[tuple[Any, str]]
) -> tuple[pl.DataFrame, Counter[str]]:
    """``Captures`` without their names; what was done. Their faces are unrecognised ones from now on.

    A row that does not name them is left as it is, so that a second time counts nothing twice.

    :param sightings: how many of their faces ``Sightings`` has, by time and site.
    """
    held = _held(table["celebrities"].explode(), removed)
    named = pl.col("celebrities").list.set_intersection(pl.lit(pl.Series([held], dtype=pl.List(pl.String)))).list.len()
    touched = table.with_row_index("row").filter(named > 0) if held else table.with_row_index("row").clear()
    faces = {
        row["row"]: max(sightings[row["time"], row["site"]], len(set(row["celebrities"]) & set(held)))
        for row in touched.iter_rows(named=True)
    }
    clean = table.with_row_index("row").with_columns(
        pl.col("celebrities").list.filter(~pl.element().is_in(held)),
        (pl.col("unrecognised") + pl.col("row").replace_strict(faces, default=0, return_dtype=pl.Int32)).cast(
            table.schema["unrecognised"]
        ),
    )
    clean, blanked = _without_texts(clean.drop("row") if faces else table, removed)
    return clean, Counter({"rows of Captures": len(faces), "headlines and links of others": blanked})


def _theirs(sightings: pl.DataFrame, removed: Removed) -> pl.Expr:
    """Whether a row is of one of them, by name or by QID."""
    by = [pl.col(column).is_in(_held(sightings[column], removed)).fill_null(False) for column in ("name", "qid")]
    return by[0] | by[1]


def _held(names: pl.Series, removed: Removed) -> list[str]:
    return [name for name in names.unique().to_list() if removed.holds(name)]


def _without_texts(table: pl.DataFrame, removed: Removed) -> tuple[pl.DataFrame, int]:
    blanked = 0
    for column in _TEXTS:
        if column not in table.columns:
            continue
        naming = [
            text
            for text in table[column].unique().to_list()
            if text and removed.may_be_in(text.encode(errors="replace")) and removed.mentioned(text)
        ]
        if naming:
            blanked += int(table[column].is_in(naming).sum())
            empty = pl.when(pl.col(column).is_in(naming)).then(None).otherwise(pl.col(column))
            table = table.with_columns(empty.alias(column))
    return table, blanked
