"""``Captures`` and ``Sightings``: Parquet tables, a file a month, each row found again by its run time and site."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops import keys
from celeb_ops.exceptions import RecordError
from celeb_ops.records import Outcome, Result, Screenshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from celeb_ops.store import Store

_UTC = pl.Datetime("ms", "UTC")
CAPTURES: Mapping[str, Any] = {
    "time": _UTC,
    "site": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
    "captured_at": _UTC,
    "source": pl.String,
    "recognizer": pl.String,
    "recognizer_version": pl.String,
    "gallery": pl.String,
    "faces": pl.Int32,
    "unrecognised": pl.Int32,
    "celebrities": pl.List(pl.String),
    "slices": pl.Int32,
    "calls": pl.Int32,
    "calls_saved": pl.Int32,
    "cost_usd": pl.Float64,
    "seconds": pl.Float64,
}
SIGHTINGS: Mapping[str, Any] = {
    "time": _UTC,
    "site": pl.String,
    "captured_at": _UTC,
    "source": pl.String,
    "name": pl.String,
    "id": pl.String,
    "urls": pl.List(pl.String),
    "confidence": pl.Float64,
    "margin": pl.Float64,
    "basis": pl.String,
    "left": pl.Int32,
    "top": pl.Int32,
    "width": pl.Int32,
    "height": pl.Int32,
    "above_fold": pl.Boolean,
    "page_share": pl.Float64,
    "headline": pl.String,
    "link": pl.String,
    "alt": pl.String,
    "picture_url": pl.String,
    "screenshot": pl.String,
    "crop": pl.String,
}

# What is known of a capture may only grow: a page that was seen stays seen, and a site that failed is not made
# a skipped one by a later try for which it was too late.
_KNOWLEDGE = {"skipped": 0, "failed": 1, "seen": 2}


def captures_of(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The rows of ``Captures`` of a run, by site."""
    key = keys.captures(when)
    if not store.exists(key):
        return []
    return _read(store, key, store.read(key), CAPTURES).filter(pl.col("time") == when).sort("site").to_dicts()


def sighting_rows(store: Store, results: Sequence[Result]) -> list[dict[str, Any]]:
    """The rows of the results' sightings, with what their screenshots tell of the pictures they are on."""
    return [row for result in results for row in _sighting_rows(store, result)]


def update_sightings(store: Store, when: datetime, sites: Sequence[str], rows: Sequence[dict[str, Any]]) -> bool:
    """Put ``rows`` in the place of those that the sites had in this run; True if that changed it."""
    key = keys.sightings(when)

    def change(old: bytes | None) -> bytes | None:
        if not sites:
            return None
        table = _read(store, key, old, SIGHTINGS)
        merged = _replaced(table, when, sites, pl.DataFrame(rows, schema=dict(SIGHTINGS)))
        return None if old is not None and merged.equals(table) else _parquet(merged)

    return store.update(key, change)


def update_captures(store: Store, when: datetime, results: Sequence[Result], outcomes: Sequence[Outcome]) -> bool:
    """Put what came of each site into its row, where that is no less than what was known; True if that changed it."""
    key = keys.captures(when)
    rows = [_seen_row(result) for result in results] + [_missed_row(outcome) for outcome in outcomes]

    def change(old: bytes | None) -> bytes | None:
        table = _read(store, key, old, CAPTURES)
        known = dict(table.filter(pl.col("time") == when).select("site", "outcome").iter_rows())
        news = [row for row in rows if _KNOWLEDGE[row["outcome"]] >= _KNOWLEDGE.get(known.get(row["site"], ""), 0)]
        merged = _replaced(table, when, [row["site"] for row in news], pl.DataFrame(news, schema=dict(CAPTURES)))
        return None if old is not None and merged.equals(table) else _parquet(merged)

    return store.update(key, change)


def _seen_row(result: Result) -> dict[str, Any]:
    return {
        "time": result.time,
        "site": result.site,
        "outcome": "seen",
        "reason": None,
        "captured_at": result.captured_at,
        "source": result.source,
        "recognizer": result.recognizer.name,
        "recognizer_version": result.recognizer.version,
        "gallery": result.recognizer.gallery,
        "faces": result.faces,
        "unrecognised": result.unrecognised,
        "celebrities": result.celebrities,
        "slices": result.slices,
        "calls": result.calls,
        "calls_saved": result.calls_saved,
        "cost_usd": result.cost_usd,
        "seconds": result.seconds,
    }


def _missed_row(outcome: Outcome) -> dict[str, Any]:
    return {"time": outcome.time, "site": outcome.site, "outcome": outcome.outcome, "reason": outcome.reason}


def _sighting_rows(store: Store, result: Result) -> list[dict[str, Any]]:
    if not result.sightings:
        return []
    pictures = Screenshot.load(store, result.screenshot).pictures
    rows = []
    for sighting in result.sightings:
        picture = pictures[sighting.picture] if sighting.picture is not None else None
        rows.append(
            {
                "time": result.time,
                "site": result.site,
                "captured_at": result.captured_at,
                "source": result.source,
                "name": sighting.name,
                "id": sighting.id,
                "urls": sighting.urls,
                "confidence": sighting.confidence,
                "margin": sighting.margin,
                "basis": sighting.basis,
                **sighting.box._asdict(),
                "above_fold": sighting.above_fold,
                "page_share": sighting.page_share,
                "headline": picture.headline if picture else None,
                "link": picture.link if picture else None,
                "alt": picture.alt if picture else None,
                "picture_url": picture.src if picture else None,
                "screenshot": result.screenshot,
                "crop": sighting.crop,
            }
        )
    return rows


def _replaced(table: pl.DataFrame, when: datetime, sites: Sequence[str], rows: pl.DataFrame) -> pl.DataFrame:
    """The table with ``rows`` in the place of those of (``when``, each of ``sites``)."""
    stays = table.filter(~((pl.col("time") == when) & pl.col("site").is_in(list(sites))))
    return pl.concat([stays, rows]).sort("time", "site", maintain_order=True)


def _read(store: Store, key: str, content: bytes | None, schema: Mapping[str, Any]) -> pl.DataFrame:
    """A table in today's columns: those a file of an older version lacks are empty."""
    if content is None:
        return pl.DataFrame(schema=dict(schema))
    try:
        table = pl.read_parquet(io.BytesIO(content))
        lacking = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in table.columns]
        return table.with_columns(lacking).select(list(schema)).cast(pl.Schema(schema))
    except pl.exceptions.PolarsError as error:
        raise RecordError(
            f"{store.url(key)} can't be read as a table ({str(error).splitlines()[0]}), so it is not written over: "
            "bring back an older version of it, or move it away, and clear merge."
        ) from None


def _parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd")
    return out.getvalue()
