"""The rows of a time range and some sites, as CSV, Parquet or JSON lines. A month of rows is in memory at a time."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from rich.progress import track

from celeb_ops.core import keys
from celeb_ops.core.atomic_files import atomic_folder, sweep
from celeb_ops.core.exceptions import ExportError, RecordError
from celeb_ops.dataset.celebs_csv import FORMULA, read_csv
from celeb_ops.dataset.datapackage import JOINT, package_file, read_package, resource
from celeb_ops.dataset.schema import CELEBS, MONTHLY, TABLES, UTC_MS, VERSION, VERSION_KEY
from celeb_ops.dataset.tables import from_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from celeb_ops.core.store import Store
    from celeb_ops.dataset.schema import Table

FORMATS = {"csv": "csv", "parquet": "parquet", "json": "jsonl"}
"""Each format's file ending. JSON has one row per line, which pandas, polars, DuckDB and jq can read in parts."""
# As keys.iso writes a time, with ms only where there are any.
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
# What a spreadsheet passes over before it looks for a formula: spaces, line ends, what shows nothing.
_SIGN = rf"[\s\p{{C}}\p{{Z}}]*[{re.escape(''.join(FORMULA))}]"


@dataclass(frozen=True)
class Selection:
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
        first = f"{table.name}/{keys.iso(self.start)[:7]}" if self.start else ""
        last = f"{table.name}/{keys.iso(self.stop - timedelta(microseconds=1))[:7]}.parquet" if self.stop else "~"
        return [key for key in store.list(f"{table.name}/") if keys.is_month(key, table.name) and first <= key <= last]

    def in_range(self, table: pl.DataFrame) -> pl.DataFrame:
        table = table.filter(pl.col("time") >= self.start) if self.start else table
        return table.filter(pl.col("time") < self.stop) if self.stop else table

    def check(self, sites: set[str], where: str) -> None:
        """ExportError where no site has rows in the range, or one that is asked for has none."""
        times = f" from {keys.iso(self.start)}" if self.start else ""
        times += f" to before {keys.iso(self.stop)}" if self.stop else ""
        if not sites:
            raise ExportError(f"{where} has no rows{times}: there is nothing to export.")
        for site in (site for site in self.sites if site not in sites):
            near = difflib.get_close_matches(site, sites, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(sites))}."
            raise ExportError(f"There are no rows of a site {site}{times}: {hint}")


class ExportedFile(NamedTuple):
    """A file of an export. ``size`` is in bytes."""

    name: str
    rows: int
    size: int


def export(
    store: Store, selection: Selection, format: str, out: Path, console: Console | None = None
) -> list[ExportedFile]:
    """Write ``Celebs``, ``Captures``, ``Sightings``, ``Mentions`` and ``datapackage.json`` into a new folder.

    The folder is there when it is whole, or not at all.

    :param format: csv, parquet or json.
    :raises ExportError: the folder has files already, a site is unknown, or there is no row in the range.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ExportError(f"{out} is there already and is left as it is: give another folder (OUT=…), or remove it.")
    sweep(out.absolute().parent, deep=False)
    try:
        with atomic_folder(out) as folder:
            files = {}
            for table, parts in _parts(store, selection, folder, console).items():
                path = folder / f"{table.name.removesuffix('.csv')}.{FORMATS[format]}"
                files[table] = ExportedFile(path.name, write_table(table, parts, path), path.stat().st_size)
                for part in parts:
                    part.unlink()
            # Frictionless fails where a reference leads into a Parquet file.
            resources = [
                resource(table, file.name, references=table in MONTHLY[1:] and format != "parquet")
                for table, file in files.items()
            ]
            # What a user wrote into the store's package stays.
            old = store.read(keys.DATAPACKAGE) if store.exists(keys.DATAPACKAGE) else None
            package = package_file(read_package(old, store.url(keys.DATAPACKAGE)), resources)
            (folder / keys.DATAPACKAGE).write_bytes(package)
            return list(files.values())
    except OSError as error:
        raise ExportError(f"{out} could not be written: {error.strerror or error}.") from error


def _parts(store: Store, selection: Selection, folder: Path, console: Console | None) -> dict[Table, list[Path]]:
    """Each table's rows, in a Parquet file a month."""
    parts: dict[Table, list[Path]] = {table: [] for table in TABLES}
    sites: set[str] = set()

    def add(table: Table, rows: pl.DataFrame) -> None:
        rows = selection.in_range(rows)
        sites.update(rows["site"])
        parts[table].append(folder / f"{table.name}.{len(parts[table])}.part")
        rows = rows.filter(pl.col("site").is_in(selection.sites)) if selection.sites else rows
        rows.write_parquet(parts[table][-1])

    add(CELEBS, _celebs(store))
    quiet = console is None or not console.is_terminal
    for table in MONTHLY:
        months = selection.months(store, table)
        for key in track(months, table.name, console=console, transient=True, disable=quiet):
            add(table, from_parquet(store.read(key), table, store.url(key)))
        # After Captures: the bulk of the rows need not be read for a site that was never tried.
        selection.check(sites, store.url())
    return parts


def _celebs(store: Store) -> pl.DataFrame:
    """All rows of ``Celebs.csv``, none where there is no file."""
    content = store.read(keys.CSV) if store.exists(keys.CSV) else b""
    try:
        cells = [
            (datetime.fromisoformat(time), site, names or None, datetime.fromisoformat(seen) if seen else None, source)
            for time, site, names, seen, source in read_csv(content, store.url(keys.CSV)).values()
        ]
    except ValueError as error:
        raise RecordError(f"{store.url(keys.CSV)} has a cell that is no time ({error}): mend it.") from None
    return pl.DataFrame(cells, schema=CELEBS.dtypes, orient="row")


def write_table(table: Table, parts: list[Path], path: Path) -> int:
    """Write the rows of ``parts``, Parquet files in order, in the format of the path's ending; how many there are."""
    rows = pl.scan_parquet(parts, glob=False) if parts else pl.LazyFrame(schema=table.dtypes)
    if path.suffix == ".parquet":
        rows.sink_parquet(path, compression="zstd", statistics=True, metadata={VERSION_KEY: str(VERSION)})
    elif path.suffix == ".csv":
        rows.with_columns(_csv_cells(table)).sink_csv(path, datetime_format=_ISO)
    else:
        rows.with_columns(pl.col(UTC_MS).dt.strftime(_ISO)).sink_ndjson(path)
    return int(rows.select(pl.len()).collect().item())


def _csv_cells(table: Table) -> list[pl.Expr]:
    """Texts and lists as cells of a CSV that no spreadsheet takes for a formula.

    ``'`` comes before such a text, and before one that begins with ``'`` and goes on like one: taking one away from
    what looks so gives back every text. The cells of ``Celebs.csv`` are such cells already.
    """
    pattern = rf"\A({_SIGN})" if table is CELEBS else rf"\A('*{_SIGN})"
    element = pl.element().str.replace(pattern, "'$1").str.replace_all(JOINT, ", ", literal=True)
    return [
        pl.col(pl.String).str.replace(pattern, "'$1"),
        *(pl.col(name).list.eval(element).list.join(JOINT) for name, dtype in table.dtypes.items() if dtype == pl.List),
    ]
