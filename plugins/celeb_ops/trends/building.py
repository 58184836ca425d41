"""All tables of the trends at once, from the whole dataset."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops import keys
from celeb_ops.trends import history
from celeb_ops.trends.breaks import marked
from celeb_ops.trends.evidence import Evidence
from celeb_ops.trends.firsts import firsts
from celeb_ops.trends.movers import WINDOWS, movers
from celeb_ops.trends.people import people
from celeb_ops.trends.periods import appearances, periods, shares
from celeb_ops.trends.sites import runs, site_days, sites
from celeb_ops.trends.tables import SCHEMAS, in_form, save
from celeb_ops.trends.together import Together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celeb_ops.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trends:
    """What was built."""

    captures: int
    people: int
    changed: list[str]
    """The tables that are not what they were."""


def build(store: Store) -> Trends:
    """Make every table of ``Trends/`` anew of ``Captures`` and ``Sightings``; a second time changes nothing.

    :raises RecordError: names the month's file that is no table; the trends are left as they are.
    """
    captures = [pl.DataFrame(schema=history.CAPTURES)]
    shown = [pl.DataFrame(schema=history.SHOWN)]
    together, evidence, identities = Together(), Evidence(), history.identities(store)
    for month in history.months(store):
        captures.append(month.captures)
        sightings = identities.resolved(month.sightings)
        shown.append(history.shown(sightings))
        together.add(sightings)
        evidence.add(sightings)
    all_captures, all_shown = _alphabetical(pl.concat(captures), pl.concat(shown))
    changed, people_there = [], 0
    # Each is written as it is made: all at once would take half as much memory again.
    for name, table in _tables(all_captures, all_shown, together, evidence, identities.qids):
        changed += [name] if save(store, name, table) else []
        people_there = table.height if name == "people" else people_there
    trends = Trends(all_captures.height, people_there, changed)
    logger.info("Trends of %d captures and %d people: %s", trends.captures, trends.people, store.url(keys.TRENDS))
    return trends


def _alphabetical(captures: pl.DataFrame, shown: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both with names and sites that sort as numbers do."""
    name, site = (pl.Enum(texts.unique().cast(pl.String).sort()) for texts in (shown["name"], captures["site"]))
    return captures.cast({"site": site}), shown.cast({"name": name, "site": site})


def _tables(
    captures: pl.DataFrame, shown: pl.DataFrame, together: Together, evidence: Evidence, qids: pl.DataFrame
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables by name, each made of all captures and of who is shown in them."""
    if captures.is_empty():
        yield from ((name, pl.DataFrame(schema=schema)) for name, schema in SCHEMAS.items())
        return
    yield "together", together.table()
    at_breaks = marked(captures)
    all_periods = periods(at_breaks)
    yield "periods", all_periods
    for kind, name in (("day", "days"), ("week", "weeks"), ("month", "months")):
        yield name, shares(shown, all_periods, kind)
    moved = [movers(captures, shown, window) for window in WINDOWS]
    yield "movers", pl.concat([in_form(one, SCHEMAS["movers"]) for one in moved])
    pictures = evidence.table()
    yield "evidence", pictures
    yield "people", people(captures, shown, pictures, qids, moved[0])
    yield "firsts", firsts(captures, shown)
    yield "sites", sites(captures, shown)
    yield "site_days", site_days(at_breaks, shown)
    yield "appearances", appearances(shown)
    yield "runs", runs(captures, shown)
