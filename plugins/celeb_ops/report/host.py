"""The Airflow that the pages are in, as far as they lead to it. They themselves know nothing of Airflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


@dataclass(frozen=True)
class HostRun:
    """A run as Airflow knows it."""

    time: datetime
    """The run time."""
    id: str
    kind: str
    """``scheduled``, ``manual``, ``backfill`` …"""
    state: str
    address: str
    """Its page in Airflow."""

    @property
    def under_way(self) -> bool:
        return self.state in ("queued", "running")


def _no_runs(first: datetime | None, last: datetime | None) -> list[HostRun]:
    return []


@dataclass(frozen=True)
class Host:
    """Addresses in Airflow's UI, and what Airflow knows of the runs."""

    login: str
    """The address to which a person without a login is sent."""
    dags: Mapping[str, str] = field(default_factory=dict)
    """The DAGs' pages by their id: the one that captures first, then the one that makes the trends."""
    runs: Callable[[datetime | None, datetime | None], list[HostRun]] = _no_runs
    """The runs from one run time to another, both included, the newest first; None: no bound."""
    tasks: Callable[[str, str], dict[str, str]] = lambda run_id, site: {}
    """Addresses of a site's tasks in a run, by their id."""
    paused: Callable[[], list[str]] = list
    """Ids of the DAGs that are paused."""
