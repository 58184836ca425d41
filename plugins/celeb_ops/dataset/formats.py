"""The formats of an export: CSV, Parquet and JSON lines, each written with a bounded part of the rows in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.dataset.celebs_csv import FORMULA
from celeb_ops.dataset.datapackage import JOINT
from celeb_ops.dataset.schema import CELEBS, UTC_MS, VERSION, VERSION_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.dataset.schema import Table

FORMATS = {"csv": "csv", "parquet": "parquet", "json": "jsonl"}
"""The ending of each format's files. JSON is a line a row, which pandas, polars, DuckDB and jq can read in parts."""

# As keys.iso writes a moment, with ms only where there are any.
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
# What a spreadsheet passes over before it looks for a formula: spaces, line ends, what shows nothing.
_UNSEEN = r"[\s\p{C}\p{Z}]*"
_SIGN = rf"{_UNSEEN}[{re.escape(''.join(FORMULA))}]"


def write_table(table: Table, parts: list[Path], path: Path) -> int:
    """Write the rows of ``parts``, Parquet files of the table in its order, as what the path's ending says; how many
    rows there are."""
    rows = pl.scan_parquet(parts, glob=False) if parts else pl.LazyFrame(schema=table.dtypes)
    if path.suffix == ".parquet":
        rows.sink_parquet(path, compression="zstd", statistics=True, metadata={VERSION_KEY: str(VERSION)})
    elif path.suffix == ".csv":
        rows.with_columns(_cells(table)).sink_csv(path, datetime_format=_ISO)
    else:
        rows.with_columns(pl.col(UTC_MS).dt.strftime(_ISO)).sink_ndjson(path)
    return int(rows.select(pl.len()).collect().item())


def _cells(table: Table) -> list[pl.Expr]:
    """Texts and lists as cells of a CSV that no spreadsheet takes for a formula.

    ``'`` comes before such a text, and before one that begins with ``'`` and goes on like one, so that taking one away
    from what looks so gives back every text. The cells of ``Celebs.csv`` are such cells already.
    """
    pattern = rf"\A({_SIGN})" if table is CELEBS else rf"\A('*{_SIGN})"
    cells = []
    for name, dtype in table.dtypes.items():
        if dtype == pl.String:
            cells.append(pl.col(name).str.replace(pattern, "'$1"))
        elif dtype == pl.List(pl.String):
            one = pl.element().str.replace(pattern, "'$1").str.replace_all(JOINT, ", ", literal=True)
            cells.append(pl.col(name).list.eval(one).list.join(JOINT))
    return cells
