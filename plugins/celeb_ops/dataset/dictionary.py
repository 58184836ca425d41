"""``python -m celeb_ops.dataset.dictionary``: the column tables of ``docs/dataset.md``, made from the schema."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from celeb_ops.dataset.schema import TABLES
from celeb_ops.exceptions import RecordError
from celeb_ops.settings import PROJECT

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
            raise RecordError(f"it has no place for the columns of {table.name}; give it one, two lines: {begin} {END}")
        page = f"{before}{begin}\n\n{columns_of(table)}\n\n{END}{after}"
    return page


def main() -> int:
    """Exit status: 0 fine, 2 the page has no place for a table."""
    old = PAGE.read_text(encoding="utf-8")
    try:
        new = with_columns(old)
    except RecordError as error:
        sys.stderr.write(f"{PAGE}: {error}\n")
        return 2
    PAGE.write_text(new, encoding="utf-8")
    print(f"{PAGE.relative_to(PROJECT)} {'is as it was' if new == old else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
