"""Captures in a row: what they leave behind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import measured
from benchmarks.newsroom import build, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cast import Cast

CAPTURES = 50


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Fifty captures in one process: processes and temporary folders left, memory of the task's process."""
    room = build(cast)
    with served(room):
        urls = [room.url(page) for page in room.pages if page.trait in {"consent", "popup", "sticky"}]
        rows = measured("benchmarks.tasks:soak", urls=urls, captures=CAPTURES, folder=str(folder)).value
    yield from rows
    # Not a matter of how fast a machine is: nothing may be left on any.
    if left := [row for row in rows if row["processes left"] or row["temporary files left"]]:
        raise RuntimeError(f"The captures have left something behind: {left[-1]}")


def left_behind() -> set[str]:
    """Temporary files of browsers and captures that are there now."""
    marks = ("celebs-browser-", "celebs-capture-", "org.chromium", ".org.chromium", "com.google.Chrome")
    return {path.name for path in Path(tempfile.gettempdir()).iterdir() if path.name.startswith(marks)}
