"""The log of a capture: a line for each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.core.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celeb_ops.core.records import Screenshot


def lines(shot: Screenshot, size: int, place: str) -> Iterator[str]:
    """The log lines of a capture.

    :param size: of the pictures, in bytes.
    :param place: where the first one is.
    """
    spent = shot.timings
    whose = f"the archive's copy {shot.memento}" if shot.memento else shot.final_url
    yield f"Opened {whose}: HTTP {shot.http_status}, {shot.title!r}, {spent.get('open', 0):.1f} s."
    if shot.consent.found:
        done = ", ".join(shot.consent.done) or "nothing could be done"
        yield f"Covering the page: {', '.join(shot.consent.found)}; {done}."
    else:
        yield "No consent dialog or other wall covered the page."
    loading = sum(spent.get(step, 0) for step in ("load", "scroll"))
    yield f"Loaded {shot.images_loaded} of {counted(shot.images_total, 'picture')}, {loading:.1f} s."
    if shot.missing:
        yield f"Still missing: {'; '.join(shot.missing)}."
    if shot.truncated:
        yield f"Cut off at {shot.captured_height:,} px (max_height): the page has {shot.page_height:,} or more."
    files = counted(len(shot.parts), "picture")
    yield f"Stored {files} of {shot.captured_height:,} px, {size / 1e6:.1f} MB: {place}"
