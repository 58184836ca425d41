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
    "time site outcome reason source recognizer recognizer_version gallery adverts_counted faces calls calls_saved "
    "cost_usd",
)
SIGHTINGS = _columns(
    schema.SIGHTINGS,
    "time site name id qid source confidence basis placement left top width height above_fold prominence picture "
    "headline link alt picture_url screenshot crop",
)
MENTIONS = _columns(schema.MENTIONS, "time site name qid part text link picture_url placement shown")
PRESENCES = _columns(schema.SIGHTINGS, "time site name confidence prominence above_fold") | {
    "sightings": pl.UInt32,
    "shown": pl.Boolean,
    "named": pl.Boolean,
}
NAME_USES: dict[str, Any] = {"name": pl.String, "qid": pl.String, "time": schema.UTC_MS, "often": pl.UInt32}


class Month(NamedTuple):
    """A month's ``Captures``, and those ``Sightings`` and ``Mentions`` of the seen ones among them that count."""

    captures: pl.DataFrame
    sightings: pl.DataFrame
    mentions: pl.DataFrame


def months(store: Store) -> Iterator[Month]:
    """All months that have ``Captures``, newest first. RecordError names the file that is no table."""

    def read(start: datetime) -> Month:
        captures = _table(store, keys.captures(start), CAPTURES)
        # The denominator is the seen captures: a row beside them would make shares greater than 1.
        seen = captures.filter(SEEN).select("time", "site", "adverts_counted").unique(["time", "site"])
        is_counted = pl.col("adverts_counted").fill_null(True) | pl.col("placement").ne_missing("advert")
        people = (_rows(store, keys.sightings(start), SIGHTINGS), _rows(store, keys.mentions(start), MENTIONS))
        joined = (rows.join(seen, on=["time", "site"], maintain_order="left") for rows in people)
        return Month(captures, *(rows.filter(is_counted).drop("adverts_counted") for rows in joined))

    return _each_month(store, read)


def name_uses(store: Store) -> pl.DataFrame:
    """Which names stand beside which QIDs in the whole history: ``name``, ``qid`` (empty: none), the ``time`` of the
    newest sighting or mention, how ``often``. RecordError names the file that is no table."""

    def read(start: datetime) -> pl.DataFrame:
        columns = {column: SIGHTINGS[column] for column in ("name", "qid", "time")}
        rows = pl.concat(_rows(store, key, columns) for key in (keys.sightings(start), keys.mentions(start)))
        by_name = rows.group_by(pl.col("name").cast(pl.String), pl.col("qid").fill_null(""))
        return by_name.agg(pl.col("time").max(), pl.len().alias("often"))

    uses = pl.concat([pl.DataFrame(schema=NAME_USES), *_each_month(store, read)])
    return uses.group_by("name", "qid").agg(pl.col("time").max(), pl.col("often").sum())


def newest(captures: pl.DataFrame) -> datetime:
    """The run time up to which the dataset reaches; it is not empty."""
    return cast("datetime", captures["time"].max())


def presences(sightings: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """One row per person and capture: shown or named or both; if shown, how often, how surely, how prominently, and
    whether above the fold."""
    columns = list(PRESENCES)[:6]
    faces = sightings.select(columns).with_columns(shown=True, named=False)
    words = mentions.select("time", "site", "name").with_columns(shown=False, named=True)
    return (
        pl.concat([faces, words], how="diagonal")
        .group_by("time", "site", "name")
        .agg(
            pl.col("confidence").max(),
            summed(pl.col("prominence")).alias("prominence"),
            pl.col("above_fold").any(),
            pl.col("shown").sum().alias("sightings"),
            pl.col("shown", "named").any(),
        )
        .select(list(PRESENCES))
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


def _rows(store: Store, key: str, columns: dict[str, Any]) -> pl.DataFrame:
    """None without the file."""
    try:
        return _table(store, key, columns)
    except NotStoredError:
        return pl.DataFrame(schema=columns)
