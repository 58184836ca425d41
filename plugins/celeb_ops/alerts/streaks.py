"""How often a site has failed in a row, by ``Captures``, and which of that people are told.

Only live captures count: a page that an archive lacks says nothing of the site, so a backfill changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl
from pydantic import AwareDatetime, Field, ValidationError, field_serializer

from celeb_ops import keys
from celeb_ops.dataset.schema import CAPTURES
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.exceptions import NotStoredError
from celeb_ops.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from celeb_ops.store import Store

MONTHS = 3
"""So many months of ``Captures`` are read at most; a site that has failed for longer has failed for these."""

NEWS_SHOWN = 10
"""So many sites a message tells of as failing again and again, and as many as back: it has to be whole in Slack too."""


@dataclass(frozen=True)
class Streak:
    """A site's latest live captures, all failed."""

    times: int
    since: datetime
    """The run time of the first of them."""


class Told(Record):
    """A streak that people were told of."""

    times: int
    until: AwareDatetime
    """The run time up to which its failures were counted."""

    @field_serializer("until", when_used="json")
    def _until(self, when: datetime) -> str:
        return keys.iso(when)


class ToldSites(Record):
    """What people were told, by site: a store's ``Alerts/sites.json``."""

    sites: dict[str, Told] = Field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> ToldSites:
        """What was told; nothing where the record is not there, or damaged: telling twice is better than never."""
        try:
            return cls.read(store.read(keys.ALERTS))
        except NotStoredError:
            return cls()

    @classmethod
    def read(cls, content: bytes | None) -> ToldSites:
        """:meth:`of`, of a file's content; None: there is none."""
        try:
            return cls.model_validate_json(content or b"{}")
        except ValidationError:
            return cls()


@dataclass(frozen=True)
class News:
    """What is to be told of the sites at a run."""

    failing: dict[str, Streak]
    """By site: those that have now failed often enough."""
    back: dict[str, Told]
    """By site: those that were told of and were seen again."""
    when: datetime
    """The run time."""
    left_out: int = 0
    """So many more fail again and again, and are told of another time."""

    @property
    def anything(self) -> bool:
        return bool(self.failing or self.back)

    def first(self, most: int = NEWS_SHOWN) -> News:
        """As much of it as a message shows: only that may be kept as told."""
        failing, back = dict(islice(self.failing.items(), most)), dict(islice(self.back.items(), most))
        return News(failing, back, self.when, len(self.failing) - len(failing))

    def applied(self, told: ToldSites) -> ToldSites:
        """What has been told once this is. What was told of a later run meanwhile stays."""
        known = dict(told.sites)

        def is_later(site: str) -> bool:
            return site in known and known[site].until > self.when

        for site, streak in self.failing.items():
            if not is_later(site):
                known[site] = Told(times=streak.times, until=self.when)
        for site in self.back:
            if not is_later(site):
                known.pop(site, None)
        return ToldSites(sites=dict(sorted(known.items())))

    def keep(self, store: Store) -> None:
        """Keep that it was told, beside what other runs keep at the same time.

        :raises StoreError: the store does not take it.
        """

        def change(content: bytes | None) -> bytes:
            return self.applied(ToldSites.read(content)).model_dump_json(indent=1).encode()

        store.update(keys.ALERTS, change)


def streaks(store: Store, when: datetime) -> tuple[dict[str, Streak], set[str]]:
    """The streak of each site that failed at ``when`` or last before, and the sites that were seen at ``when``.

    :raises RecordError: a month of ``Captures`` is not what it should be.
    """
    months: list[pl.DataFrame] = []
    month = when
    for _ in range(MONTHS):
        key = keys.captures(month)
        content = store.read(key) if store.exists(key) else None
        rows = from_parquet(content, CAPTURES, store.url(key)).select("time", "site", "outcome", "source")
        months.append(rows.filter((pl.col("time") <= when) & (pl.col("source") == "live")))
        live = pl.concat(months)
        seen = live.filter(pl.col("outcome") == "seen").group_by("site").agg(pl.col("time").max().alias("seen"))
        failed = live.filter(pl.col("outcome") == "failed").join(seen, on="site", how="left")
        failed = failed.filter(pl.col("seen").is_null() | (pl.col("time") > pl.col("seen")))
        if failed["seen"].null_count() == 0:
            # Each of them begins in what was read.
            break
        month = month.replace(day=1) - timedelta(days=1)
    counted = failed.group_by("site").agg(pl.len().alias("times"), pl.col("time").min().alias("since"))
    found = {row["site"]: Streak(row["times"], row["since"]) for row in counted.iter_rows(named=True)}
    return found, set(seen.filter(pl.col("seen") == when)["site"])


def news(found: Mapping[str, Streak], seen: set[str], told: ToldSites, when: datetime, after: int) -> News:
    """What is to be told at ``when``: a streak of ``after`` and each doubling of it, and once that a site is back.

    :param seen: the sites that were seen at ``when``.
    """
    known = told.sites
    failing: dict[str, Streak] = {}
    for site, streak in sorted(found.items()):
        before = known.get(site)
        if before and before.until > when:
            # An older run, done again: what was told of a later one stays.
            continue
        # One that began after what was told is another one: nobody saw the site come back.
        if before and before.until < streak.since:
            before = None
        if streak.times >= (2 * before.times if before else after):
            failing[site] = streak
    back = {site: known[site] for site in sorted(seen & known.keys() - found.keys()) if known[site].until <= when}
    return News(failing, back, when)
