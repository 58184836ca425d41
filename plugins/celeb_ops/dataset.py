"""Results → tables: ``Celebs.csv``, ``Captures`` and ``Sightings``, each row written once whatever is repeated."""

from __future__ import annotations

import csv
import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops import keys
from celeb_ops.records import Outcome, Result, Screenshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

CSV_HEADER = ("time", "site", "celebrities", "captured_at", "source")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

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


@dataclass(frozen=True)
class Merged:
    """What a merge did: for the log, the asset event and the table."""

    seen: list[str]
    skipped: list[str]
    failed: list[str]
    celebrities: list[str]
    calls: int
    cost_usd: float
    changed: bool


def merge(store: Store, when: datetime, results: Sequence[Result], outcomes: Sequence[Outcome]) -> Merged:
    """Bring a run's results and outcomes into the dataset; a second time changes nothing.

    :param when: the run time. :param outcomes: of the sites without a result.
    """
    sightings = [row for result in results for row in _sighting_rows(store, result)]
    sites = [result.site for result in results]
    changed = [_upsert(store, keys.sightings(when), SIGHTINGS, when, sites, sightings)]
    captures = [_seen_row(result) for result in results] + [_missed_row(outcome) for outcome in outcomes]
    changed.append(_upsert_captures(store, keys.captures(when), when, captures))
    changed.append(_update_csv(store, results))
    return Merged(
        seen=sorted(sites),
        skipped=sorted(one.site for one in outcomes if one.outcome == "skipped"),
        failed=sorted(one.site for one in outcomes if one.outcome == "failed"),
        celebrities=sorted({name for result in results for name in result.celebrities}),
        calls=sum(result.calls for result in results),
        cost_usd=round(sum(result.cost_usd for result in results), 6),
        changed=any(changed),
    )


def captures_of(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The rows of ``Captures`` of a run, by site."""
    if not store.exists(keys.captures(when)):
        return []
    table = _read(store.read(keys.captures(when)), CAPTURES)
    return table.filter(pl.col("time") == when).sort("site").to_dicts()


# --- Celebs.csv -----------------------------------------------------------------------------------


def _update_csv(store: Store, results: Sequence[Result]) -> bool:
    new = {
        (keys.iso(result.time), result.site): (
            keys.iso(result.time),
            result.site,
            "; ".join(_cell(name) for name in result.celebrities),
            keys.iso(result.captured_at),
            result.source,
        )
        for result in results
    }

    def change(old: bytes | None) -> bytes:
        rows = read_csv(old or b"")
        return write_csv([*(rows | new).values()])

    _keep_v1(store)
    return store.update(keys.CSV, change)


def _keep_v1(store: Store) -> None:
    """The first version's file is kept beside the new one before it is taken over."""
    if not store.exists(keys.CSV):
        return
    old = store.read(keys.CSV)
    if old.strip() and not is_current(old):
        store.update(keys.CSV_V1, lambda kept: old if kept is None else None)
        logger.info("The first version's %s is kept as %s and taken over.", keys.CSV, keys.CSV_V1)


def is_current(content: bytes) -> bool:
    """Whether this is our CSV, by its header, and not the first version's headerless one."""
    return content.startswith(",".join(CSV_HEADER).encode())


def read_csv(content: bytes) -> dict[tuple[str, str], tuple[str, ...]]:
    """Rows by (time, site), of our file or of the first version's (``Sep_01_2022_08H_00M_05S,TMZ,name,…``)."""
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    if is_current(content):
        next(lines)
        return {(row[0], row[1]): tuple(row) for row in lines if len(row) == len(CSV_HEADER)}
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    names: dict[tuple[str, str], set[str]] = {}
    for row in lines:
        when = keys.parse_v1_time(row[0].strip()) if row else None
        if when is None or len(row) < 2:
            if any(cell.strip() for cell in row):
                logger.warning("%s: a line of the first version can't be read and is left out: %r", keys.CSV, row[:3])
            continue
        key = (keys.iso(when), row[1].strip())
        # Doubled rows of the first version are one: their names are united, so none is lost.
        names.setdefault(key, set()).update(_cell(name.strip()) for name in row[2:] if name.strip())
        rows[key] = (*key, "; ".join(sorted(names[key])), key[0], "live")
    return rows


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """The CSV of these rows, sorted by time and site."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    ordered: list[Sequence[str]] = sorted(rows, key=lambda row: tuple(row[:2]))
    writer.writerows(ordered)
    return out.getvalue().encode()


def _cell(name: str) -> str:
    """A name as part of a cell: no spreadsheet takes it for a formula, and the joint stays unique."""
    name = name.replace(";", ",")
    return f"'{name}" if name.startswith(_FORMULA) else name


# --- Captures and Sightings -----------------------------------------------------------------------


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


def _upsert(
    store: Store,
    key: str,
    schema: Mapping[str, Any],
    when: datetime,
    sites: Sequence[str],
    rows: Sequence[dict[str, Any]],
) -> bool:
    """Replace the rows of (``when``, each of ``sites``) by ``rows``."""
    new = pl.DataFrame(rows, schema=dict(schema))

    def change(old: bytes | None) -> bytes | None:
        if old is None:
            return _parquet(new) if sites else None
        table = _read(old, schema)
        stays = table.filter(~((pl.col("time") == when) & pl.col("site").is_in(list(sites))))
        merged = pl.concat([stays, new]).sort("time", "site", maintain_order=True)
        return None if merged.equals(table) else _parquet(merged)

    return store.update(key, change)


def _upsert_captures(store: Store, key: str, when: datetime, rows: Sequence[dict[str, Any]]) -> bool:
    def change(old: bytes | None) -> bytes | None:
        table = _read(old, CAPTURES) if old is not None else pl.DataFrame(schema=dict(CAPTURES))
        known = {row["site"]: row for row in table.filter(pl.col("time") == when).to_dicts()}
        better = [
            row
            for row in rows
            if row["site"] not in known or _KNOWLEDGE[row["outcome"]] >= _KNOWLEDGE[known[row["site"]]["outcome"]]
        ]
        sites = [row["site"] for row in better]
        stays = table.filter(~((pl.col("time") == when) & pl.col("site").is_in(sites)))
        merged = pl.concat([stays, pl.DataFrame(better, schema=dict(CAPTURES))]).sort("time", "site")
        return None if old is not None and merged.equals(table) else _parquet(merged)

    return store.update(key, change)


def _read(content: bytes, schema: Mapping[str, Any]) -> pl.DataFrame:
    """A table in today's columns: those a file of an older version lacks are empty."""
    table = pl.read_parquet(io.BytesIO(content))
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in table.columns]
    return table.with_columns(lacking).select(list(schema)).cast(pl.Schema(schema))


def _parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd")
    return out.getvalue()
