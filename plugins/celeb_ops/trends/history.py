"""The dataset's months, newest first: read in parallel, each file once, only the columns that trends need.

Who is who must be known before the first month is counted, so names and QIDs are read from all of them before.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError
from celeb_ops.trends.identity import Identities, uses
from celeb_ops.trends.tables import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celeb_ops.store import Store

Read = TypeVar("Read")

READERS = 4
"""Months under way at once: from S3 they come at its latency, and no more than these are held in memory."""

MONTH = timedelta(days=28)
"""Whole weeks: each has as many Mondays as any other."""
WEEK = timedelta(days=7)

_UTC = pl.Datetime("ms", "UTC")
# Names and sites come by the million: as categories they cost 4 bytes each.
CAPTURES: dict[str, Any] = {
    "time": _UTC,
    "site": pl.Categorical(),
    "outcome": pl.String,
    "reason": pl.String,
    "source": pl.String,
    "recognizer": pl.String,
    "recognizer_version": pl.String,
    "gallery": pl.String,
    "faces": pl.Int32,
    "calls": pl.Int32,
    "calls_saved": pl.Int32,
    "cost_usd": pl.Float64,
}
SIGHTINGS: dict[str, Any] = {
    "time": _UTC,
    "site": pl.Categorical(),
    "name": pl.Categorical(),
    "id": pl.String,
    "qid": pl.String,
    "source": pl.String,
    "confidence": pl.Float64,
    "basis": pl.String,
    "left": pl.Int32,
    "top": pl.Int32,
    "width": pl.Int32,
    "height": pl.Int32,
    "above_fold": pl.Boolean,
    "prominence": pl.Float64,
    "picture": pl.Int32,
    "headline": pl.String,
    "link": pl.String,
    "alt": pl.String,
    "picture_url": pl.String,
    "screenshot": pl.String,
    "crop": pl.String,
}
SHOWN: dict[str, Any] = {
    "time": _UTC,
    "site": pl.Categorical(),
    "name": pl.Categorical(),
    "sightings": pl.UInt32,
    "confidence": pl.Float64,
    "prominence": pl.Float64,
    "above_fold": pl.Boolean,
}
"""Columns of :func:`shown`."""

_MEND = "Bring back an older version of it, or move it away, and build the trends again (`make report`)."


@dataclass(frozen=True)
class Month:
    """A month's ``Captures``, and the ``Sightings`` of the seen ones among them."""

    captures: pl.DataFrame
    sightings: pl.DataFrame


def months(store: Store) -> Iterator[Month]:
    """All months that have ``Captures``, newest first.

    :raises RecordError: names the file that is no table.
    """
    yield from _each_month(store, _read)


def identities(store: Store) -> Identities:
    """Who is who in all months that have ``Captures``.

    :raises RecordError: names the file that is no table.
    """
    return Identities(_each_month(store, _uses))


def _each_month(store: Store, read: Callable[[Store, datetime], Read]) -> Iterator[Read]:
    """What ``read`` makes of each month that has ``Captures``, newest first; a few are under way at once."""
    found = [key for key in store.list("Captures/") if keys.is_month(key, "Captures")]
    todo = iter(datetime.strptime(f"{key[-15:-8]}Z", "%Y-%m%z") for key in reversed(found))
    with ThreadPoolExecutor(READERS, thread_name_prefix="trends") as pool:
        try:
            under_way = deque(pool.submit(read, store, start) for start in islice(todo, READERS))
            while under_way:
                month = under_way.popleft().result()
                under_way.extend(pool.submit(read, store, start) for start in islice(todo, 1))
                yield month
        finally:
            pool.shutdown(cancel_futures=True)


def newest(captures: pl.DataFrame) -> datetime:
    """The run time up to which the dataset reaches. ValueError where it is empty."""
    last = captures["time"].max()
    if not isinstance(last, datetime):
        raise ValueError("there are no captures")
    return last


def shown(sightings: pl.DataFrame) -> pl.DataFrame:
    """One row per person and capture: how often, how surely, how prominently, and whether above the fold."""
    return sightings.group_by("time", "site", "name").agg(
        pl.len().alias("sightings"),
        pl.col("confidence").max(),
        summed(pl.col("prominence")).alias("prominence"),
        pl.col("above_fold").any(),
    )


def summed(values: pl.Expr) -> pl.Expr:
    """The sum of what is there: nothing where nothing is, while polars would say 0."""
    return pl.when(values.count() > 0).then(values.sum())


def _read(store: Store, start: datetime) -> Month:
    key = keys.captures(start)
    captures = parsed(store, key, store.read(key), CAPTURES, _MEND)
    key = keys.sightings(start)
    try:
        sightings = parsed(store, key, store.read(key), SIGHTINGS, _MEND)
    except NotStoredError:
        return Month(captures, pl.DataFrame(schema=SIGHTINGS))
    # The denominator is the seen captures: a row beside them would make shares greater than 1.
    seen = captures.filter(pl.col("outcome") == "seen").select("time", "site")
    return Month(captures, sightings.join(seen, on=["time", "site"], how="semi"))


def _uses(store: Store, start: datetime) -> pl.DataFrame:
    key = keys.sightings(start)
    columns = {name: SIGHTINGS[name] for name in ("name", "qid", "time")}
    try:
        return uses(parsed(store, key, store.read(key), columns, _MEND))
    except NotStoredError:
        return uses(pl.DataFrame(schema=columns))
