"""The first version's ``Celebs.csv``: no header, ragged lines like ``Sep_01_2022_08H_00M_05S,TMZ,name,name``."""

from __future__ import annotations

import csv
import io
import logging
import re
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.dataset.cells import name_cell, site_cell
from celeb_ops.exceptions import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.dataset.cells import Rows
    from celeb_ops.removed import Removed

logger = logging.getLogger(__name__)

# A line that is none of the first version's and still a row, or the header, of somebody's dataset.
_ROW = re.compile(r'[\s"\ufeff]*(?:\d|time"?\s*[,;\t]|\w{3}_\d\d_\d{4}_\d\dH_\d\dM_\d\dS"?\s*[;\t])')


def first_version_rows(text: str, where: str) -> tuple[Rows, int]:
    """The rows of its file as ours, and how many lines can't be read and are left out.

    A site's rows of one time are one: their names are united.

    :raises RecordError: rows of another form stand among its own: they would be lost.
    """
    names: dict[tuple[str, str], set[str]] = {}
    # Line by line: it knew no cell of several lines, and a quote that stays open must not take in the next.
    lines = io.StringIO(text, newline=None).readlines()
    left_out = {}
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if not line.endswith("\n"):
            whole = _whole_cells(cells, lines[:-1])
            if whole != cells:
                left_out[number] = cells[-1][:200]
            cells = whole
        when = keys.parse_v1_time(cells[0]) if cells else None
        if when is not None and len(cells) > 1 and cells[1]:
            known = names.setdefault((keys.iso(when), site_cell(cells[1])), set())
            known.update(name_cell(name) for name in cells[2:] if name)
        elif any(cells):
            left_out[number] = line.strip()[:200]
    if names:
        for number, line in left_out.items():
            if _ROW.match(line):
                raise RecordError(
                    f"{where}, line {number}, is none of the first version's lines, which stand in it too: {line!r}. "
                    "The file is left as it is: keep the lines of one version in it, and clear merge."
                )
            logger.warning("%s, line %d, can't be read and is left out: %r", keys.CSV, number, line)
    return {key: (*key, "; ".join(sorted(found)), key[0], "live") for key, found in names.items()}, len(left_out)


def first_version_without(text: str, removed: Removed) -> str:
    """Its file without people who were removed; a line that can't be read goes where it names one of them."""
    return "".join(_line_without(line, removed) for line in io.StringIO(text, newline=""))


def _line_without(line: str, removed: Removed) -> str:
    cells = _cells(line)
    if not cells or keys.parse_v1_time(cells[0]) is None:
        # A row of ours stays, so that the reader refuses the file and nothing is lost.
        return "" if removed.mentioned(line) and not _ROW.match(line) else line
    kept = [*cells[:2], *(cell for cell in cells[2:] if not removed.holds(cell))]
    if kept == cells:
        return line
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line[len(line.rstrip("\r\n")) :]).writerow(kept)
    return out.getvalue()


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
