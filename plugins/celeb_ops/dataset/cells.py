"""What all forms of ``Celebs.csv`` share: its cells, and the text that people save it as."""

from __future__ import annotations

import csv

from celeb_ops.exceptions import RecordError
from celeb_ops.names import nfc

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula's beginning; the wide ones where its language has them."""
# Python's own limit of 128 kB a cell would close the file for ever behind a page of many long names.
csv.field_size_limit(2**31 - 1)

Rows = dict[tuple[str, str], tuple[str, ...]]
"""The cells of each row by its time and site."""


def text_of(content: bytes, where: str) -> str:
    """The content without the byte order mark that Excel saves.

    :raises RecordError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordError(
            f"{where}, line {line}, is not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8) and clear merge."
        ) from None


def site_cell(cell: str) -> str:
    """A site's name as the sites file has it, in whatever letters a person has typed it."""
    return cell.strip().upper()


def names_cell(names: list[str]) -> str:
    """The cell of these names."""
    return "; ".join(map(name_cell, names))


def name_cell(name: str) -> str:
    """A name as part of a cell: on one line, taken for a formula by no spreadsheet, and without the joint's sign."""
    name = nfc(" ".join("".join(char if char.isprintable() else " " for char in name).split())).replace(";", ",")
    return f"'{name}" if name.startswith(FORMULA) else name
