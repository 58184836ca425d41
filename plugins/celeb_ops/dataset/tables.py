"""``Captures`` and ``Sightings``: Parquet tables, a file a month, each row found again by its run time and site."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys, removal_filter
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.records import Outcome, Result, Screenshot
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS, VERSION, VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from celeb_ops.core.geometry import Box
    from celeb_ops.core.records import Record
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.dataset.schema import Table


_FIRST_WITH_ARCHIVES = 3
"""The first version of the tables that tells of a failure which page was tried: before it, it was the live one."""


def captures_of(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The rows of ``Captures`` of a run, by site."""
    key = keys.captures(when)
    if not store.exists(key):
        return []
    return (
        from_parquet(store.read(key), CAPTURES, store.url(key)).filter(pl.col("time") == when).sort("site").to_dicts()
    )


def sighting_rows(store: Store, results: Sequence[Result], removed: RemovalList) -> list[dict[str, Any]]:
    """The rows of the results' sightings, with what their screenshots tell of the pictures they are on."""
    return [row for result in results for row in _sighting_rows(store, result, removed)]


def update_sightings(store: Store, when: datetime, sites: Sequence[str], rows: Sequence[dict[str, Any]]) -> bool:
    """Put ``rows`` in the place of those that the sites had in this run; True if that changed it."""
    key = keys.sightings(when)

    def change(old: bytes | None) -> bytes | None:
        if old is None and not sites:
            return None
        table = from_parquet(old, SIGHTINGS, store.url(key))
        of_run = pl.col("time") == when
        # A merge of before may have doubled rows of the run. No two faces have one crop.
        stays = table.filter(of_run & ~pl.col("site").is_in(list(sites))).unique(maintain_order=True)
        parts = [table.filter(~of_run), stays, pl.DataFrame(rows, schema=SIGHTINGS.dtypes)]
        return _changed(old, table, pl.concat(parts))

    return store.update(key, change)


def update_captures(store: Store, when: datetime, results: Sequence[Result], outcomes: Sequence[Outcome]) -> bool:
    """Put what came of each site into its row, where that is no less than what was known; True if that changed it."""
    key = keys.captures(when)
    news = [_seen_row(result) for result in results] + [_missed_row(outcome) for outcome in outcomes]

    def change(old: bytes | None) -> bytes | None:
        table = from_parquet(old, CAPTURES, store.url(key))
        of_run = pl.col("time") == when
        best: dict[str, dict[str, Any]] = {}
        # The run's own rows too: a merge of before may have left two of a site.
        for row in [*table.filter(of_run).iter_rows(named=True), *news]:
            if row["site"] not in best or _knowledge(row) >= _knowledge(best[row["site"]]):
                best[row["site"]] = row
        return _changed(
            old, table, pl.concat([table.filter(~of_run), pl.DataFrame([*best.values()], schema=CAPTURES.dtypes)])
        )

    return store.update(key, change)


def _knowledge(row: Mapping[str, Any]) -> int:
    """How much a row tells: what is known of a capture only grows. A site that failed at its time is not made a skipped
    one by a later try. An archived page that could not be had says nothing of the site: that and a skip replace each
    other."""
    if row["outcome"] == "seen":
        return 3
    return 2 if (row["outcome"], row["source"]) == ("failed", "live") else 1


def _seen_row(result: Result) -> dict[str, Any]:
    known = result.recognizer
    return _fields(result, CAPTURES) | {
        "outcome": "seen",
        "recognizer": known.name,
        "recognizer_version": known.version,
        "gallery": known.gallery,
    }


def _missed_row(outcome: Outcome) -> dict[str, Any]:
    return _fields(outcome, CAPTURES) | {
        # That its page can't be seen any more says nothing of the site.
        "reason": outcome.reason if outcome.missed_live is None else outcome.missed_live,
        "source": outcome.source if outcome.outcome == "failed" else None,
    }


def _fields(record: Record, table: Table) -> dict[str, Any]:
    """The table's columns that the record has by the same names; the others are empty."""
    return {name: getattr(record, name, None) for name in table.dtypes}


def _sighting_rows(store: Store, result: Result, removed: RemovalList) -> Iterator[dict[str, Any]]:
    if not result.sightings:
        return
    # One of before they asked may still have words that name them.
    screenshot = removal_filter.filtered(Screenshot.load(store, result.screenshot), removed)
    of_capture = result.model_dump(include={"time", "site", "captured_at", "source", "memento", "screenshot"})
    for sighting in result.sightings:
        row = _fields(sighting, SIGHTINGS) | of_capture | sighting.box._asdict()
        row["prominence"] = _prominence(sighting.box, screenshot.viewport)
        if sighting.picture is not None:
            picture = screenshot.pictures[sighting.picture]
            row |= picture.model_dump(include={"headline", "link", "alt"}) | {"picture_url": picture.src}
        yield row


def _prominence(box: Box, viewport: tuple[int, int]) -> float:
    """How much of the first screen the face takes, in percent, less the further down it is: halved one screen down."""
    width, height = viewport
    return 100 * box.area / (width * height) / (1 + box.top / height)


def _changed(old: bytes | None, table: pl.DataFrame, rows: pl.DataFrame) -> bytes | None:
    """The file of ``rows``, sorted; None where ``old``, the file of ``table``, has just these."""
    rows = rows.sort("time", "site", maintain_order=True)
    return None if old is not None and rows.equals(table) else to_parquet(rows)


def from_parquet(content: bytes | None, table: Table, where: str) -> pl.DataFrame:
    """A month of a table, as today's version has it: columns that a file of an older one lacks are empty.

    :param content: None: there is no file, so there are no rows. :param where: the file, for people.
    :raises RecordError: it is damaged, another thing, or of a newer version of this project.
    """
    if content is None:
        return pl.DataFrame(schema=table.dtypes)
    try:
        version = pl.read_parquet_metadata(io.BytesIO(content)).get(VERSION_KEY, "1")
        # Read on, a newer file would lose the columns that are unknown here.
        if not version.isdecimal() or int(version) > VERSION:
            raise RecordError(
                f"{where} was written by a newer version of this project (its schema is {version}, the latest known "
                f"here {VERSION}), so it is left as it is: update the project, and clear merge."
            )
        found = pl.read_parquet(io.BytesIO(content))
        # Of other columns older versions had fewer; without these nobody knows what a row is of.
        if any(name not in found.columns or found[name].null_count() for name in ("time", "site")):
            raise RecordError(
                f"{where} has rows without time or site, so it is not written over: bring back an older version of it, "
                "or move it away, and clear merge."
            )
        lacking = [pl.lit(None, dtype).alias(name) for name, dtype in table.dtypes.items() if name not in found.columns]
        found = found.with_columns(lacking).select(list(table.dtypes)).cast(pl.Schema(table.dtypes))
        return _with_sources(found) if table is CAPTURES and int(version) < _FIRST_WITH_ARCHIVES else found
    except pl.exceptions.PolarsError as error:
        raise RecordError(
            f"{where} can't be read as a table ({str(error).splitlines()[0]}), so it is not written over: "
            "bring back an older version of it, or move it away, and clear merge."
        ) from None


def _with_sources(captures: pl.DataFrame) -> pl.DataFrame:
    """Rows of before archives, those that failed with what was tried: a later try must not make them skipped ones."""
    failed = pl.col("outcome") == "failed"
    return captures.with_columns(pl.when(failed).then(pl.lit("live")).otherwise("source").alias("source"))


def to_parquet(table: pl.DataFrame) -> bytes:
    """The file of a month, with the version of its schema in its metadata."""
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd", statistics=True, metadata={VERSION_KEY: str(VERSION)})
    return out.getvalue()
