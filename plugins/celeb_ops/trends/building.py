"""All tables of the trends at once, from the whole dataset."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from celeb_ops.core import keys
from celeb_ops.trends import history
from celeb_ops.trends.co_occurrence import CoOccurrence
from celeb_ops.trends.evidence import Newest, pictures, texts
from celeb_ops.trends.firsts import firsts
from celeb_ops.trends.identity import identities, qids, resolved
from celeb_ops.trends.movers import WINDOWS, movers
from celeb_ops.trends.periods import appearances, periods, shares, with_changes
from celeb_ops.trends.person_stats import people
from celeb_ops.trends.schema import SCHEMAS, save
from celeb_ops.trends.site_stats import runs, site_days, sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)


class Trends(NamedTuple):
    """What was built."""

    captures: int
    people: int
    changed: list[str]
    """The tables that were written: the others are what they were."""


def build(store: Store) -> Trends:
    """Make every table of the dataset's. RecordError, before any change, where one is damaged."""
    # Who is who must be known before the first month is counted.
    persons = identities(history.name_uses(store))
    captures, presences = [pl.DataFrame(schema=history.CAPTURES)], [pl.DataFrame(schema=history.PRESENCES)]
    together, evidence, headlines = CoOccurrence(), pictures(), texts()
    for month in history.months(store):
        captures.append(month.captures)
        sightings, mentions = resolved(month.sightings, persons), resolved(month.mentions, persons)
        presences.append(history.presences(sightings, mentions))
        together.add(sightings)
        evidence.add(sightings)
        headlines.add(mentions)
    # Names and sites that sort as numbers do.
    all_captures, everybody = pl.concat(captures), pl.concat(presences)
    site, name = (_alphabetical(texts) for texts in (all_captures["site"], everybody["name"]))
    all_captures, everybody = all_captures.cast({"site": site}), everybody.cast({"name": name, "site": site})
    # Each is written as it is made: all at once would take half as much memory again.
    tables = _tables(all_captures, everybody, together, evidence, headlines, qids(persons))
    changed = [name for name, table in tables if save(store, name, table)]
    trends = Trends(all_captures.height, everybody["name"].n_unique(), changed)
    logger.info("Trends of %d captures and %d people: %s", trends.captures, trends.people, store.url(keys.TRENDS))
    return trends


def _alphabetical(texts: pl.Series) -> pl.Enum:
    return pl.Enum(texts.unique().cast(pl.String).sort())


def _tables(
    captures: pl.DataFrame,
    presences: pl.DataFrame,
    together: CoOccurrence,
    evidence: Newest,
    headlines: Newest,
    qids: pl.DataFrame,
) -> Iterator[tuple[str, pl.DataFrame]]:
    if captures.is_empty():
        yield from ((name, pl.DataFrame(schema=schema)) for name, schema in SCHEMAS.items())
        return
    yield "together", together.table()
    changes = with_changes(captures)
    all_periods = periods(changes)
    yield "periods", all_periods
    for kind in ("day", "week", "month"):
        yield f"{kind}s", shares(presences, all_periods, kind)
    showings = presences.filter("shown")
    week, *longer = (movers(captures, showings, window) for window in WINDOWS)
    yield "movers", pl.concat([week, *longer])
    newest = evidence.table(), headlines.table()
    yield "evidence", newest[0]
    yield "headlines", newest[1]
    yield "people", people(captures, presences, *newest, qids, week)
    yield "firsts", firsts(captures, showings)
    yield "sites", sites(captures, showings)
    yield "site_days", site_days(changes, showings)
    yield "appearances", appearances(presences)
    yield "runs", runs(captures, showings)
