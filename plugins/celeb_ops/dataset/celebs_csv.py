"""``Celebs.csv``: one row per capture that was seen. People open, mend and save it, so it is read with suspicion."""

from __future__ import annotations

import csv
import io
import logging
import re
from datetime import datetime
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.dataset.cells import Rows, names_cell, site_cell, text_of
from celeb_ops.dataset.first_version import first_version_rows, first_version_without
from celeb_ops.dataset.lost import lost_rows
from celeb_ops.dataset.schema import CELEBS
from celeb_ops.exceptions import NotStoredError, RecordError
from celeb_ops.removed import Removed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celeb_ops.records import Result
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

CSV_HEADER = tuple(CELEBS.dtypes)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_SEPARATORS = {";": "semicolons", "\t": "tabs"}


def update_csv(store: Store, results: Sequence[Result], removed: Removed | None = None) -> bool:
    """Bring the results' rows into the file; True if that changed it.

    The first version's file in its place is kept beside it and taken over. Where there is no row of ours, those that
    ``Captures`` knows are brought back.

    :param removed: people whom no row names: somebody may have put an older file in the place of this one.
    :raises RecordError: the file there can't be read without loss; it is left as it is.
    """
    new = {
        (keys.iso(result.time), result.site): (
            keys.iso(result.time),
            result.site,
            names_cell(result.celebrities),
            keys.iso(result.captured_at),
            result.source,
        )
        for result in results
    }

    removed = removed or Removed()
    url = store.url(keys.CSV)
    lost: Rows = {}

    def change(old: bytes | None) -> bytes:
        nonlocal lost
        content = without_people(old or b"", removed, url)
        rows = read_csv(content, url)
        lost = {} if rows and _is_ours(text_of(content, url)) else lost_rows(store, removed, bool(rows))
        return write_csv((lost | rows | new).values())

    taken_over = _keep_first_version(store, removed)
    changed = store.update(keys.CSV, change)
    if lost:
        logger.warning(
            "%s had no row of this dataset: the %d that Captures and %s know are brought back. Lost are what was "
            "mended in it by hand and, where there is no %s, the first version's rows: an older copy has them. Runs of "
            "the first version that were forgotten are back: forget them again.",
            url,
            len(lost),
            keys.CSV_V1,
            keys.CSV_V1,
        )
    if taken_over:
        _count_first_version(store, taken_over)
    return changed


def read_csv(content: bytes, where: str = keys.CSV) -> Rows:
    """The rows of our file, or of the first version's (``Sep_01_2022_08H_00M_05S,TMZ,name,…``) as ours.

    :raises RecordError: names ``where``, the line and the mend, rather than leave a row out.
    """
    text = text_of(content, where)
    if _is_ours(text):
        return _ours(text, where)
    rows, _ = first_version_rows(text, where)
    if text.strip() and not rows:
        separator = next((name for sign, name in _SEPARATORS.items() if _is_separated_by(sign, _first(text))), "")
        mend = (
            f"its columns are separated by {separator}: save it with commas"
            if separator
            else "move it away, or give it back its first line"
        )
        raise RecordError(
            f"{where} is neither this dataset's file (its first line would be {','.join(CSV_HEADER)}) nor the first "
            f"version's, so it is not written over: {mend}, and clear merge."
        )
    return rows


def without_people(content: bytes, removed: Removed, where: str = keys.CSV) -> bytes:
    """Our file, or the first version's, without the names of people who asked not to be in it; else as it was.

    :raises RecordError: names ``where``; the file can't be read without loss.
    """
    if not removed.may_be_in(content):
        return content
    text = text_of(content, where)
    if not _is_ours(text):
        return first_version_without(text, removed).encode()
    rows = _ours(text, where)
    clean = {place: _row_without(row, removed) for place, row in rows.items()}
    return content if clean == rows else write_csv(clean.values())


def _row_without(row: tuple[str, ...], removed: Removed) -> tuple[str, ...]:
    names = [name.strip() for name in row[2].split(";")]
    kept = [name for name in names if not removed.holds(name)]
    return row if kept == names else (*row[:2], "; ".join(kept), *row[3:])


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """The CSV of these rows, sorted by time and site."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    # A carriage return would end the row for a reader, and the writer quotes only the line end that it writes itself.
    writer.writerows(sorted([cell.replace("\r", " ") for cell in row] for row in rows))
    return out.getvalue().encode()


def _is_ours(text: str) -> bool:
    """Whether the first line is our header: the first version's file has none."""
    return _first(text).replace('"', "") == ",".join(CSV_HEADER)


def _is_separated_by(sign: str, first: str) -> bool:
    """Whether the first line is our header, or a line of the first version's, with ``sign`` for commas."""
    return _is_ours(first.replace(sign, ",")) or keys.parse_v1_time(first.split(sign)[0].strip(' "')) is not None


def _first(text: str) -> str:
    """The first line."""
    return re.split(r"[\r\n]", text, maxsplit=1)[0]


def _ours(text: str, where: str) -> Rows:
    rows: Rows = {}
    typed: set[tuple[str, str]] = set()
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
        if not _is_time(time) or not site.strip():
            raise _unreadable(where, number, f"it begins with {time},{site} and not like 2026-11-23T08:00:00Z,TMZ")
        row[1] = site_cell(site)
        place = time, row[1]
        by_hand = site != row[1]
        # Earlier versions took `tmz` for another site and wrote a second row: the one that a merge wrote counts.
        if place in rows and by_hand != (place in typed):
            rows[place] = rows[place] if by_hand else tuple(row)
            typed.discard(place)
        elif rows.setdefault(place, tuple(row)) != tuple(row):
            raise _unreadable(where, number, f"it is a second row of {row[1]} at {time}, and another one")
        elif by_hand:
            typed.add(place)


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _unreadable(where: str, line: int, why: str) -> RecordError:
    return RecordError(
        f"{where}, line {line}, is no row of {','.join(CSV_HEADER)}: {why}. The file is left as it is: mend the line, "
        "or bring back an older version of the file, and clear merge."
    )


def _keep_first_version(store: Store, removed: Removed) -> Rows:
    """Keep the first version's file beside the new one before it is taken over; its rows, none where there is none.

    :raises RecordError: lines of it can't be read, and another file is kept already, so nothing would keep these.
    """
    url = store.url(keys.CSV)
    try:
        old = without_people(store.read(keys.CSV), removed, url)
    except NotStoredError:
        return {}
    text = text_of(old, url)
    if _is_ours(text):
        return {}
    rows, left_out = first_version_rows(text, url)
    if not rows:
        return {}
    store.update(keys.CSV_V1, lambda kept: old if kept is None else None)
    if left_out and store.read(keys.CSV_V1) != old:
        raise RecordError(
            f"{left_out} lines of {url} can't be read (see the log), and {keys.CSV_V1} keeps another file than this. "
            "The file is left as it is: mend the lines or take them out, and clear merge."
        )
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
    lines = sum(1 for line in text_of(store.read(keys.CSV_V1), keys.CSV_V1).splitlines() if line.strip())
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
