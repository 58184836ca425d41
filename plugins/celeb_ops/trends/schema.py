"""The tables of ``Trends/``: their columns, and how one is read and written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.dataset.schema import UTC_MS
from celeb_ops.dataset.tables import conformed, read_columns

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

_PERIOD = "period name captures seen share sites sites_seen sightings prominence above_fold named both"
_COLUMNS = {
    "people": "name id qid first_seen last_seen captures sites sightings days longest_streak_days streak_days "
    "first_site crop headline link confidence captures_28d share_28d captures_7d share_7d sites_28d sites_7d "
    "prominence_28d named named_28d named_7d both both_28d both_7d first_named last_named "
    "mover change low high z q across_break",
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
    "appearances": "name site week captures named both",
    "headlines": "name time site part text link picture_url shown",
    "evidence": "name time site source confidence basis headline link alt picture_url crop screenshot left top width "
    "height",
    "runs": "time seen archived skipped failed people calls cost_usd",
}
# A column's name says its type, whatever the table.
_TYPES = {
    UTC_MS: "time first_seen last_seen first_named last_named last_time",
    pl.Date: "day week period",
    pl.Boolean: "across_break shown",
    pl.String: "name id qid first_site crop headline link mover kind break other site last_outcome last_reason "
    "recognizer gallery source basis alt picture_url screenshot part text",
    pl.Float64: "confidence share share_28d share_7d share_now share_before prominence prominence_28d above_fold "
    "change low high z q dispersion first chance median_lead_h people_per_capture faces_per_capture cost_usd cost_28d",
    pl.Int32: "captures captures_28d captures_7d captures_now captures_before sites sites_28d sites_7d sites_seen "
    "sightings days longest_streak_days streak_days seen seen_now seen_before archived skipped failed failed_in_a_row "
    "named named_28d named_7d both both_28d both_7d "
    "pictures pages stories people faces calls calls_28d calls_saved_28d left top width height",
}
_TYPE_OF = {name: dtype for dtype, names in _TYPES.items() for name in names.split()}

SCHEMAS: dict[str, dict[str, Any]] = {
    table: {name: _TYPE_OF[name] for name in names.split()} for table, names in _COLUMNS.items()
}
"""Polars types by column, of each table."""

_DIGITS = {"prominence": 3, "prominence_28d": 3, "confidence": 2}
"""Digits after the point, of columns that need fewer than six."""


def load(store: Store, name: str) -> pl.DataFrame:
    """One table; an empty one where trends were not built yet. RecordError where it is damaged."""
    key = keys.trends(name)
    try:
        content = store.read(key)
    except NotStoredError:
        return pl.DataFrame(schema=SCHEMAS[name])
    return read_columns(content, SCHEMAS[name], store.url(key), "Delete it and run `make report`.")


def save(store: Store, name: str, table: pl.DataFrame) -> bool:
    """Write a table of the trends; True if that changed it."""
    out = io.BytesIO()
    # A sum over rows in another order may differ in its last digits: that is no other table.
    schema = SCHEMAS[name]
    digits = [pl.col(column).round(_DIGITS.get(column, 6)) for column in schema if schema[column] == pl.Float64]
    conformed(table, schema).with_columns(digits).write_parquet(out, compression="zstd")
    return store.update(keys.trends(name), lambda _: out.getvalue())
