"""What the store tells of a run's sites: which failed, why, and whether a step of theirs is red."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.alerts.message import one_line
from celeb_ops.alerts.streaks import ToldSites, news, streaks
from celeb_ops.dataset import captures_of
from celeb_ops.exceptions import NotStoredError, ReasonCode, RecordError
from celeb_ops.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.alerts.streaks import News, Streak
    from celeb_ops.sites import Site as ListedSite
    from celeb_ops.store import Store

NEWS_FOR = timedelta(days=1)
"""So old a run may be for people to hear of its sites: one of last week, done again, says nothing of now."""

_UNREAD = "Merge counts it as failed; its log says why."
_OUTCOMES_READ = 50
"""So many sites' outcomes are read at most: each is a request, and a message has only seconds."""


@dataclass(frozen=True)
class Site:
    """A site that failed in a run."""

    name: str
    reason: str
    optional: bool = False
    streak: Streak | None = None
    red: bool = True
    """Whether a step of it failed, as far as is known; where not, merge could not use what its steps left."""

    def line(self, most: int = 400) -> str:
        """What is said of it, its reason in up to ``most`` characters."""
        often = ""
        if self.streak and self.streak.times > 1:
            often = f" ({self.streak.times} times in a row, since {self.streak.since:%Y-%m-%d %H:%M} UTC)"
        return f"{self.name}{' (optional)' if self.optional else ''}{often}: {one_line(self.reason, most)}"


@dataclass(frozen=True)
class Found:
    """What the store tells of a run."""

    sites: list[Site] = field(default_factory=list)
    """Those that failed, those that must not fail first."""
    of: int = 0
    """How many sites there are."""
    whole: bool = True
    """Whether those are all that failed: merge has counted them."""
    unread: int = 0
    """Of so many sites nobody has looked whether they failed."""
    news: News | None = None


@dataclass(frozen=True)
class Merge:
    """What Airflow tells of a run's merge."""

    state: str | None = None
    """None: it is unknown, or the task never was."""
    known: bool = True
    """Whether Airflow gave the states at all."""
    failed: tuple[str, ...] | None = None
    """The sites that it counts as failed; None where it did not tell."""


def look(
    store: Store, listed: Sequence[ListedSite], when: datetime, merge: Merge, after: int, now: datetime | None = None
) -> Found:
    """What the store tells of a run that failed.

    Rows of ``Captures`` keep what was seen once, also where the site failed when the run was done again; and where
    merge did not come to its end they are of an earlier try, or not there. So the steps' own words go before them.

    :param listed: the sites file's sites.
    :param after: so many failures in a row are news.
    :raises RecordError: ``Captures`` is not what it should be.
    """
    optional = {site.name: site.optional for site in listed}
    whole = merge.state == "success"
    rows = captures_of(store, when) if whole or not merge.known else []
    failed_rows = [row for row in rows if row["outcome"] == "failed"]
    by_row = {row["site"]: row["reason"] or "" for row in failed_rows}
    killed = {row["site"] for row in failed_rows if row["reason_code"] == ReasonCode.KILLED}
    counted = merge.failed if whole else None
    # Those in doubt: failed by merge's count, or else by their row, or else any.
    doubtful = list(counted) if counted is not None else [*by_row, *(name for name in optional if name not in by_row)]
    doubtful.sort(key=lambda name: (name not in by_row, optional.get(name, False)))
    asked = doubtful[:_OUTCOMES_READ]
    words = _words(store, asked, when)
    names = counted if counted is not None else {*by_row, *words}
    reasons = {name: words.get(name) or by_row.get(name) or _UNREAD for name in names}
    green = {name for name in asked if name not in words and name not in killed}
    found = Found(
        [Site(name, reason, optional.get(name, False), red=name not in green) for name, reason in reasons.items()],
        max(len(rows), len(optional), len(reasons)),
        whole,
        0 if whole else max(0, len(doubtful) - _OUTCOMES_READ),
    )
    return _found(store, when, found, after, now)


def look_at_rows(store: Store, listed: Sequence[ListedSite], when: datetime, after: int) -> Found:
    """What the store tells of a run that is green: its rows alone, so that a good run costs few requests.

    :raises RecordError: ``Captures`` is not what it should be.
    """
    optional = {site.name: site.optional for site in listed}
    rows = captures_of(store, when)
    failed = [
        Site(row["site"], row["reason"] or "", optional.get(row["site"], False))
        for row in rows
        if row["outcome"] == "failed"
    ]
    return _found(store, when, Found(failed, max(len(rows), len(optional))), after, None)


def _found(store: Store, when: datetime, found: Found, after: int, now: datetime | None) -> Found:
    """It with how often its sites failed, in order, and with what of that is news."""
    often, seen = streaks(store, when)
    sites = [Site(one.name, one.reason, one.optional, often.get(one.name), one.red) for one in found.sites]
    # Those that turn a run red come first: of many only some are named.
    sites.sort(key=lambda site: (site.optional, site.name))
    told = None
    if abs((now or datetime.now(UTC)) - when) <= NEWS_FOR:
        told = news(often, seen, ToldSites.of(store), when, after)
    return Found(sites, found.of, found.whole, found.unread, told)


def _words(store: Store, names: Iterable[str], when: datetime) -> dict[str, str]:
    """Why sites failed, as their steps left it in the store."""
    reasons = {}
    for name in names:
        try:
            word = Outcome.load_of(store, keys.outcome(keys.stem(name, when)), name, when)
        except (NotStoredError, RecordError):
            continue
        if word.outcome == "failed":
            reasons[name] = word.reason
    return reasons
