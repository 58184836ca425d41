"""A run as people are told of it: which one it is, where it is seen, and whether anybody hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

DAG_ID = "trending_celebrities"


@dataclass(frozen=True)
class Run:
    """A run of a DAG."""

    dag_id: str
    run_id: str
    kind: str
    """Airflow's run type: ``scheduled``, ``manual``, ``backfill``, ``asset_triggered``."""
    when: datetime
    """The run time."""
    sources: tuple[str, ...] = ()
    """The run types of the runs whose changed assets have started it."""
    place: str = ""
    """Where it is seen, a sentence: its address, or where to click."""

    @property
    def is_told(self) -> bool:
        """Whether people hear of it: the schedule has started it, or what the schedule has started.

        Beside one that was triggered by hand sits somebody, and a backfill of 100 days is not to send 100 mails.
        """
        if self.kind == "asset_triggered":
            return not self.sources or "scheduled" in self.sources
        return self.kind == "scheduled"

    @property
    def name(self) -> str:
        """The run for people."""
        of = "" if self.dag_id == DAG_ID else f" of {self.dag_id}"
        return f"the run{of} of {self.when:%Y-%m-%d %H:%M} UTC"

    @property
    def start_of_sentence(self) -> str:
        """Its name with a capital letter."""
        return f"{self.name[0].upper()}{self.name[1:]}"
