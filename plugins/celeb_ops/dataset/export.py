"""The rows of a time range and some sites, as CSV, Parquet or JSON lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
from rich.progress import track

from celeb_ops import keys
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.dataset.datapackage import read_package, resource, written
from celeb_ops.dataset.formats import FORMATS, write_table
from celeb_ops.dataset.schema import CAPTURES, CELEBS, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.exceptions import ExportError, NotStoredError, RecordError
from celeb_ops.parts import sweep, written_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from celeb_ops.dataset.schema import Table
    from celeb_ops.dataset.wanted import Wanted
    from celeb_ops.store import Store


@dataclass(frozen=True)
class Written:
    """A file of an export."""

    name: str
    rows: int
    size: int
    """Bytes."""


@dataclass
class Parts:
    """The rows of a table so far, in files of a month: what is sunk into one file needs no more memory than that."""

    table: Table
    folder: Path
    paths: list[Path] = field(default_factory=list)
    rows: int = 0

    def add(self, rows: pl.DataFrame) -> None:
        path = self.folder / f"{self.table.name}.{len(self.paths)}.part"
        rows.write_parquet(path)
        self.paths.append(path)
        self.rows += rows.height

    def write(self, format: str) -> Written:
        """Put them into the table's one file."""
        path = self.folder / f"{self.table.name.removesuffix('.csv')}.{FORMATS[format]}"
        write_table(self.table, self.paths, path)
        for one in self.paths:
            one.unlink()
        return Written(path.name, self.rows, path.stat().st_size)


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
        with written_folder(out) as part:
            return _write(store, wanted, format, part, console)
    except OSError as error:
        raise ExportError(f"{out} could not be written: {error.strerror or error}.") from error


def _write(store: Store, wanted: Wanted, format: str, folder: Path, console: Console | None) -> list[Written]:
    months = {table: wanted.months(store, table) for table in (CAPTURES, SIGHTINGS)}
    celebs = wanted.in_range(_celebs(store))
    sites = set(celebs["site"])
    shown = console is not None and console.is_terminal
    parts = {table: Parts(table, folder) for table in (CELEBS, CAPTURES, SIGHTINGS)}
    for table, of_table in months.items():
        for key in track(of_table, table.name, console=console, transient=True, disable=not shown):
            rows = wanted.in_range(from_parquet(store.read(key), table, store.url(key)))
            sites.update(rows["site"])
            parts[table].add(wanted.of_sites(rows))
        # After Captures: a site that was never tried is told before the bulk of the rows is read.
        wanted.check(sites, store.url())
    parts[CELEBS].add(wanted.of_sites(celebs))
    files = [one.write(format) for one in parts.values()]
    (folder / keys.DATAPACKAGE).write_bytes(_package(store, [file.name for file in files]))
    return files


def _celebs(store: Store) -> pl.DataFrame:
    """All rows of ``Celebs.csv``, none where there is no file."""
    try:
        rows = read_csv(store.read(keys.CSV), store.url(keys.CSV)).values()
    except NotStoredError:
        rows = {}.values()
    try:
        cells = [
            (datetime.fromisoformat(time), site, names or None, datetime.fromisoformat(seen) if seen else None, source)
            for time, site, names, seen, source in rows
        ]
    except ValueError as error:
        raise RecordError(f"{store.url(keys.CSV)} has a cell that is no time ({error}): mend it.") from None
    return pl.DataFrame(cells, schema=CELEBS.dtypes, orient="row")


def _package(store: Store, names: Sequence[str]) -> bytes:
    """The export's package: what a user has said in the store's stays said."""
    try:
        old = store.read(keys.DATAPACKAGE)
    except NotStoredError:
        old = None
    tables = zip((CELEBS, CAPTURES, SIGHTINGS), names, strict=True)
    # Frictionless fails where a reference leads into a Parquet file.
    resources = [resource(table, name, table is SIGHTINGS and not name.endswith("parquet")) for table, name in tables]
    return written(read_package(old, store.url(keys.DATAPACKAGE)), resources)
