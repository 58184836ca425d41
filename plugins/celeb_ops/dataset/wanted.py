"""Which rows of the dataset somebody wants: a range of run times, and sites."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops import keys
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.exceptions import ExportError

if TYPE_CHECKING:
    from collections.abc import Set
    from datetime import datetime

    from celeb_ops.dataset.schema import Table
    from celeb_ops.store import Store


@dataclass(frozen=True)
class Wanted:
    """Which rows: run times ``start`` ≤ time < ``stop`` (None: no end), these sites (none: all)."""

    start: datetime | None = None
    stop: datetime | None = None
    sites: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start and self.stop and self.start >= self.stop:
            raise ExportError(
                f"From {keys.iso(self.start)} to {keys.iso(self.stop)} there is no time: FROM must be before TO, and "
                "TO itself is not in the export."
            )

    def __str__(self) -> str:
        """Of the range, for people."""
        start = f" from {keys.iso(self.start)}" if self.start else ""
        return f"{start} to before {keys.iso(self.stop)}" if self.stop else start

    def months(self, store: Store, table: Table) -> list[str]:
        """The keys of the months that may have such rows."""
        of = {CAPTURES.name: keys.captures, SIGHTINGS.name: keys.sightings}[table.name]
        first = of(self.start) if self.start else ""
        last = of(self.stop - timedelta(microseconds=1)) if self.stop else "~"
        months = (key for key in store.list(f"{table.name}/") if keys.is_month(key, table.name))
        return [key for key in months if first <= key <= last]

    def in_range(self, table: pl.DataFrame) -> pl.DataFrame:
        time = pl.col("time")
        table = table.filter(time >= self.start) if self.start else table
        return table.filter(time < self.stop) if self.stop else table

    def of_sites(self, table: pl.DataFrame) -> pl.DataFrame:
        return table.filter(pl.col("site").is_in(self.sites)) if self.sites else table

    def check(self, sites: Set[str], where: str) -> None:
        """ExportError where there are no rows in the range, or none of a site that is asked for.

        :param sites: those that have rows in the range. :param where: the store, for people.
        """
        if not sites:
            raise ExportError(f"{where} has no rows{self}: there is nothing to export.")
        for site in self.sites:
            if site not in sites:
                near = difflib.get_close_matches(site, sites, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(sites))}."
                raise ExportError(f"There are no rows of a site {site}{self}: {hint}")
