"""Ours: cut lines beside pictures, rows without any left out, the rest stacked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.records import Screenshot
from celeb_ops.core.store import FolderStore
from celeb_ops.slicing import cut as slicing

if TYPE_CHECKING:
    from benchmarks.cuts.stored import Piece


def cut(sidecar: str, out: str) -> list[Piece]:
    store = FolderStore(Path(os.environ["CELEBS_STORE"]))
    stem = Path(sidecar).stem
    plan = slicing.cut(Screenshot.load(store, sidecar), sidecar, stem, store)
    plan.save(store, keys.plan(stem))
    return [{"key": one.key, "rows": [list(band) for band in one.bands]} for one in plan.slices]
