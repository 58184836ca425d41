"""Takes away what is kept for some days only: slices, and the pictures of screenshots where that is asked for.

Age counts from when a file was written, not from the run time in its name: a backfill of last month is at work on
slices of today.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from celeb_ops.core import keys

if TYPE_CHECKING:
    from datetime import timedelta

    from celeb_ops.core.store import Store

TIME_S = 120
"""The longest time that one run spends on deleting: a store with years of captures is tidied over several runs."""


class Tidied(NamedTuple):
    """What a tidy step deleted. ``size`` is in bytes."""

    captures: int = 0
    files: int = 0
    size: int = 0
    done: bool = True
    """Whether nothing old is left; if not, the time was over."""


def tidy_slices(store: Store, keep: timedelta) -> Tidied:
    """Remove slices and plans of captures whose last one was written longer ago than ``keep``."""
    return _tidy(store, "Slices/", ("",), keep)


def tidy_images(store: Store, keep: timedelta) -> Tidied:
    """Remove the pictures of screenshots whose last one was written longer ago than ``keep``.

    Their facts stay: merge and pages read them. Crops of faces stay: they are the evidence of the names.
    """
    return _tidy(store, "Images/", (".jpeg", ".png"), keep)


def _tidy(store: Store, prefix: str, endings: tuple[str, ...], keep: timedelta) -> Tidied:
    """Captures go whole or not at all: no plan lists slices of which some are gone."""
    start, now = time.monotonic(), datetime.now(UTC)
    files = (file for file in store.files(prefix) if file.key.endswith(endings))
    tidied = Tidied()
    for stem, group in groupby(files, key=lambda file: keys.stem_in(file.key)):
        capture = list(group)
        # Without a stem it is somebody's own file, beside the captures'.
        if stem is None or any(now - file.written <= keep for file in capture):
            continue
        if time.monotonic() - start > TIME_S:
            return tidied._replace(done=False)
        # The plan first: while it is there, its slices are.
        for file in sorted(capture, key=lambda file: file.key != keys.plan(stem)):
            store.delete(file.key)
        size = tidied.size + sum(file.size for file in capture)
        tidied = Tidied(tidied.captures + 1, tidied.files + len(capture), size)
    return tidied
