"""Takes one run out of a store: its rows and its files, of all of its sites or of some.

Each step can be repeated: wherever a removal is killed, a second one finishes it. Results go first, so that no merge
brings rows back. What shows that the run was there goes last: each table's rows, and then facts and reasons, once
trends and report are without it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ForgetError
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.dataset.celebs_csv import read_csv, write_csv
from celeb_ops.dataset.celebs_update import update_csv
from celeb_ops.dataset.datapackage import update_datapackage
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS
from celeb_ops.privacy.removal import Removal, csv_rows, months_of

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

_NEAREST = 3

Runs = Mapping[datetime, set[str]]
"""The sites of each run time."""


def runs_in(store: Store, when: datetime) -> Runs:
    """The runs of which the store has a row or a file; that of ``when`` is found by any last trace of it.

    :raises RecordError: a table can't be read.
    """
    runs: dict[datetime, set[str]] = defaultdict(set)
    for time, site in csv_rows(store):
        runs[datetime.fromisoformat(time)].add(site)
    for table in [
        *months_of(store, CAPTURES),
        *months_of(store, SIGHTINGS, keys.sightings(when)),
        *months_of(store, MENTIONS, keys.mentions(when)),
    ]:
        for ran, site in table.select("time", "site").unique().iter_rows():
            runs[ran].add(site)
    for prefix in ("Images/", "Results/", "Outcomes/"):
        for key in store.list(prefix):
            if (stem := keys.stem_in(key)) and (ran := keys.time_in(key)):
                runs[ran].add(stem.removesuffix(f"_{keys.v1_time(ran)}"))
    return runs


def chosen(runs: Runs, when: datetime, names: Sequence[str], known: Iterable[str], where: str) -> list[str]:
    """The sites of the run, or those of them with these names (none: all).

    A site that the run does not have is passed over beside one that it has: a first try may have come as far as that.
    But another run or the sites file must have it: else it is a slip.

    :param known: the sites file's.
    :param where: the store, for people.
    :raises ForgetError: there is nothing of them, or no such site.
    """
    there = runs.get(when, set())
    if not there:
        near = sorted(sorted(runs, key=lambda time: abs(time - when))[:_NEAREST])
        hint = f" Nearest to it: {', '.join(map(keys.iso, near))}." if near else ""
        raise ForgetError(f"There is no run {keys.iso(when)} in {where}.{hint} Nothing was changed.")
    # In whatever letters it was typed: as keys have it.
    by_key = {keys.safe(name).upper(): name for name in there}
    anywhere = {keys.safe(name).upper() for name in chain(known, *runs.values())}
    wanted = {keys.safe(name).upper(): name for name in names}
    found = sorted(by_key[key] for key in (wanted.keys() & by_key.keys() if names else by_key))
    unknown = [name for key, name in wanted.items() if key not in anywhere]
    if unknown or not found:
        raise ForgetError(
            f"The run {keys.iso(when)} in {where} has nothing of {', '.join(unknown or names)}. Its sites are "
            f"{', '.join(sorted(there))}. Nothing was changed."
        )
    return found


@dataclass
class RunRemoval(Removal):
    """Takes one run out of a store."""

    when: datetime
    sites: Sequence[str]
    whole: bool
    """The run has no others."""

    def run(self) -> None:
        """
        :raises RecordError: a table can't be read.
        :raises NotPermittedError: to list or delete.
        """
        stems = sorted({keys.stem(site, self.when) for site in self.sites})
        self.delete("results", self._there(map(keys.result, stems)))
        for stem in self.track(stems, "Captures"):
            self.delete_slices(stem)
            self.delete("crops of faces", self.store.list(keys.crops(stem)))
            self.delete_pictures("pictures of screenshots", stem)
        if self.whole:
            self.delete("counts of calls", self._there([keys.budget(self.when)]))
        months = {
            keys.mentions(self.when): MENTIONS,
            keys.sightings(self.when): SIGHTINGS,
            keys.captures(self.when): CAPTURES,
        }
        for key, table in months.items():
            self.rewrite_table(key, table, lambda rows, name=table.name: self._without_rows(rows, name))  # type: ignore[misc]
        # After Captures, out of which a merge brings back the rows of an empty file.
        if self.store.exists(keys.CSV) and not self.dry:
            # The first version's file in its place is kept before a row goes.
            update_csv(self.store, [], RemovalList.load(self.store))
        self.rewrite(keys.CSV, self._without_lines)
        update_datapackage(self.store, self._there(months))
        self.make_reports_again()
        self.delete("screenshots' facts", self._there(map(keys.sidecar, stems)))
        self.delete("reasons", self._there(map(keys.outcome, stems)))

    def _there(self, those: Iterable[str]) -> list[str]:
        return [key for key in those if self.store.exists(key)]

    def _without_lines(self, old: bytes) -> tuple[bytes, Counter[str]]:
        rows = read_csv(old, self.store.url(keys.CSV))
        kept = [row for (time, site), row in rows.items() if time != keys.iso(self.when) or site not in self.sites]
        return write_csv(kept), Counter({f"rows of {keys.CSV}": len(rows) - len(kept)})

    def _without_rows(self, rows: pl.DataFrame, table: str) -> tuple[pl.DataFrame, Counter[str]]:
        kept = rows.filter(~((pl.col("time") == self.when) & pl.col("site").is_in(list(self.sites))))
        return kept, Counter({f"rows of {table}": len(rows) - len(kept)})
