"""Small datasets, row by row, in the months' real files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from celeb_ops.core import keys
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS
from celeb_ops.dataset.tables import to_parquet

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

Built = Callable[[str], pl.DataFrame]
"""The fixture: a table of the trends by its name."""
MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)


def on(day: int, hour: int = 8) -> datetime:
    """A run time: ``day`` 0 is Monday, 2 November 2026."""
    return MONDAY + timedelta(days=day, hours=hour - 8)


class Rows:
    """What was captured, in the order in which it is said."""

    def __init__(self) -> None:
        self.captures: list[dict[str, Any]] = []
        self.sightings: list[dict[str, Any]] = []
        self.mentions: list[dict[str, Any]] = []

    def seen(self, site: str, when: datetime, *who: str | dict[str, Any], **facts: Any) -> None:
        """A seen capture with these people; of a dict, what is said of the sighting beside its ``name``."""
        capture = {"time": when, "site": site, "outcome": "seen", "source": "live", "faces": len(who)}
        capture |= {"recognizer": "local", "recognizer_version": "1", "gallery": "abc"}
        self.captures.append(capture | {"calls": 0, "calls_saved": 0, "cost_usd": 0.0} | facts)
        for number, one in enumerate(who):
            sighting = {"time": when, "site": site, "source": "live", "confidence": 90.0, "basis": "face"}
            sighting |= {"left": 100 * number, "top": 50, "width": 10, "height": 10, "above_fold": True}
            sighting |= {"prominence": 1.0, "screenshot": f"Images/{site}.json"}
            sighting |= {"crop": f"Faces/{keys.stem(site, when)}/{number}.jpeg"}
            self.sightings.append(sighting | ({"name": one} if isinstance(one, str) else one))

    def named(self, site: str, when: datetime, *who: str, **facts: Any) -> None:
        """The words of a capture, which was said to be seen, name these people."""
        for name in who:
            mention = {"time": when, "site": site, "name": name, "source": "live", "text": f"{name} in the news"}
            self.mentions.append(
                mention | {"part": "headline", "link": "https://x.example/story", "shown": False} | facts
            )

    def missed(self, site: str, when: datetime, outcome: str = "failed", reason: str | None = None) -> None:
        self.captures.append({"time": when, "site": site, "outcome": outcome, "reason": reason or f"It {outcome}."})

    def write(self, store: Store) -> None:
        for rows, table, key in (
            (self.captures, CAPTURES, keys.captures),
            (self.sightings, SIGHTINGS, keys.sightings),
            (self.mentions, MENTIONS, keys.mentions),
        ):
            for month in {key(row["time"]) for row in rows}:
                these = [row for row in rows if key(row["time"]) == month]
                store.write(month, to_parquet(pl.DataFrame(these, schema=table.dtypes)))
