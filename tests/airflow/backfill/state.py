"""What a backfill leaves behind: the same, however often it was interrupted, repeated or repaired."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import psutil

from celeb_ops.core import keys
from celeb_ops.core.processes import alive
from tests.airflow.backfill.newsroom import FIRST_DAY

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from celeb_ops.core.store import FolderStore

YEAR = str(FIRST_DAY.year)


@dataclass(frozen=True)
class State:
    """What is in a store of the five days: nothing of the schedule's runs, of today or of the trends."""

    csv: bytes
    sightings: list[dict[str, Any]]
    captures: list[dict[str, Any]]
    """Without their seconds."""
    keys: list[str]

    @classmethod
    def of(cls, store: FolderStore) -> State:
        head, *lines = store.read(keys.CSV).splitlines(keepends=True)
        return cls(
            head + b"".join(line for line in lines if line.startswith(YEAR.encode())),
            _rows(store, keys.sightings(FIRST_DAY)),
            [{**row, "seconds": None} for row in _rows(store, keys.captures(FIRST_DAY))],
            [key for key in store.list("") if YEAR in key or "/" not in key],
        )

    def at(self, when: datetime) -> State:
        """That of one run time."""
        head, *lines = self.csv.splitlines(keepends=True)
        return State(
            head + b"".join(line for line in lines if line.startswith(keys.iso(when).encode())),
            [row for row in self.sightings if row["time"] == when],
            [row for row in self.captures if row["time"] == when],
            [key for key in self.keys if keys.v1_time(when) in key],
        )


def _rows(store: FolderStore, key: str) -> list[dict[str, Any]]:
    return sorted(pl.read_parquet(store.root / key).to_dicts(), key=str)


def left_over(folder: Path) -> list[str]:
    """What no backfill may leave in the folder of its Airflow: files that were never whole, and temporary ones."""
    parts = (folder / "store").rglob("*.part")
    return sorted(str(path.relative_to(folder)) for path in [*parts, *(folder / "tmp").glob("celebs-*")])


def browsers(folder: Path, name: str = "chrom") -> list[psutil.Process]:
    """The browsers and drivers of the Airflow in ``folder``, also those that have lost their parents."""
    found = []
    for process in psutil.process_iter(["name"]):
        # One may end between two questions.
        with suppress(psutil.Error):
            ours = name in process.info["name"] and process.environ().get("CELEBS_STORE") == str(folder / "store")
            if ours and alive(process):
                found.append(process)
    return found
