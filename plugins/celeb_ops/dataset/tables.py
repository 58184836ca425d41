"""``Captures``, ``Sightings`` and ``Mentions``: a Parquet file a month, each row found by its run time and site."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys, removal_filter
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.records import Screenshot
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS, VERSION, VERSION_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from celeb_ops.core.records import Outcome, Record, Result
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.dataset.schema import Table

_FIRST_WITH_ARCHIVES = 3
"""Before this version of the tables a page that failed had no ``source``: it was always the live one."""
_ADVICE = "It is unchanged: bring back an older version or move it away, then clear merge."

# A later try never downgrades a row: a live page's failure does not become a skip. A failure to get an archived page
# says nothing about the site, so it and a skip replace each other.
_RANK = (
    pl.when(outcome="seen").then(pl.lit(2)).when(outcome="failed", source="live").then(pl.lit(1)).otherwise(pl.lit(0))
)


def captures_of(store: Store, when: datetime) -> list[dict[str, Any]]:
    """A run's ``Captures`` rows, sorted by site."""
    key = keys.captures(when)
    content = store.read(key) if store.exists(key) else None
    return from_parquet(content, CAPTURES, store.url(key)).filter(time=when).sort("site").to_dicts()


def update_captures(store: Store, when: datetime, results: Sequence[Result], outcomes: Sequence[Outcome]) -> bool:
    """Write each site's outcome into its row, unless the old one says more; True if the file changed."""
    key = keys.captures(when)
    rows = pl.DataFrame([*map(_seen_row, results), *map(_missed_row, outcomes)], schema=CAPTURES.dtypes)

    def change(old: bytes | None) -> bytes | None:
        table = from_parquet(old, CAPTURES, store.url(key))
        # Old rows of the run too: an earlier version may have left two per site.
        run = pl.concat([table.filter(time=when), rows]).sort(_RANK, maintain_order=True)
        best = run.unique("site", keep="last", maintain_order=True)
        return _changed(old, table, pl.concat([table.filter(pl.col("time") != when), best]))

    return store.update(key, change)


def _seen_row(result: Result) -> dict[str, Any]:
    info = result.recognizer
    names = {"recognizer": info.name, "recognizer_version": info.version, "gallery": info.gallery}
    return _fields(result, CAPTURES) | {"outcome": "seen"} | names


def _missed_row(outcome: Outcome) -> dict[str, Any]:
    return _fields(outcome, CAPTURES) | {
        # That the page is gone now says nothing about the site.
        "reason": outcome.reason if outcome.missed_live is None else outcome.missed_live,
        "source": outcome.source if outcome.outcome == "failed" else None,
    }


def _fields(record: Record, table: Table) -> dict[str, Any]:
    """The table's columns from the record's fields of the same name, else None."""
    return {name: getattr(record, name, None) for name in table.dtypes}


def update_sightings(store: Store, when: datetime, sites: Sequence[str], rows: Sequence[dict[str, Any]]) -> bool:
    """Replace the sites' rows of this run with ``rows``; True if the file changed."""
    return _update(store, SIGHTINGS, keys.sightings(when), when, sites, rows)


def update_mentions(store: Store, when: datetime, sites: Sequence[str], rows: Sequence[dict[str, Any]]) -> bool:
    """The same for ``Mentions``."""
    return _update(store, MENTIONS, keys.mentions(when), when, sites, rows)


def _update(
    store: Store, schema: Table, key: str, when: datetime, sites: Sequence[str], rows: Sequence[dict[str, Any]]
) -> bool:
    def change(old: bytes | None) -> bytes | None:
        if old is None and not sites:
            return None
        table = from_parquet(old, schema, store.url(key))
        others = table.filter(pl.col("time") == when, ~pl.col("site").is_in(list(sites)))
        # An earlier version's merge may have doubled rows. Real ones differ in their crop.
        parts = [table.filter(pl.col("time") != when), others.unique(maintain_order=True)]
        return _changed(old, table, pl.concat([*parts, pl.DataFrame(rows, schema=schema.dtypes)]))

    return store.update(key, change)


def sighting_rows(store: Store, results: Sequence[Result], removed: RemovalList) -> list[dict[str, Any]]:
    """The rows of the results' sightings, with their pictures' data from the screenshots."""
    rows = []
    for result in (result for result in results if result.sightings):
        # A screenshot older than a removal request may still name people.
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


def mention_rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The rows of the results' mentions."""
    of_capture = {"time", "site", "captured_at", "source", "memento", "screenshot"}
    return [
        _fields(one, MENTIONS) | result.model_dump(include=of_capture) for result in results for one in result.mentions
    ]


def _changed(old: bytes | None, table: pl.DataFrame, rows: pl.DataFrame) -> bytes | None:
    """The file of ``rows``, sorted; None if ``table``, which was read from ``old``, already equals ``rows``."""
    rows = rows.sort("time", "site", maintain_order=True)
    return None if old is not None and rows.equals(table) else to_parquet(rows)


def from_parquet(content: bytes | None, table: Table, where: str) -> pl.DataFrame:
    """A month of a table in today's columns; columns that are missing in a file of an older version are empty.

    :param content: None: there is no file.
    :param where: the file's name in messages.
    :raises RecordError: the file is damaged, no table, or of a newer version.
    """
    if content is None:
        return pl.DataFrame(schema=table.dtypes)
    with _readable(where, _ADVICE):
        version = pl.read_parquet_metadata(io.BytesIO(content)).get(VERSION_KEY, "1")
        # Rewriting a newer file would lose the columns that are unknown here.
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
    """These columns of a Parquet file; missing ones are empty. RecordError if it is damaged."""
    with _readable(where, advice):
        there = pl.read_parquet_schema(io.BytesIO(content))
        table = pl.read_parquet(io.BytesIO(content), columns=[name for name in columns if name in there])
        return conformed(table, columns)


def conformed(table: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The table in these columns and types; missing columns are empty."""
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
