"""All tables of the trends at once, from the whole dataset."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from celeb_ops.core import keys
from celeb_ops.trends import history
from celeb_ops.trends.co_occurrence import CoOccurrence
from celeb_ops.trends.evidence import Evidence
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
    """Make every table from ``Captures`` and ``Sightings``. RecordError, before any change, where one is damaged."""
    # Who is who must be known before the first month is counted.
    persons = identities(history.name_uses(store))
    captures, showings = [pl.DataFrame(schema=history.CAPTURES)], [pl.DataFrame(schema=history.SHOWINGS)]
    together, evidence = CoOccurrence(), Evidence()
    for month in history.months(store):
        captures.append(month.captures)
        sightings = resolved(month.sightings, persons)
        showings.append(history.showings(sightings))
        together.add(sightings)
        evidence.add(sightings)
    # Names and sites that sort as numbers do.
    all_captures, all_showings = pl.concat(captures), pl.concat(showings)
    site, name = (_alphabetical(texts) for texts in (all_captures["site"], all_showings["name"]))
    all_captures, all_showings = all_captures.cast({"site": site}), all_showings.cast({"name": name, "site": site})
    # Each is written as it is made: all at once would take half as much memory again.
    tables = _tables(all_captures, all_showings, together, evidence, qids(persons))
    changed = [name for name, table in tables if save(store, name, table)]
    trends = Trends(all_captures.height, all_showings["name"].n_unique(), changed)
    logger.info("Trends of %d captures and %d people: %s", trends.captures, trends.people, store.url(keys.TRENDS))
    return trends


def _alphabetical(texts: pl.Series) -> pl.Enum:
    return pl.Enum(texts.unique().cast(pl.String).sort())


def _tables(
    captures: pl.DataFrame, showings: pl.DataFrame, together: CoOccurrence, evidence: Evidence, qids: pl.DataFrame
) -> Iterator[tuple[str, pl.DataFrame]]:
    if captures.is_empty():
        yield from ((name, pl.DataFrame(schema=schema)) for name, schema in SCHEMAS.items())
        return
    yield "together", together.table()
    changes = with_changes(captures)
    all_periods = periods(changes)
    yield "periods", all_periods
    for kind in ("day", "week", "month"):
        yield f"{kind}s", shares(showings, all_periods, kind)
    week, *longer = (movers(captures, showings, window) for window in WINDOWS)
    yield "movers", pl.concat([week, *longer])
    pictures = evidence.table()
    yield "evidence", pictures
    yield "people", people(captures, showings, pictures, qids, week)
    yield "firsts", firsts(captures, showings)
    yield "sites", sites(captures, showings)
    yield "site_days", site_days(changes, showings)
    yield "appearances", appearances(showings)
    yield "runs", runs(captures, showings)
