"""All tables of the trends at once, from the whole dataset."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.trends import history
from celeb_ops.trends.co_occurrence import Together
from celeb_ops.trends.evidence import Evidence
from celeb_ops.trends.firsts import firsts
from celeb_ops.trends.identity import qids, resolved, who_is_who
from celeb_ops.trends.movers import WINDOWS, movers
from celeb_ops.trends.periods import appearances, marked, periods, shares
from celeb_ops.trends.person_stats import people
from celeb_ops.trends.schema import SCHEMAS, in_form, save
from celeb_ops.trends.site_stats import runs, site_days, sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celeb_ops.core.store import Store

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
    # Who is who must be known before the first month is counted.
    identities = who_is_who(history.uses(store))
    captures, shown = [pl.DataFrame(schema=history.CAPTURES)], [pl.DataFrame(schema=history.SHOWN)]
    together, evidence = Together(), Evidence()
    for month in history.months(store):
        captures.append(month.captures)
        sightings = resolved(month.sightings, identities)
        shown.append(history.shown(sightings))
        together.add(sightings)
        evidence.add(sightings)
    all_captures, all_shown = _alphabetical(pl.concat(captures), pl.concat(shown))
    # Each is written as it is made: all at once would take half as much memory again.
    made = _tables(all_captures, all_shown, together, evidence, qids(identities))
    changed = [name for name, table in made if save(store, name, table)]
    trends = Trends(all_captures.height, all_shown["name"].n_unique(), changed)
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
    for kind in ("day", "week", "month"):
        yield f"{kind}s", shares(shown, all_periods, kind)
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
