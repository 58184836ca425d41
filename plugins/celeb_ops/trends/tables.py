"""The tables of ``Trends/``: their columns, and how one is read and written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError, RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celeb_ops.store import Store

Schema = dict[str, Any]
"""Polars types by column."""

_UTC = pl.Datetime("ms", "UTC")
_EVIDENCE_OF_CHANGE: Schema = {"change": pl.Float64, "low": pl.Float64, "high": pl.Float64, "z": pl.Float64}
_PERIOD: Schema = {
    "period": pl.Date,
    "name": pl.String,
    "captures": pl.Int32,
    "seen": pl.Int32,
    "share": pl.Float64,
    "sites": pl.Int32,
    "sites_seen": pl.Int32,
    "sightings": pl.Int32,
    "prominence": pl.Float64,
    "above_fold": pl.Float64,
}

SCHEMAS: dict[str, Schema] = {
    "people": {
        "name": pl.String,
        "id": pl.String,
        "qid": pl.String,
        "first_seen": _UTC,
        "last_seen": _UTC,
        "captures": pl.Int32,
        "sites": pl.Int32,
        "sightings": pl.Int32,
        "days": pl.Int32,
        "longest_streak_days": pl.Int32,
        "streak_days": pl.Int32,
        "first_site": pl.String,
        "crop": pl.String,
        "headline": pl.String,
        "link": pl.String,
        "confidence": pl.Float64,
        "captures_28d": pl.Int32,
        "share_28d": pl.Float64,
        "captures_7d": pl.Int32,
        "share_7d": pl.Float64,
        "sites_28d": pl.Int32,
        "sites_7d": pl.Int32,
        "prominence_28d": pl.Float64,
        "mover": pl.String,
        **_EVIDENCE_OF_CHANGE,
        "q": pl.Float64,
        "across_break": pl.Boolean,
    },
    "days": _PERIOD,
    "weeks": _PERIOD,
    "months": _PERIOD,
    "periods": {
        "kind": pl.String,
        "period": pl.Date,
        "seen": pl.Int32,
        "skipped": pl.Int32,
        "failed": pl.Int32,
        "sites_seen": pl.Int32,
        "break": pl.String,
    },
    "movers": {
        "kind": pl.String,
        "period": pl.Date,
        "name": pl.String,
        "mover": pl.String,
        "captures_now": pl.Int32,
        "seen_now": pl.Int32,
        "share_now": pl.Float64,
        "captures_before": pl.Int32,
        "seen_before": pl.Int32,
        "share_before": pl.Float64,
        **_EVIDENCE_OF_CHANGE,
        "q": pl.Float64,
        "dispersion": pl.Float64,
        "across_break": pl.Boolean,
    },
    "together": {"name": pl.String, "other": pl.String, "pictures": pl.Int32, "pages": pl.Int32},
    "firsts": {
        "site": pl.String,
        "stories": pl.Int32,
        "first": pl.Float64,
        "share": pl.Float64,
        "chance": pl.Float64,
        "median_lead_h": pl.Float64,
    },
    "sites": {
        "site": pl.String,
        "last_time": _UTC,
        "last_outcome": pl.String,
        "last_reason": pl.String,
        "captures": pl.Int32,
        "seen": pl.Int32,
        "skipped": pl.Int32,
        "failed": pl.Int32,
        "failed_in_a_row": pl.Int32,
        "people_per_capture": pl.Float64,
        "faces_per_capture": pl.Float64,
        "calls_28d": pl.Int32,
        "calls_saved_28d": pl.Int32,
        "cost_28d": pl.Float64,
        "recognizer": pl.String,
        "gallery": pl.String,
        "source": pl.String,
    },
    "site_days": {
        "day": pl.Date,
        "site": pl.String,
        "seen": pl.Int32,
        "skipped": pl.Int32,
        "failed": pl.Int32,
        "people": pl.Int32,
        "faces": pl.Int32,
        "calls": pl.Int32,
        "cost_usd": pl.Float64,
        "break": pl.String,
    },
    "appearances": {"name": pl.String, "site": pl.String, "week": pl.Date, "captures": pl.Int32},
    "evidence": {
        "name": pl.String,
        "time": _UTC,
        "site": pl.String,
        "source": pl.String,
        "confidence": pl.Float64,
        "basis": pl.String,
        "headline": pl.String,
        "link": pl.String,
        "alt": pl.String,
        "picture_url": pl.String,
        "crop": pl.String,
        "screenshot": pl.String,
        "left": pl.Int32,
        "top": pl.Int32,
        "width": pl.Int32,
        "height": pl.Int32,
    },
    "runs": {
        "time": _UTC,
        "seen": pl.Int32,
        "archived": pl.Int32,
        "skipped": pl.Int32,
        "failed": pl.Int32,
        "people": pl.Int32,
        "calls": pl.Int32,
        "cost_usd": pl.Float64,
    },
}
"""The columns of each table, in their order."""

_DIGITS = {"prominence": 3, "prominence_28d": 3, "confidence": 2}
"""Digits after the point, of those that have less to say than six."""


def load(store: Store, name: str) -> pl.DataFrame:
    """One table of the trends; an empty one where they were not built yet.

    :raises RecordError: the file there is no such table.
    """
    key = keys.trends(name)
    try:
        content = store.read(key)
    except NotStoredError:
        return pl.DataFrame(schema=SCHEMAS[name])
    return parsed(store, key, content, SCHEMAS[name], "Delete it and run `make report`.")


def save(store: Store, name: str, table: pl.DataFrame) -> bool:
    """Write a table of the trends; True if that changed it."""
    out = io.BytesIO()
    # A sum over rows in another order may differ in its last digits: that is no other table.
    digits = [
        pl.col(column).round(_DIGITS.get(column, 6)) for column, dtype in SCHEMAS[name].items() if dtype == pl.Float64
    ]
    in_form(table, SCHEMAS[name]).with_columns(digits).write_parquet(out, compression="zstd")
    return store.update(keys.trends(name), lambda _: out.getvalue())


def in_form(table: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The table in these columns and types, those that it lacks empty."""
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in table.columns]
    return table.with_columns(lacking).select(list(schema)).cast(pl.Schema(schema))


def parsed(store: Store, key: str, content: bytes, schema: Mapping[str, Any], mend: str) -> pl.DataFrame:
    """These columns of a Parquet file, no others read; those that a file of an older version lacks are empty.

    :raises RecordError: names the file, what is wrong, and ``mend``.
    """
    try:
        there = pl.read_parquet_schema(io.BytesIO(content))
        columns = [name for name in schema if name in there]
        return in_form(pl.read_parquet(io.BytesIO(content), columns=columns), schema)
    except pl.exceptions.PolarsError as error:
        raise RecordError(f"{store.url(key)} can't be read as a table ({str(error).splitlines()[0]}). {mend}") from None
