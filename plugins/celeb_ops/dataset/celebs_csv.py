"""``Celebs.csv``: one row per capture that was seen. People open, mend and save it, so it is read with suspicion."""

from __future__ import annotations

import csv
import io
import logging
import re
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.dataset.schema import CELEBS
from celeb_ops.exceptions import NotStoredError, RecordError
from celeb_ops.names import nfc
from celeb_ops.removed import Removed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.records import Result
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

CSV_HEADER = tuple(CELEBS.dtypes)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula's beginning; the wide ones where its language has them."""
# Python's own limit of 128 kB a cell would close the file for ever behind a page of many long names.
csv.field_size_limit(2**31 - 1)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")

Rows = dict[tuple[str, str], tuple[str, ...]]
"""The cells of each row by its time and site."""


def update_csv(store: Store, results: Sequence[Result], removed: Removed | None = None) -> bool:
    """Bring the results' rows into the file; True if that changed it.

    The first version's file in its place is kept beside it and taken over.

    :param removed: people whom no row names: somebody may have put an older file in the place of this one.
    :raises RecordError: the file there can't be read without loss; it is left as it is.
    """
    new = {
        (keys.iso(result.time), result.site): (
            keys.iso(result.time),
            result.site,
            "; ".join(_cell(name) for name in result.celebrities),
            keys.iso(result.captured_at),
            result.source,
        )
        for result in results
    }

    removed = removed or Removed()

    def change(old: bytes | None) -> bytes:
        url = store.url(keys.CSV)
        rows = read_csv(without_people(old or b"", removed, url), url)
        return write_csv((rows | new).values())

    taken_over = _keep_first_version(store, removed)
    changed = store.update(keys.CSV, change)
    if taken_over:
        _count_first_version(store, taken_over)
    return changed


def read_csv(content: bytes, where: str = keys.CSV) -> Rows:
    """The rows of our file, or of the first version's (``Sep_01_2022_08H_00M_05S,TMZ,name,…``) as ours.

    :raises RecordError: names ``where``, the line and the mend, rather than leave a row out.
    """
    text = _text(content, where)
    if _is_ours(text):
        return _ours(text, where)
    rows = _first_version(text)
    if text.strip() and not rows:
        raise RecordError(
            f"{where} is neither this dataset's file (its first line would be {','.join(CSV_HEADER)}) nor the first "
            "version's, so it is not written over: move it away, or give it back its first line, and clear merge."
        )
    return rows


def without_people(content: bytes, removed: Removed, where: str = keys.CSV) -> bytes:
    """Our file, or the first version's, without the names of people who asked not to be in it; else as it was.

    :raises RecordError: names ``where``; the file can't be read without loss.
    """
    if not removed.may_be_in(content):
        return content
    text = _text(content, where)
    if not _is_ours(text):
        return "".join(_v1_line_without(line, removed) for line in io.StringIO(text, newline="")).encode()
    rows = _ours(text, where)
    clean = {place: _row_without(row, removed) for place, row in rows.items()}
    return content if clean == rows else write_csv(clean.values())


def _row_without(row: tuple[str, ...], removed: Removed) -> tuple[str, ...]:
    names = [name.strip() for name in row[2].split(";")]
    kept = [name for name in names if not removed.holds(name)]
    return row if kept == names else (*row[:2], "; ".join(kept), *row[3:])


def _v1_line_without(line: str, removed: Removed) -> str:
    """A line of the first version's file; one that can't be read goes where it names one of them."""
    cells = _cells(line)
    if not cells or keys.parse_v1_time(cells[0]) is None:
        return "" if removed.mentioned(line) else line
    kept = [*cells[:2], *(cell for cell in cells[2:] if not removed.holds(cell))]
    if kept == cells:
        return line
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line[len(line.rstrip("\r\n")) :]).writerow(kept)
    return out.getvalue()


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """The CSV of these rows, sorted by time and site."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    # A carriage return would end the row for a reader, and the writer quotes only the line end that it writes itself.
    writer.writerows(sorted([cell.replace("\r", " ") for cell in row] for row in rows))
    return out.getvalue().encode()


def _text(content: bytes, where: str) -> str:
    """The content without the byte order mark that Excel saves."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordError(
            f"{where}, line {line}, is not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8) and clear merge."
        ) from None


def _is_ours(text: str) -> bool:
    """Whether the first line is our header: the first version's file has none."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return first.replace('"', "") == ",".join(CSV_HEADER)


def _ours(text: str, where: str) -> Rows:
    rows: Rows = {}
    # Strict: an open quote would take in the rows that follow.
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    next(lines)
    while True:
        number = lines.line_num + 1
        try:
            row = next(lines, None)
        except csv.Error as error:
            raise _unreadable(where, number, str(error)) from None
        if row is None:
            return rows
        if not any(row):
            continue
        if len(row) != len(CSV_HEADER):
            raise _unreadable(where, number, f"it has {len(row)} columns, not {len(CSV_HEADER)}")
        time, site = row[:2]
        if not _TIME.fullmatch(time) or not site:
            raise _unreadable(where, number, f"it begins with {time},{site} and not like 2026-11-23T08:00:00Z,TMZ")
        if rows.setdefault((time, site), tuple(row)) != tuple(row):
            raise _unreadable(where, number, f"it is a second row of {site} at {time}, and another one")


def _unreadable(where: str, line: int, why: str) -> RecordError:
    return RecordError(
        f"{where}, line {line}, is no row of {','.join(CSV_HEADER)}: {why}. The file is left as it is: mend the line, "
        "or bring back an older version of the file, and clear merge."
    )


def _first_version(text: str) -> Rows:
    """The rows of the first version's file. A site's rows of one time are one: their names are united."""
    names: dict[tuple[str, str], set[str]] = {}
    # Line by line: it knew no cell of several lines, and a quote that stays open must not take in the next.
    lines = io.StringIO(text, newline=None).readlines()
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if not line.endswith("\n"):
            cells = _whole_cells(cells, lines[:-1])
        when = keys.parse_v1_time(cells[0]) if cells else None
        if when is not None and len(cells) > 1 and cells[1]:
            names.setdefault((keys.iso(when), cells[1]), set()).update(_cell(name) for name in cells[2:] if name)
        elif any(cells):
            logger.warning("%s, line %d, can't be read and is left out: %r", keys.CSV, number, line.strip()[:200])
    return {key: (*key, "; ".join(sorted(found)), key[0], "live") for key, found in names.items()}


def _whole_cells(cells: list[str], before: Sequence[str]) -> list[str]:
    """The cells of a line that lacks its end, without the last one, unless another line has the same.

    The first version was killed while it wrote: ``Brad Pi`` is nobody's name.
    """
    if not cells or any(cells[-1] in _cells(line) for line in before):
        return cells
    logger.warning("%s ends in the middle of a line: its last cell, %r, is left out.", keys.CSV, cells[-1][:200])
    return cells[:-1]


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]), [])]
    except csv.Error:
        return [line]


def _keep_first_version(store: Store, removed: Removed) -> Rows:
    """Keep the first version's file beside the new one before it is taken over; its rows, none where there is none."""
    try:
        old = without_people(store.read(keys.CSV), removed, store.url(keys.CSV))
    except NotStoredError:
        return {}
    text = _text(old, store.url(keys.CSV))
    if _is_ours(text) or not (rows := _first_version(text)):
        return {}
    store.update(keys.CSV_V1, lambda kept: old if kept is None else None)
    return rows


def _count_first_version(store: Store, before: Rows) -> None:
    """Count the rows and names of the first version's file in the new one.

    :raises RecordError: some are lacking.
    """
    there = read_csv(store.read(keys.CSV), store.url(keys.CSV))
    after = {place: there[place] for place in before if place in there}
    old, new = (f"{len(rows)} rows and {_names_in(rows)} names" for rows in (before, after))
    if len(after) < len(before):
        raise RecordError(
            f"Of {old} of the first version, {store.url(keys.CSV)} has {new}: somebody wrote it at the same time. "
            f"Bring back {keys.CSV_V1} as {keys.CSV} and clear merge."
        )
    lines = sum(1 for line in _text(store.read(keys.CSV_V1), keys.CSV_V1).splitlines() if line.strip())
    logger.warning(
        "The first version's %s is taken over and kept as %s: %d lines with %s before, %s after.",
        keys.CSV,
        keys.CSV_V1,
        lines,
        old,
        new,
    )


def _names_in(rows: Rows) -> int:
    return sum(len(row[2].split("; ")) for row in rows.values() if row[2])


def _cell(name: str) -> str:
    """A name as part of a cell: on one line, taken for a formula by no spreadsheet, and without the joint's sign."""
    name = nfc(" ".join("".join(char if char.isprintable() else " " for char in name).split())).replace(";", ",")
    return f"'{name}" if name.startswith(FORMULA) else name
