"""``Celebs.csv`` as rows, in this version's form and in the first one's: no header, ragged lines like
``Sep_01_2022_08H_00M_05S,TMZ,name,name``. People open, mend and save it, so nothing is taken for granted."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

from celeb_ops.core import keys
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.names import nfc
from celeb_ops.dataset.schema import CELEBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from celeb_ops.core.removal_list import RemovalList

CSV_HEADER = tuple(CELEBS.dtypes)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""A spreadsheet takes a text that begins with one of these for a formula; the wide ones in some languages."""
# Python's csv limits a cell to 128 kB. One page with very many names would exceed it, and the file could never be read
# again.
csv.field_size_limit(2**31 - 1)
# Matches a line that is not the first version's but looks like a row or header of this dataset, perhaps with other
# separators.
_ROW = re.compile(r'[\s"\ufeff]*(?:\d|time"?\s*[,;\t]|\w{3}_\d\d_\d{4}_\d\dH_\d\dM_\d\dS"?\s*[;\t])')

Rows = dict[tuple[str, str], tuple[str, ...]]
"""The cells of each row by its time and site."""


class CelebsFile(NamedTuple):
    """A file of either version, as rows of this one."""

    rows: Rows
    is_ours: bool
    """Whether it begins with our header: the first version's file has none."""
    left_out: dict[int, str]
    """The first version's lines that can't be read, by number."""


def parse_csv(content: bytes, where: str = keys.CSV) -> CelebsFile:
    """The content of a file of either version. Raises RecordError instead of dropping a row; it names ``where``, line
    and fix."""
    text = _text_of(content, where)
    if _is_ours(text):
        return CelebsFile(_our_rows(text, where), is_ours=True, left_out={})
    file = _first_version(text, where)
    if text.strip() and not file.rows:
        raise RecordError(
            f"{where} is neither this dataset's file (its first line would be {','.join(CSV_HEADER)}) nor the first "
            "version's, so it was not overwritten. If its columns are separated by semicolons or tabs, save it with "
            "commas. Otherwise move it away, or restore its first line. Then clear merge."
        )
    return file


def read_csv(content: bytes, where: str = keys.CSV) -> Rows:
    """The rows of a file of either version. RecordError as :func:`parse_csv`."""
    return parse_csv(content, where).rows


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """The CSV of these rows, sorted by time and site."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    # Replace carriage returns: csv.writer does not quote them (only its own line terminator), and a reader would end
    # the row there.
    writer.writerows(sorted([cell.replace("\r", " ") for cell in row] for row in rows))
    return out.getvalue().encode()


def without_people(content: bytes, removed: RemovalList, where: str = keys.CSV) -> bytes:
    """A file of either version without people who were removed. RecordError if it can't be read without loss."""
    if not removed.may_be_in(content):
        return content
    text = _text_of(content, where)
    if not _is_ours(text):
        return "".join(_line_without(line, removed) for line in io.StringIO(text, newline="")).encode()
    rows = _our_rows(text, where)
    clean = []
    for time, site, celebrities, *more in rows.values():
        names = celebrities.split(";")
        others = [name for name in names if not removed.holds(name)]
        clean.append((time, site, celebrities if others == names else ";".join(others).strip(), *more))
    return content if clean == [*rows.values()] else write_csv(clean)


def site_cell(cell: str) -> str:
    """A site's name as in the sites file, in whatever case a person has typed it."""
    return cell.strip().upper()


def csv_row(
    time: datetime, site: str, names: Iterable[str], captured_at: datetime, source: str
) -> tuple[str, str, str, str, str]:
    return keys.iso(time), site, "; ".join(map(name_cell, names)), keys.iso(captured_at), source


def name_cell(name: str) -> str:
    """A name as part of a cell: on one line, without ``;`` (which joins the names), and marked so that no spreadsheet
    reads it as a formula."""
    name = nfc(" ".join("".join(char if char.isprintable() else " " for char in name).split())).replace(";", ",")
    return f"'{name}" if name.startswith(FORMULA) else name


def _text_of(content: bytes, where: str) -> str:
    """The content without the byte order mark that Excel saves."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordError(
            f"{where}, line {line}, is not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8) and clear merge."
        ) from None


def _is_ours(text: str) -> bool:
    return re.split(r"[\r\n]", text, maxsplit=1)[0].replace('"', "") == ",".join(CSV_HEADER)


def _first_version(text: str, where: str) -> CelebsFile:
    """Rows of one site and time become one row with all their names. RecordError if some lines are rows of this
    version."""
    names: dict[tuple[str, str], set[str]] = {}
    left_out: dict[int, str] = {}
    # Read line by line: the first version had no cells of several lines, and an open quote must not swallow the next
    # line.
    lines = io.StringIO(text, newline=None).readlines()
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if cells and not line.endswith("\n") and not any(cells[-1] in _cells(other) for other in lines[:-1]):
            # The first version was killed while it wrote: `Brad Pi` is nobody's name.
            left_out[number] = cells.pop()
        when = keys.parse_v1_time(cells[0]) if cells else None
        if when is not None and len(cells) > 1 and cells[1]:
            row_names = names.setdefault((keys.iso(when), site_cell(cells[1])), set())
            row_names.update(name_cell(name) for name in cells[2:] if name)
        elif any(cells):
            left_out[number] = line.strip()
    for number, line in left_out.items() if names else ():
        if _ROW.match(line):
            raise RecordError(
                f"{where}, line {number}, is not a line of the first version, though other lines are: {line[:200]!r}. "
                "The file is left as it is: keep the lines of one version in it, and clear merge."
            )
    rows: Rows = {place: (*place, "; ".join(sorted(found)), place[0], "live") for place, found in names.items()}
    return CelebsFile(rows, is_ours=False, left_out=left_out)


def _cells(line: str) -> list[str]:
    """The cells of a line of the first version's."""
    return [cell.strip() for cell in next(csv.reader([line]), [])]


def _line_without(line: str, removed: RemovalList) -> str:
    """A line of the first version without these people. A line that can't be read is dropped if it names one of
    them."""
    cells = _cells(line)
    if not cells or keys.parse_v1_time(cells[0]) is None:
        # A row of ours stays, so that the reader refuses the file and nothing is lost.
        return "" if removed.mentioned(line) and not _ROW.match(line) else line
    others = [*cells[:2], *(cell for cell in cells[2:] if not removed.holds(cell))]
    if others == cells:
        return line
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line[len(line.rstrip("\r\n")) :]).writerow(others)
    return out.getvalue()


def _our_rows(text: str, where: str) -> Rows:
    # Earlier versions took a hand-typed `tmz` for another site and added a second row for TMZ. The upper-case row,
    # which a merge wrote, counts.
    written: Rows = {}
    typed: Rows = {}
    # Strict: an open quote would swallow the rows that follow.
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    next(lines)
    number = 2
    try:
        for row in lines:
            if any(row):
                if why := _trouble(row):
                    raise csv.Error(why)
                place = row[0], site_cell(row[1])
                rows = written if row[1] == place[1] else typed
                if rows.setdefault(place, (*place, *row[2:])) != (*place, *row[2:]):
                    raise csv.Error(f"it is a second, different row of {place[1]} at {place[0]}")
            number = lines.line_num + 1
    except csv.Error as error:
        raise RecordError(
            f"{where}, line {number}, is no row of {','.join(CSV_HEADER)}: {error}. The file is left as it is: mend "
            "the line, or bring back an older version of the file, and clear merge."
        ) from None
    return typed | written


def _trouble(row: list[str]) -> str:
    """Why this is no row; empty if it is one."""
    if len(row) != len(CSV_HEADER):
        return f"it has {len(row)} columns, not {len(CSV_HEADER)}"
    if keys.parse_iso(row[0]) and row[1].strip():
        return ""
    return f"it begins with {row[0]},{row[1]} and not like 2026-11-23T08:00:00Z,TMZ"
