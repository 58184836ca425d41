"""The rows of a time range and some sites, as CSV, Parquet or JSON lines."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
from rich.progress import track

from celeb_ops.core import keys
from celeb_ops.core.atomic_files import atomic_folder, sweep
from celeb_ops.core.exceptions import ExportError, NotStoredError, RecordError
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.dataset.datapackage import read_package, resource, written
from celeb_ops.dataset.formats import FORMATS, write_table
from celeb_ops.dataset.schema import CAPTURES, CELEBS, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from celeb_ops.core.store import Store
    from celeb_ops.dataset.schema import Table


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

    def months(self, store: Store, table: Table) -> list[str]:
        """The keys of the table's months that may have such rows."""
        of = {CAPTURES.name: keys.captures, SIGHTINGS.name: keys.sightings}[table.name]
        first = of(self.start) if self.start else ""
        last = of(self.stop - timedelta(microseconds=1)) if self.stop else "~"
        months = (key for key in store.list(f"{table.name}/") if keys.is_month(key, table.name))
        return [key for key in months if first <= key <= last]

    def in_range(self, table: pl.DataFrame) -> pl.DataFrame:
        table = table.filter(pl.col("time") >= self.start) if self.start else table
        return table.filter(pl.col("time") < self.stop) if self.stop else table

    def of_sites(self, table: pl.DataFrame) -> pl.DataFrame:
        return table.filter(pl.col("site").is_in(self.sites)) if self.sites else table

    def check(self, sites: set[str], where: str) -> None:
        """ExportError where there are no rows in the range, or none of a site that is asked for.

        :param sites: those that have rows in the range. :param where: the store, for people.
        """
        times = f" from {keys.iso(self.start)}" if self.start else ""
        times += f" to before {keys.iso(self.stop)}" if self.stop else ""
        if not sites:
            raise ExportError(f"{where} has no rows{times}: there is nothing to export.")
        for site in (one for one in self.sites if one not in sites):
            near = difflib.get_close_matches(site, sites, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(sites))}."
            raise ExportError(f"There are no rows of a site {site}{times}: {hint}")


@dataclass(frozen=True)
class Written:
    """A file of an export."""

    name: str
    rows: int
    size: int
    """Bytes."""


def export(store: Store, wanted: Wanted, format: str, out: Path, console: Console | None = None) -> list[Written]:
    """Write ``Celebs``, ``Captures``, ``Sightings`` and ``datapackage.json`` into a new folder.

    A month is in memory at a time. The folder is there when it is whole, or not at all.

    :param format: csv, parquet or json.
    :raises ExportError: the folder has files already, a site is unknown, or there is no row in the range.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ExportError(f"{out} is there already and is left as it is: give another folder (OUT=…), or remove it.")
    sweep(out.absolute().parent, deep=False)
    try:
        with atomic_folder(out) as folder:
            parts = _parts(store, wanted, folder, console)
            files = [_write(table, of_table, folder, format) for table, of_table in parts.items()]
            (folder / keys.DATAPACKAGE).write_bytes(_package(store, dict(zip(parts, files, strict=True))))
            return files
    except OSError as error:
        raise ExportError(f"{out} could not be written: {error.strerror or error}.") from error


def _parts(store: Store, wanted: Wanted, folder: Path, console: Console | None) -> dict[Table, list[Path]]:
    """Each table's rows, in files of a month: what is sunk into one file needs no more memory than that."""
    parts: dict[Table, list[Path]] = {CELEBS: [], CAPTURES: [], SIGHTINGS: []}

    def keep(table: Table, rows: pl.DataFrame) -> None:
        parts[table].append(folder / f"{table.name}.{len(parts[table])}.part")
        wanted.of_sites(rows).write_parquet(parts[table][-1])

    celebs = wanted.in_range(_celebs(store))
    keep(CELEBS, celebs)
    sites = set(celebs["site"])
    shown = console is not None and console.is_terminal
    for table in (CAPTURES, SIGHTINGS):
        months = wanted.months(store, table)
        for key in track(months, table.name, console=console, transient=True, disable=not shown):
            rows = wanted.in_range(from_parquet(store.read(key), table, store.url(key)))
            sites.update(rows["site"])
            keep(table, rows)
        # After Captures: a site that was never tried is told before the bulk of the rows is read.
        wanted.check(sites, store.url())
    return parts


def _write(table: Table, parts: list[Path], folder: Path, format: str) -> Written:
    path = folder / f"{table.name.removesuffix('.csv')}.{FORMATS[format]}"
    rows = write_table(table, parts, path)
    for one in parts:
        one.unlink()
    return Written(path.name, rows, path.stat().st_size)


def _celebs(store: Store) -> pl.DataFrame:
    """All rows of ``Celebs.csv``, none where there is no file."""
    try:
        rows = list(read_csv(store.read(keys.CSV), store.url(keys.CSV)).values())
    except NotStoredError:
        rows = []
    try:
        cells = [
            (datetime.fromisoformat(time), site, names or None, datetime.fromisoformat(seen) if seen else None, source)
            for time, site, names, seen, source in rows
        ]
    except ValueError as error:
        raise RecordError(f"{store.url(keys.CSV)} has a cell that is no time ({error}): mend it.") from None
    return pl.DataFrame(cells, schema=CELEBS.dtypes, orient="row")


def _package(store: Store, files: dict[Table, Written]) -> bytes:
    """The export's package: what a user has said in the store's stays said."""
    try:
        old = store.read(keys.DATAPACKAGE)
    except NotStoredError:
        old = None
    # Frictionless fails where a reference leads into a Parquet file.
    resources = [
        resource(table, file.name, table is SIGHTINGS and not file.name.endswith("parquet"))
        for table, file in files.items()
    ]
    return written(read_package(old, store.url(keys.DATAPACKAGE)), resources)
