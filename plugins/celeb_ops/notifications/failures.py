"""What the store tells of a run's sites: which failed, why, and how often in a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.records import Outcome
from celeb_ops.dataset.schema import CAPTURES
from celeb_ops.dataset.tables import captures_of, from_parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from celeb_ops.core.sites import Site
    from celeb_ops.core.store import Store

MONTHS = 3
"""So many months of ``Captures`` are read; a site that has failed for longer has failed for these."""

NEWS_FOR = timedelta(days=1)
"""So old a run may be to say something new of its sites: one of last week, done again, does not."""

OUTCOMES_READ = 50
"""So many sites' outcomes are read: each is a request, and a callback has only seconds."""


@dataclass(frozen=True)
class FailedSite:
    """A site that failed in a run."""

    name: str
    reason: str
    optional: bool
    times: int
    """How often in a row by now; 0: not at its time."""
    is_news: bool
    """Whether that alone is worth a message."""


@dataclass(frozen=True)
class Found:
    """What is known of the sites of a run."""

    failed: Sequence[FailedSite] = ()
    """Those first that are news, then those that turn the run red: of many only some are named."""
    back: dict[str, int] = field(default_factory=dict)
    """By site: those that are seen again, after so many failures in a row."""
    is_whole: bool = True
    """Whether no other site can have failed: merge has counted them."""


def find(
    store: Store, listed: Iterable[Site], when: datetime, failed: Sequence[str] | None, after: int, now: datetime
) -> Found:
    """What came of a run's sites.

    :param failed: the sites that merge counts as failed; None: it has not come to its end, and the steps' own words
        tell, for rows of ``Captures`` are of an earlier try.
    :param after: a site is news when it has failed so often in a row, and whenever that number has doubled.
    :raises RecordError: ``Captures`` is not what it should be.
    """
    optional = {site.name: site.optional for site in listed}
    names = sorted(optional if failed is None else failed, key=lambda name: optional.get(name, False))
    left = [Outcome.find(store, name, when) for name in names[:OUTCOMES_READ]]
    reasons = {one.site: one.reason for one in left if one and one.outcome == "failed"}
    if failed is not None:
        rows = {row["site"]: row["reason"] for row in captures_of(store, when) if row["outcome"] == "failed"}
        reasons = {name: reasons.get(name) or rows.get(name) or "The log of merge says why." for name in names}
    failing, ended = streaks(store, when)
    is_recent = abs(now - when) <= NEWS_FOR
    sites = []
    for name, reason in reasons.items():
        times = failing.get(name, 0)
        doublings, rest = divmod(times, after)
        is_news = is_recent and rest == 0 and doublings.bit_count() == 1
        sites.append(FailedSite(name, reason, optional.get(name, False), times, is_news))
    sites.sort(key=lambda site: (not site.is_news, site.optional, site.name))
    back = {site: times for site, times in sorted(ended.items()) if is_recent and times >= after}
    return Found(sites, back, failed is not None)


def streaks(store: Store, when: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """How often in a row sites have failed by the run of ``when``, and had failed before it saw them.

    By ``Captures``, and only by live captures: a page that an archive lacks says nothing of the site.

    :raises RecordError: a month of ``Captures`` is not what it should be.
    """
    months, month = [], when
    for _ in range(MONTHS):
        key = keys.captures(month)
        content = store.read(key) if store.exists(key) else None
        months.append(from_parquet(content, CAPTURES, store.url(key)).select("time", "site", "outcome", "source"))
        month = month.replace(day=1) - timedelta(days=1)
    live = pl.concat(months).filter(pl.col("time") <= when, pl.col("source") == "live").sort("time")
    failing, ended = {}, {}
    for site, times, outcomes in live.group_by("site").agg("time", "outcome").iter_rows():
        *before, last = outcomes
        count = sum(1 for _ in takewhile(lambda outcome: outcome == "failed", reversed(before)))
        if times[-1] == when and last == "failed":
            failing[site] = count + 1
        elif times[-1] == when:
            ended[site] = count
    return failing, ended
