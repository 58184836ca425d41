"""``Captures`` and ``Sightings``: Parquet tables, a file a month, each row found again by its run time and site."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys, removal_filter
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.records import Screenshot
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS, VERSION, VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from celeb_ops.core.records import Outcome, Record, Result
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.dataset.schema import Table

_FIRST_WITH_ARCHIVES = 3
"""Before this version of the tables a page that failed had no ``source``: it was always the live one."""
_ADVICE = "It is left as it is: bring back an older version of it, or move it away, and clear merge."

# What is known of a capture only grows: a later try does not turn a live page's failure into a skip. An archived page
# that could not be had says nothing of the site, so that and a skip replace each other.
_KNOWLEDGE = (
    pl.when(outcome="seen").then(pl.lit(2)).when(outcome="failed", source="live").then(pl.lit(1)).otherwise(pl.lit(0))
)


def captures_of(store: Store, when: datetime) -> list[dict[str, Any]]:
    """The rows of ``Captures`` of a run, by site."""
    key = keys.captures(when)
    content = store.read(key) if store.exists(key) else None
    return from_parquet(content, CAPTURES, store.url(key)).filter(time=when).sort("site").to_dicts()


def update_captures(store: Store, when: datetime, results: Sequence[Result], outcomes: Sequence[Outcome]) -> bool:
    """Put what came of each site into its row, where that is no less than what was known; True if that changed it."""
    key = keys.captures(when)
    rows = pl.DataFrame([*map(_seen_row, results), *map(_missed_row, outcomes)], schema=CAPTURES.dtypes)

    def change(old: bytes | None) -> bytes | None:
        table = from_parquet(old, CAPTURES, store.url(key))
        # The run's own rows too: an earlier version's merge may have left two of a site.
        run = pl.concat([table.filter(time=when), rows]).sort(_KNOWLEDGE, maintain_order=True)
        best = run.unique("site", keep="last", maintain_order=True)
        return _changed(old, table, pl.concat([table.filter(pl.col("time") != when), best]))

    return store.update(key, change)


def _seen_row(result: Result) -> dict[str, Any]:
    info = result.recognizer
    names = {"recognizer": info.name, "recognizer_version": info.version, "gallery": info.gallery}
    return _fields(result, CAPTURES) | {"outcome": "seen"} | names


def _missed_row(outcome: Outcome) -> dict[str, Any]:
    return _fields(outcome, CAPTURES) | {
        # That its page can't be seen any more says nothing of the site.
        "reason": outcome.reason if outcome.missed_live is None else outcome.missed_live,
        "source": outcome.source if outcome.outcome == "failed" else None,
    }


def _fields(record: Record, table: Table) -> dict[str, Any]:
    """The table's columns that the record has by the same names; the others are empty."""
    return {name: getattr(record, name, None) for name in table.dtypes}


def update_sightings(store: Store, when: datetime, sites: Sequence[str], rows: Sequence[dict[str, Any]]) -> bool:
    """Put ``rows`` in the place of those that the sites had in this run; True if that changed it."""
    key = keys.sightings(when)

    def change(old: bytes | None) -> bytes | None:
        if old is None and not sites:
            return None
        table = from_parquet(old, SIGHTINGS, store.url(key))
        others = table.filter(pl.col("time") == when, ~pl.col("site").is_in(list(sites)))
        # An earlier version's merge may have doubled rows of the run. No two faces have one crop.
        parts = [table.filter(pl.col("time") != when), others.unique(maintain_order=True)]
        return _changed(old, table, pl.concat([*parts, pl.DataFrame(rows, schema=SIGHTINGS.dtypes)]))

    return store.update(key, change)


def sighting_rows(store: Store, results: Sequence[Result], removed: RemovalList) -> list[dict[str, Any]]:
    """The rows of the results' sightings, with what their screenshots know of the pictures they are on."""
    rows = []
    for result in (result for result in results if result.sightings):
        # A screenshot from before they asked may still have words that name them.
        screenshot = removal_filter.filtered(Screenshot.load(store, result.screenshot), removed)
        of_capture = result.model_dump(include={"time", "site", "captured_at", "source", "memento", "screenshot"})
        width, height = screenshot.viewport
        for sighting in result.sightings:
            row = _fields(sighting, SIGHTINGS) | of_capture | sighting.box._asdict()
            row["prominence"] = 100 * sighting.box.area / (width * height) / (1 + sighting.box.top / height)
            if sighting.picture is not None:
                picture = screenshot.pictures[sighting.picture]
                row |= picture.model_dump(include={"headline", "link", "alt"}) | {"picture_url": picture.src}
            rows.append(row)
    return rows


def _changed(old: bytes | None, table: pl.DataFrame, rows: pl.DataFrame) -> bytes | None:
    """The file of ``rows``, sorted; None where ``old``, the file of ``table``, has just these."""
    rows = rows.sort("time", "site", maintain_order=True)
    return None if old is not None and rows.equals(table) else to_parquet(rows)


def from_parquet(content: bytes | None, table: Table, where: str) -> pl.DataFrame:
    """A month of a table in today's columns; those that a file of an older version lacks are empty.

    :param content: None: there is no file, so there are no rows. :param where: the file, for people.
    :raises RecordError: it is damaged, another thing, or of a newer version of this project.
    """
    if content is None:
        return pl.DataFrame(schema=table.dtypes)
    with _readable(where, _ADVICE):
        version = pl.read_parquet_metadata(io.BytesIO(content)).get(VERSION_KEY, "1")
        # Read all the same, a newer file would lose the columns that are unknown here.
        if not version.isdecimal() or int(version) > VERSION:
            raise RecordError(
                f"{where} was written by a newer version of this project (its schema is {version}, the latest known "
                f"here {VERSION}), so it is left as it is: update the project, and clear merge."
            )
    rows = read_columns(content, table.dtypes, where, _ADVICE)
    if any(rows[name].null_count() for name in ("time", "site")):
        raise RecordError(f"{where} has rows without time or site. {_ADVICE}")
    if table is CAPTURES and int(version) < _FIRST_WITH_ARCHIVES:
        return rows.with_columns(source=pl.when(outcome="failed").then(pl.lit("live")).otherwise("source"))
    return rows


def read_columns(content: bytes, columns: Mapping[str, Any], where: str, advice: str) -> pl.DataFrame:
    """These columns of a Parquet file; those that it lacks are empty. RecordError where it is damaged."""
    with _readable(where, advice):
        there = pl.read_parquet_schema(io.BytesIO(content))
        table = pl.read_parquet(io.BytesIO(content), columns=[name for name in columns if name in there])
        return conformed(table, columns)


def conformed(table: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The table in these columns and types, those that it lacks empty."""
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items() if name not in table.columns]
    return table.with_columns(lacking).select(list(columns)).cast(pl.Schema(columns))


@contextmanager
def _readable(where: str, advice: str) -> Iterator[None]:
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise RecordError(f"{where} can't be read as a table ({str(error).splitlines()[0]}). {advice}") from None


def to_parquet(table: pl.DataFrame) -> bytes:
    """The file of a month, with the version of its schema in its metadata."""
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd", statistics=True, metadata={VERSION_KEY: str(VERSION)})
    return out.getvalue()
