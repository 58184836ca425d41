"""Takes away what is kept for some days only: slices, and the pictures of screenshots where that is asked for.

Age counts from when a file was written, not from the run time in its name: a backfill of last month is at work on
slices of today.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from celeb_ops.core import keys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from celeb_ops.core.store import Store, Stored

TIME_S = 120
"""So long captures are taken away at a time: a store that has years of them is tidied over several runs."""


@dataclass(frozen=True)
class Tidied:
    """What was taken away."""

    captures: int = 0
    files: int = 0
    size: int = 0
    """Bytes."""
    done: bool = True
    """Whether nothing old is left, so far as it could be seen; else its time was over."""


def tidy_slices(store: Store, keep: timedelta) -> Tidied:
    """Remove the slices, and the plans, of captures whose last one was written longer ago than ``keep``.

    :raises NotPermittedError: whoever asks may not list, or not delete.
    """
    return _tidied(store, store.files("Slices/"), keep)


def tidy_images(store: Store, keep: timedelta) -> Tidied:
    """Remove the pictures of screenshots whose last one was written longer ago than ``keep``.

    Their facts stay: merge and pages read them. Crops of faces stay: they are the evidence of the names.

    :raises NotPermittedError: whoever asks may not list, or not delete.
    """
    return _tidied(store, (one for one in store.files("Images/") if one.key.endswith((".jpeg", ".png"))), keep)


def _tidied(store: Store, files: Iterable[Stored], keep: timedelta) -> Tidied:
    """Captures go whole or not at all: no plan lists slices of which some are gone."""
    start, now = time.monotonic(), datetime.now(UTC)
    captures = removed = size = 0
    for stem, found in groupby(files, key=lambda one: keys.stem_in(one.key)):
        # Somebody's own file, beside the captures'.
        if stem is None:
            continue
        group = list(found)
        if any(now - one.written <= keep for one in group):
            continue
        if time.monotonic() - start > TIME_S:
            return Tidied(captures, removed, size, done=False)
        # The plan first: it is there = its slices are.
        for one in sorted(group, key=lambda one: one.key != keys.plan(stem)):
            store.delete(one.key)
        captures += 1
        removed += len(group)
        size += sum(one.size for one in group)
    return Tidied(captures, removed, size)
