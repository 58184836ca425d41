"""The tables of ``Trends/``: their columns, and how one is read and written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, RecordError
from celeb_ops.dataset.schema import UTC_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celeb_ops.core.store import Store

Schema = dict[str, Any]
"""Polars types by column."""

_PERIOD = "period name captures seen share sites sites_seen sightings prominence above_fold"
_COLUMNS = {
    "people": "name id qid first_seen last_seen captures sites sightings days longest_streak_days streak_days "
    "first_site crop headline link confidence captures_28d share_28d captures_7d share_7d sites_28d sites_7d "
    "prominence_28d mover change low high z q across_break",
    "days": _PERIOD,
    "weeks": _PERIOD,
    "months": _PERIOD,
    "periods": "kind period seen skipped failed sites_seen break",
    "movers": "kind period name mover captures_now seen_now share_now captures_before seen_before share_before "
    "change low high z q dispersion across_break",
    "together": "name other pictures pages",
    "firsts": "site stories first share chance median_lead_h",
    "sites": "site last_time last_outcome last_reason captures seen skipped failed failed_in_a_row people_per_capture "
    "faces_per_capture calls_28d calls_saved_28d cost_28d recognizer gallery source",
    "site_days": "day site seen skipped failed people faces calls cost_usd break",
    "appearances": "name site week captures",
    "evidence": "name time site source confidence basis headline link alt picture_url crop screenshot left top width "
    "height",
    "runs": "time seen archived skipped failed people calls cost_usd",
}
# A column's name says its type, whatever the table.
_TYPES = {
    UTC_MS: "time first_seen last_seen last_time",
    pl.Date: "day week period",
    pl.Boolean: "across_break",
    pl.String: "name id qid first_site crop headline link mover kind break other site last_outcome last_reason "
    "recognizer gallery source basis alt picture_url screenshot",
    pl.Float64: "confidence share share_28d share_7d share_now share_before prominence prominence_28d above_fold "
    "change low high z q dispersion first chance median_lead_h people_per_capture faces_per_capture cost_usd cost_28d",
    pl.Int32: "captures captures_28d captures_7d captures_now captures_before sites sites_28d sites_7d sites_seen "
    "sightings days longest_streak_days streak_days seen seen_now seen_before archived skipped failed failed_in_a_row "
    "pictures pages stories people faces calls calls_28d calls_saved_28d left top width height",
}
_TYPE_OF = {name: dtype for dtype, names in _TYPES.items() for name in names.split()}

SCHEMAS: dict[str, Schema] = {
    table: {name: _TYPE_OF[name] for name in names.split()} for table, names in _COLUMNS.items()
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
