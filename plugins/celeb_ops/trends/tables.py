"""The tables of ``Trends/``: their columns, and how one is read and written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops import keys
from celeb_ops.dataset.schema import UTC_MS
from celeb_ops.exceptions import NotStoredError, RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celeb_ops.store import Store

Schema = dict[str, Any]
"""Polars types by column."""


def _all(dtype: Any, *names: str) -> Schema:
    """Columns of one type."""
    return dict.fromkeys(names, dtype)


_CHANGE = _all(pl.Float64, "change", "low", "high", "z", "q")
_OUTCOMES = ("seen", "skipped", "failed")
_PERIOD = {
    "period": pl.Date,
    "name": pl.String,
    **_all(pl.Int32, "captures", "seen"),
    "share": pl.Float64,
    **_all(pl.Int32, "sites", "sites_seen", "sightings"),
    **_all(pl.Float64, "prominence", "above_fold"),
}

SCHEMAS: dict[str, Schema] = {
    "people": {
        **_all(pl.String, "name", "id", "qid"),
        **_all(UTC_MS, "first_seen", "last_seen"),
        **_all(pl.Int32, "captures", "sites", "sightings", "days", "longest_streak_days", "streak_days"),
        **_all(pl.String, "first_site", "crop", "headline", "link"),
        "confidence": pl.Float64,
        "captures_28d": pl.Int32,
        "share_28d": pl.Float64,
        "captures_7d": pl.Int32,
        "share_7d": pl.Float64,
        **_all(pl.Int32, "sites_28d", "sites_7d"),
        "prominence_28d": pl.Float64,
        "mover": pl.String,
        **_CHANGE,
        "across_break": pl.Boolean,
    },
    "days": _PERIOD,
    "weeks": _PERIOD,
    "months": _PERIOD,
    "periods": {
        "kind": pl.String,
        "period": pl.Date,
        **_all(pl.Int32, *_OUTCOMES, "sites_seen"),
        "break": pl.String,
    },
    "movers": {
        "kind": pl.String,
        "period": pl.Date,
        **_all(pl.String, "name", "mover"),
        **_all(pl.Int32, "captures_now", "seen_now"),
        "share_now": pl.Float64,
        **_all(pl.Int32, "captures_before", "seen_before"),
        "share_before": pl.Float64,
        **_CHANGE,
        "dispersion": pl.Float64,
        "across_break": pl.Boolean,
    },
    "together": {**_all(pl.String, "name", "other"), **_all(pl.Int32, "pictures", "pages")},
    "firsts": {
        "site": pl.String,
        "stories": pl.Int32,
        **_all(pl.Float64, "first", "share", "chance", "median_lead_h"),
    },
    "sites": {
        "site": pl.String,
        "last_time": UTC_MS,
        **_all(pl.String, "last_outcome", "last_reason"),
        **_all(pl.Int32, "captures", *_OUTCOMES, "failed_in_a_row"),
        **_all(pl.Float64, "people_per_capture", "faces_per_capture"),
        **_all(pl.Int32, "calls_28d", "calls_saved_28d"),
        "cost_28d": pl.Float64,
        **_all(pl.String, "recognizer", "gallery", "source"),
    },
    "site_days": {
        "day": pl.Date,
        "site": pl.String,
        **_all(pl.Int32, *_OUTCOMES, "people", "faces", "calls"),
        "cost_usd": pl.Float64,
        "break": pl.String,
    },
    "appearances": {**_all(pl.String, "name", "site"), "week": pl.Date, "captures": pl.Int32},
    "evidence": {
        "name": pl.String,
        "time": UTC_MS,
        **_all(pl.String, "site", "source"),
        "confidence": pl.Float64,
        **_all(pl.String, "basis", "headline", "link", "alt", "picture_url", "crop", "screenshot"),
        **_all(pl.Int32, "left", "top", "width", "height"),
    },
    "runs": {
        "time": UTC_MS,
        **_all(pl.Int32, "seen", "archived", "skipped", "failed", "people", "calls"),
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
