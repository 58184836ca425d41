"""The page of the sites: each with its last capture, its latest days, the people it shows and its cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from celeb_ops.report.table_cache import Load

DAYS = 90
"""Days of a site's strip."""
_OUTCOMES = ("seen", "failed", "skipped")


@dataclass(frozen=True)
class Day:
    """A day of a site."""

    day: date
    seen: int = 0
    failed: int = 0
    skipped: int = 0
    broken: str = ""

    @property
    def outcome(self) -> str:
        """The mark to draw: ``seen``, ``partly``, ``failed``, ``skipped``; ``none``: there was no run."""
        if self.seen:
            return "partly" if self.failed or self.skipped else "seen"
        return "failed" if self.failed else "skipped" if self.skipped else "none"

    @property
    def words(self) -> str:
        counts = [f"{getattr(self, outcome)} {outcome}" for outcome in _OUTCOMES if getattr(self, outcome)]
        words = f"{self.day:%-d %b %Y}: {', '.join(counts) or 'no run'}"
        return f"{words}; counting changed: {self.broken}" if self.broken else words


@dataclass(frozen=True)
class SiteState:
    """A site on the page."""

    facts: dict[str, Any]
    """The site's row of the table ``sites``."""
    firsts: dict[str, Any] | None
    """The site's row of the table ``firsts``."""
    days: list[Day]

    @property
    def trouble(self) -> str:
        """The trouble that its owner should look at: ``failing``, ``late``; empty: nothing."""
        return "failing" if self.facts["failed_in_a_row"] else "late" if self.facts["last_outcome"] == "skipped" else ""

    @property
    def words(self) -> str:
        """The strip, for people who do not see it."""
        counts = [f"{sum(getattr(day, outcome) for day in self.days)} {outcome}" for outcome in _OUTCOMES]
        return f"The latest {len(self.days)} days: {', '.join(counts)} captures."


def sites(load: Load) -> list[SiteState]:
    """All sites that were ever tried; those in trouble first."""
    newest = load("site_days")["day"].max()
    if not isinstance(newest, date):
        return []
    days = [newest - timedelta(days=ago) for ago in reversed(range(DAYS))]
    recent = load("site_days").filter(pl.col("day") >= days[0])
    rows = recent.select("site", "day", *_OUTCOMES, pl.col("break").fill_null("")).iter_rows()
    by_day = {(site, day): Day(day, *counts) for site, day, *counts in rows}
    firsts = {row["site"]: row for row in load("firsts").to_dicts()}
    return [
        SiteState(row, firsts.get(row["site"]), [by_day.get((row["site"], day), Day(day)) for day in days])
        for row in load("sites").sort("failed_in_a_row", "site", descending=[True, False]).to_dicts()
    ]
