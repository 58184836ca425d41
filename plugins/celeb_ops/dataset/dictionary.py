"""The column tables of ``docs/dataset.md``, made from the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.settings import PROJECT
from celeb_ops.dataset.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celeb_ops.dataset.schema import Table

PAGE = PROJECT / "docs" / "dataset.md"
END = "<!-- end of columns -->"


def columns_of(table: Table) -> str:
    """The table's columns as a table in Markdown."""
    lines = ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| `{one.name}` | {one.word} | {one.meaning.replace('|', chr(92) + '|')} |" for one in table.columns]
    return "\n".join(lines)


def with_columns(page: str, tables: Iterable[Table] = TABLES) -> str:
    """The page with each table's columns between its two marks; all else stays.

    :raises RecordError: a table's marks are not in the page.
    """
    for table in tables:
        begin = f"<!-- columns of {table.name}: made by make docs -->"
        before, mark, rest = page.partition(begin)
        _, other, after = rest.partition(END)
        if not mark or not other:
            raise RecordError(
                f"{PAGE.name} has no place for the columns of {table.name}; give it one, two lines: {begin} {END}"
            )
        page = f"{before}{begin}\n\n{columns_of(table)}\n\n{END}{after}"
    return page
