"""The dataset's months, newest first: read in parallel, each file once, only the columns that trends need."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.dataset import schema
from celeb_ops.dataset.tables import read_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celeb_ops.core.store import Store

T = TypeVar("T")

READERS = 4
"""Months read at once: from S3 they come at its latency, and no more than these are held in memory."""

MONTH = timedelta(days=28)
"""Whole weeks: each has as many Mondays as any other."""
WEEK = timedelta(days=7)
SEEN = pl.col("outcome") == "seen"

_ADVICE = "Bring back an older version of it, or move it away, and build the trends again (`make report`)."


def _columns(table: schema.Table, names: str) -> dict[str, Any]:
    # Names and sites come by the million: as categories they cost 4 bytes each.
    return {name: pl.Categorical() if name in ("name", "site") else table.dtypes[name] for name in names.split()}


CAPTURES = _columns(
    schema.CAPTURES,
    "time site outcome reason source recognizer recognizer_version gallery faces calls calls_saved cost_usd",
)
SIGHTINGS = _columns(
    schema.SIGHTINGS,
    "time site name id qid source confidence basis left top width height above_fold prominence picture headline link "
    "alt picture_url screenshot crop",
)
SHOWINGS = _columns(schema.SIGHTINGS, "time site name confidence prominence above_fold") | {"sightings": pl.UInt32}
NAME_USES: dict[str, Any] = {"name": pl.String, "qid": pl.String, "time": schema.UTC_MS, "often": pl.UInt32}


class Month(NamedTuple):
    """A month's ``Captures``, and the ``Sightings`` of the seen ones among them."""

    captures: pl.DataFrame
    sightings: pl.DataFrame


def months(store: Store) -> Iterator[Month]:
    """All months that have ``Captures``, newest first. RecordError names the file that is no table."""

    def read(start: datetime) -> Month:
        captures = _table(store, keys.captures(start), CAPTURES)
        # The denominator is the seen captures: a row beside them would make shares greater than 1.
        seen = captures.filter(SEEN).select("time", "site")
        return Month(captures, _sightings(store, start, SIGHTINGS).join(seen, on=["time", "site"], how="semi"))

    return _each_month(store, read)


def name_uses(store: Store) -> pl.DataFrame:
    """Which names stand beside which QIDs in the whole history: ``name``, ``qid`` (empty: none), the ``time`` of the
    newest sighting, how ``often``. RecordError names the file that is no table."""

    def read(start: datetime) -> pl.DataFrame:
        sightings = _sightings(store, start, {column: SIGHTINGS[column] for column in ("name", "qid", "time")})
        by_name = sightings.group_by(pl.col("name").cast(pl.String), pl.col("qid").fill_null(""))
        return by_name.agg(pl.col("time").max(), pl.len().alias("often"))

    uses = pl.concat([pl.DataFrame(schema=NAME_USES), *_each_month(store, read)])
    return uses.group_by("name", "qid").agg(pl.col("time").max(), pl.col("often").sum())


def newest(captures: pl.DataFrame) -> datetime:
    """The run time up to which the dataset reaches; it is not empty."""
    return cast("datetime", captures["time"].max())


def showings(sightings: pl.DataFrame) -> pl.DataFrame:
    """One row per person and capture: how often, how surely, how prominently, and whether above the fold."""
    return sightings.group_by("time", "site", "name").agg(
        pl.col("confidence").max(),
        summed(pl.col("prominence")).alias("prominence"),
        pl.col("above_fold").any(),
        pl.len().alias("sightings"),
    )


def summed(values: pl.Expr) -> pl.Expr:
    """The sum of what is there: null where nothing is, while polars would say 0."""
    return pl.when(values.count() > 0).then(values.sum())


def _each_month(store: Store, read: Callable[[datetime], T]) -> Iterator[T]:
    months = [key for key in store.list("Captures/") if keys.is_month(key, "Captures")]
    starts = [datetime.strptime(f"{key[-15:-8]}Z", "%Y-%m%z") for key in reversed(months)]
    with ThreadPoolExecutor(READERS, thread_name_prefix="trends") as pool:
        for at in range(0, len(starts), READERS):
            yield from pool.map(read, starts[at : at + READERS])


def _table(store: Store, key: str, columns: dict[str, Any]) -> pl.DataFrame:
    return read_columns(store.read(key), columns, store.url(key), _ADVICE)


def _sightings(store: Store, start: datetime, columns: dict[str, Any]) -> pl.DataFrame:
    try:
        return _table(store, keys.sightings(start), columns)
    except NotStoredError:
        return pl.DataFrame(schema=columns)
