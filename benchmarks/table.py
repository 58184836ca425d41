"""A benchmark's rows, for a terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table


def table_of(rows: list[dict[str, Any]]) -> Table:
    """One column a key of the first row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in rows[0]:
        table.add_column(heading, justify="left" if isinstance(rows[0][heading], str) else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return table
