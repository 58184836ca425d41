"""What a run says of the people on the watch list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.names import letters
from celeb_ops.dataset import schema
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.trends.movers import HEAD_Q
from celeb_ops.trends.schema import load

if TYPE_CHECKING:
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.core.watch_list import Rule, Watch

QUIET = timedelta(days=7)
"""How long a person must have been on fewer sites, until "on 3 sites at once" is news again."""
PLACES = 3
"""Places of a person in one message."""
STORIES = 30
"""Stories of a person in a feed, at most."""
STORIES_FOR = timedelta(days=21)
"""How old they are at most. Rows of a week more are always read: what stood there before is not new again."""
_MONTHS = 2
"""Months that are read row by row, the run's and the ones before; of older ones the weeks of ``appearances``."""


@dataclass(frozen=True)
class Place:
    """Where a run shows or names somebody."""

    site: str
    text: str
    """The headline, or the alternative text; may be empty."""
    link: str
    crop: str | None
    """Key of the evidence, of somebody shown."""


@dataclass(frozen=True)
class Story:
    """What a site had of somebody."""

    first: datetime
    """The first run that saw it."""
    place: Place


@dataclass(frozen=True)
class News:
    """One rule that came true for one person."""

    name: str
    rule: Rule
    digest: str
    """See :meth:`Watch.digest`."""
    places: tuple[Place, ...]


def news(store: Store, when: datetime, watches: Sequence[Watch], removed: RemovalList) -> list[News]:
    """What comes true in the run at ``when``, which is in the trends already. People who asked to be removed never.

    :raises RecordError: a table is damaged.
    """
    movers = load(store, "movers")
    rising = movers.filter(kind="week", mover="rising").filter(pl.col("q").fill_null(0) <= HEAD_Q)["name"].to_list()
    rows, start = _rows(store, when)
    appearances = load(store, "appearances")
    found = []
    for watch, name, qid in _watched(load(store, "people"), watches, removed):
        if not name:
            continue
        theirs = _of_person(rows, name, qid, watch.sites)
        now = theirs.filter(time=when)
        older = appearances.filter(name=name).filter(pl.col("week") < start.date())
        older = older.filter(pl.col("site").is_in(watch.sites)) if watch.sites else older
        for rule in watch.when:
            if (name in rising) if rule.kind == "rising" else _holds(rule, when, theirs, older):
                places = _places(now if len(now) else theirs.filter(pl.col("time") == theirs["time"].max()), removed)
                found.append(News(name, rule, watch.digest(rule), places))
    return found


def stories(
    store: Store, when: datetime, people: pl.DataFrame, watches: Sequence[Watch], removed: RemovalList
) -> Iterator[tuple[Watch, str, list[Story]]]:
    """Each person on the list once, with the name in the trends (empty: nobody yet), and what the latest weeks had.

    :raises RecordError: a table is damaged.
    """
    everybody = {watch.name: (watch, name, qid) for watch, name, qid in _watched(people, watches, removed)}
    rows, _ = _rows(store, when) if everybody else (pl.DataFrame(), when)
    seen: set[str] = set()
    for watch, name, qid in everybody.values():
        if name in seen:
            continue
        found: list[Story] = []
        if name:
            seen.add(name)
            first = (
                _of_person(rows, name, qid, ())
                .with_columns(words=pl.coalesce(pl.col("headline", "alt", "link").replace("", None)))
                .sort("time", pl.col("crop").is_null(), "confidence", descending=[False, False, True], nulls_last=True)
                .unique(["site", "words"], keep="first", maintain_order=True)
                .filter(pl.col("time") > when - STORIES_FOR)
                .tail(STORIES)
            )
            found = [Story(*one) for one in zip(first["time"], _each(first, removed), strict=True)]
        yield watch, name, found


def _watched(
    people: pl.DataFrame, watches: Iterable[Watch], removed: RemovalList
) -> Iterator[tuple[Watch, str, str | None]]:
    """The list with names and QIDs as in the trends (empty: nobody there), without people who asked to be removed."""
    everybody = people.select("name", "qid").rows()
    for watch in watches:
        wanted = letters(watch.name)
        known = [one for one in everybody if (one[1] == watch.qid if watch.qid else letters(one[0]) == wanted)]
        name, qid = known[0] if known else ("", None)
        if not removed.holds(watch.name, name, qid):
            yield watch, name, qid


def _holds(rule: Rule, when: datetime, theirs: pl.DataFrame, older: pl.DataFrame) -> bool:
    """:param older: their weeks before the rows that were read."""
    now, before = theirs.filter(time=when), theirs.filter(pl.col("time") < when)
    if now.is_empty():
        return False
    if rule.kind == "on":
        recent = before.filter(pl.col("time") >= when - QUIET).group_by("time").agg(pl.col("site").n_unique())
        return now["site"].n_unique() >= rule.number and not (recent["site"] >= rule.number).any()
    last = before["time"].max()
    if last is None and len(older):
        # The last day of that week: later than that they were not there.
        last = datetime.combine(older["week"].max() + timedelta(days=6), time.max, UTC)  # type: ignore[operator, arg-type]
    if rule.kind == "first":
        return last is None
    return isinstance(last, datetime) and when - last >= timedelta(days=rule.number)


def _rows(store: Store, when: datetime) -> tuple[pl.DataFrame, datetime]:
    """Live sightings and mentions up to the run, of the latest months; and when those begin."""
    columns: dict[str, Any] = {
        name: schema.SIGHTINGS.dtypes[name]
        for name in ("time", "site", "source", "name", "qid", "headline", "alt", "link", "crop", "confidence")
    }
    tables = [pl.DataFrame(schema=columns)]
    start = when
    for _ in range(_MONTHS):
        for key, table in ((keys.sightings(start), schema.SIGHTINGS), (keys.mentions(start), schema.MENTIONS)):
            try:
                rows = from_parquet(store.read(key), table, store.url(key))
            except NotStoredError:
                continue
            if table is schema.MENTIONS:
                rows = rows.with_columns(headline=pl.col("text"), alt=None, crop=None, confidence=None)
            tables.append(rows.select(pl.col(name).cast(dtype) for name, dtype in columns.items()))
        first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        start = first - timedelta(days=1)
    rows = pl.concat(tables)
    return rows.filter(pl.col("time") <= when, (pl.col("time") < when) | (pl.col("source") == "live")), first


def _of_person(rows: pl.DataFrame, name: str, qid: str | None, sites: Iterable[str]) -> pl.DataFrame:
    spelled = [one for one in rows["name"].unique() if letters(one) == letters(name)]
    by_name = pl.col("name").is_in(spelled) & pl.col("qid").is_null()
    theirs = rows.filter((by_name | (pl.col("qid") == qid)) if qid else pl.col("name").is_in(spelled))
    return theirs.filter(pl.col("site").is_in(list(sites))) if sites else theirs


def _places(rows: pl.DataFrame, removed: RemovalList) -> tuple[Place, ...]:
    """One a site, the surest face first."""
    best = rows.sort(pl.col("crop").is_null(), "confidence", "site", descending=[False, True, False], nulls_last=True)
    return tuple(_each(best.unique("site", keep="first", maintain_order=True).head(PLACES), removed))


def _each(rows: pl.DataFrame, removed: RemovalList) -> Iterator[Place]:
    for row in rows.iter_rows(named=True):
        text, link = row["headline"] or row["alt"] or "", row["link"] or ""
        yield Place(
            row["site"], "" if removed.mentioned(text) else text, "" if removed.mentioned(link) else link, row["crop"]
        )
