"""The dataset's Parquet tables without the people who asked not to be in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.removal_list import RemovalList

_TEXTS = ("headline", "link", "alt", "picture_url", "reason")
"""Columns with a page's own words and addresses: they may name somebody else than the row does."""


def sightings_of(table: pl.DataFrame, removed: RemovalList) -> pl.DataFrame:
    """The rows of ``Sightings`` that are about them."""
    return table.filter(_theirs(table, removed))


def without_sightings(table: pl.DataFrame, removed: RemovalList) -> tuple[pl.DataFrame, Counter[str]]:
    """``Sightings`` without their rows and without what names them in the others; what was done."""
    kept = table.filter(~_theirs(table, removed))
    clean, blanked = _without_texts(kept, removed)
    return clean, Counter({"rows of Sightings": len(table) - len(kept), "headlines and links of others": blanked})


def without_names(
    table: pl.DataFrame, removed: RemovalList, sightings: Counter[tuple[datetime, str]]
) -> tuple[pl.DataFrame, Counter[str]]:
    """``Captures`` without their names; what was done. Their faces are unrecognised ones from now on.

    A row that does not name them is left as it is, so that a second time counts nothing twice.

    :param sightings: how many of their faces ``Sightings`` has, by time and site.
    """
    held = set(_held(table["celebrities"].explode(), removed))
    rows = table.to_dicts() if held else []
    touched = [row for row in rows if held & set(row["celebrities"] or ())]
    for row in touched:
        gone = held & set(row["celebrities"])
        row["celebrities"] = [name for name in row["celebrities"] if name not in held]
        row["unrecognised"] = (row["unrecognised"] or 0) + max(sightings[row["time"], row["site"]], len(gone))
    clean, blanked = _without_texts(pl.DataFrame(rows, schema=table.schema) if touched else table, removed)
    return clean, Counter({"rows of Captures": len(touched), "headlines and links of others": blanked})


def _theirs(sightings: pl.DataFrame, removed: RemovalList) -> pl.Expr:
    """Whether a row is of one of them, by name or by QID."""
    by = [pl.col(column).is_in(_held(sightings[column], removed)).fill_null(False) for column in ("name", "qid")]
    return by[0] | by[1]


def _held(names: pl.Series, removed: RemovalList) -> list[str]:
    return [name for name in names.unique().to_list() if removed.holds(name)]


def _without_texts(table: pl.DataFrame, removed: RemovalList) -> tuple[pl.DataFrame, int]:
    blanked = 0
    for column in set(_TEXTS) & set(table.columns):
        texts = [text for text in table[column].unique().to_list() if text]
        quickly = [text for text in texts if removed.may_be_in(text.encode(errors="replace"))]
        naming = [text for text in quickly if removed.mentioned(text)]
        if naming:
            blanked += int(table[column].is_in(naming).sum())
            empty = pl.when(pl.col(column).is_in(naming)).then(None).otherwise(pl.col(column))
            table = table.with_columns(empty.alias(column))
    return table, blanked
