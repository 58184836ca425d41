"""How the sites fare: each with its last capture, its latest days, what it shows and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = 90
"""Days of a site's strip."""


@dataclass(frozen=True)
class Day:
    """A day of a site."""

    day: date
    seen: int
    skipped: int
    failed: int
    people: int
    broken: str

    @property
    def outcome(self) -> str:
        """What is drawn: ``seen``, ``partly``, ``failed``, ``skipped``; ``none``: there was no run."""
        if self.seen:
            return "partly" if self.failed or self.skipped else "seen"
        return "failed" if self.failed else "skipped" if self.skipped else "none"

    @property
    def words(self) -> str:
        counts = [f"{n} {what}" for n, what in zip((self.seen, self.failed, self.skipped), _OUTCOMES, strict=True) if n]
        told = f"{self.day:%-d %b %Y}: {', '.join(counts) or 'no run'}"
        return f"{told}; counting changed: {self.broken}" if self.broken else told


@dataclass(frozen=True)
class SiteState:
    """A site."""

    facts: dict[str, Any]
    """Its row of ``sites``."""
    first: dict[str, Any] | None
    """Its row of ``firsts``."""
    days: tuple[Day, ...]

    @property
    def trouble(self) -> str:
        """What its owner should look at: ``failing``, ``late``; empty: nothing."""
        if self.facts["failed_in_a_row"]:
            return "failing"
        return "late" if self.facts["last_outcome"] == "skipped" else ""

    @property
    def words(self) -> str:
        """The strip, for who does not see it."""
        had = [one for one in self.days if one.outcome != "none"]
        counts = [(what, sum(getattr(one, what) for one in had)) for what in _OUTCOMES]
        return f"The latest {len(self.days)} days: " + ", ".join(f"{n} {what}" for what, n in counts) + " captures."


_OUTCOMES = ("seen", "failed", "skipped")


def sites(load: Callable[[str], pl.DataFrame], days: int = DAYS) -> list[SiteState]:
    """All sites that were ever tried; those in trouble first."""
    newest = load("site_days")["day"].max()
    if not isinstance(newest, date):
        return []
    begin = newest - timedelta(days=days - 1)
    recent: dict[str, dict[date, Day]] = {}
    for row in load("site_days").filter(pl.col("day") >= begin).to_dicts():
        one = Day(row["day"], row["seen"], row["skipped"], row["failed"], row["people"], row["break"] or "")
        recent.setdefault(row["site"], {})[row["day"]] = one
    firsts = {row["site"]: row for row in load("firsts").to_dicts()}
    every = [begin + timedelta(days=at) for at in range(days)]
    states = [
        SiteState(
            facts=row,
            first=firsts.get(row["site"]),
            days=tuple(recent.get(row["site"], {}).get(day) or Day(day, 0, 0, 0, 0, "") for day in every),
        )
        for row in load("sites").to_dicts()
    ]
    return sorted(states, key=lambda one: (-one.facts["failed_in_a_row"], one.facts["site"]))
