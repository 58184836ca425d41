"""Which sites failed in a run, why, and how often in a row."""

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
"""Months of ``Captures`` that are read: the longest streak that is counted."""
NEWS_FOR = timedelta(days=1)
"""The age up to which a run's failures are news. An older one was repeated."""
OUTCOMES_READ = 50
"""Sites whose outcome is read: each is a request, and a callback has only seconds."""


@dataclass(frozen=True)
class FailedSite:
    """A site that failed in a run."""

    name: str
    reason: str
    optional: bool
    streak: int
    """Live failures in a row, this one included; 0: the page was not tried live."""
    is_news: bool
    """Whether this site is worth a message by itself."""


@dataclass(frozen=True)
class SiteReport:
    """The sites of a run, as far as they are known."""

    failed: Sequence[FailedSite] = ()
    """News first, then the required sites."""
    recovered: dict[str, int] = field(default_factory=dict)
    """For each site that was seen again, the number of failures in a row before that."""
    is_complete: bool = True
    """Whether merge has counted the failures."""


def site_report(
    store: Store, sites: Iterable[Site], when: datetime, failed: Sequence[str] | None, after: int, now: datetime
) -> SiteReport:
    """Report a run's sites.

    :param failed: the sites that merge counts as failed. None: merge did not finish, so rows of ``Captures`` are of an
        earlier try, and only the steps' own records count.
    :param after: a streak of this length is news, and each doubling of it.
    :raises RecordError: ``Captures`` is damaged.
    """
    optional = {site.name: site.optional for site in sites}
    names = sorted(optional if failed is None else failed, key=lambda name: optional.get(name, False))
    outcomes = [Outcome.find(store, name, when) for name in names[:OUTCOMES_READ]]
    reasons = {one.site: one.reason for one in outcomes if one and one.outcome == "failed"}
    if failed is not None:
        rows = {row["site"]: row["reason"] for row in captures_of(store, when) if row["outcome"] == "failed"}
        reasons = {name: reasons.get(name) or rows.get(name) or "See the merge task's log." for name in names}
    failing, ended = streaks(store, when)
    is_recent = abs(now - when) <= NEWS_FOR
    report = []
    for name, reason in reasons.items():
        streak = failing.get(name, 0)
        doublings, rest = divmod(streak, after)
        is_news = is_recent and rest == 0 and doublings.bit_count() == 1
        report.append(FailedSite(name, reason, optional.get(name, False), streak, is_news))
    report.sort(key=lambda site: (not site.is_news, site.optional, site.name))
    recovered = {site: streak for site, streak in sorted(ended.items()) if is_recent and streak >= after}
    return SiteReport(report, recovered, failed is not None)


def streaks(store: Store, when: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """Live failures in a row by site: for sites that failed at ``when``, and for sites that were seen again then.

    Archived pages don't count: a gap in an archive says nothing about the site.

    :raises RecordError: ``Captures`` is damaged.
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
        streak = sum(1 for _ in takewhile(lambda outcome: outcome == "failed", reversed(before)))
        if times[-1] == when and last == "failed":
            failing[site] = streak + 1
        elif times[-1] == when:
            ended[site] = streak
    return failing, ended
