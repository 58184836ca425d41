"""Which run's tasks go first: those whose live page can still be seen. Archived pages can wait, live ones can't.

Of tasks that wait for one slot (a browser, Rekognition) Airflow takes the weightiest, and of equal ones that of the
oldest run: a backfill would take every slot from the schedule.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.task.priority_strategy import PriorityWeightStrategy, validate_and_load_priority_weight_strategy
from airflow.task.weight_rule import WeightRule

from celeb_ops import keys
from celeb_ops.exceptions import SettingsError
from celeb_ops.seeing import is_live
from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

FIRST = 1_000
"""More than all tasks of the DAG weigh together."""

_RUN_ID = re.compile(r"__(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))")


class LiveFirst(PriorityWeightStrategy):
    """
    Airflow's own rule (``downstream``), and :data:`FIRST` more for a run within ``CELEBS_LIVE_WINDOW_H`` of now.

    The scheduler asks when it makes a task and when one is cleared or expanded, not again while it waits. A run that
    does not tell its time goes first too: somebody has triggered it, and may be waiting. A backfill's runs all tell it.
    """

    def get_weight(self, ti: TaskInstance) -> int:
        """The task's weight; it never fails, because the scheduler would end by it."""
        own = validate_and_load_priority_weight_strategy(WeightRule.DOWNSTREAM).get_weight(ti)
        when = _run_time(ti)
        return own + FIRST if when is None or is_live(when, datetime.now(UTC), _settings()) else own


def _run_time(ti: TaskInstance) -> datetime | None:
    """The run time; None where nothing tells it."""
    # A task that is just being made has no run as yet, only its id; that has the time in it, unless somebody chose it.
    run = getattr(ti, "dag_run", None)
    if run is not None and (run.logical_date or run.run_after):
        return keys.run_time(run.logical_date, run.run_after)
    found = _RUN_ID.search(ti.run_id or "")
    return datetime.fromisoformat(found[1]) if found else None


def _settings() -> Settings:
    try:
        return Settings.load()
    except SettingsError:
        # The DAG file and every task say what is wrong with them.
        return Settings()


LIVE_FIRST = f"{LiveFirst.__module__}.{LiveFirst.__qualname__}"
"""How a DAG names the rule: Airflow finds it by this among those that the plugin registers."""
