"""``make up`` with its real scheduler and API, and a run beside it."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psutil
import pytest

from celeb_ops.core import keys
from celeb_ops.core.processes import wait_gone
from celeb_ops.core.store import FolderStore
from tests.airflow.backfill.past import until
from tests.airflow.running import RUN_S, start

if TYPE_CHECKING:
    from pathlib import Path

    from tests.airflow.running import Up

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

NOW = datetime.now(UTC).replace(microsecond=0)


def rows(store: FolderStore, when: str) -> list[tuple[str, str]]:
    """Site and celebrities of a run time's rows: the schedule has runs of its own."""
    lines = [line.split(",") for line in store.read(keys.CSV).decode().splitlines()[1:]]
    return [(site, celebrities) for time, site, celebrities, *_ in lines if time == when]


def test_no_run_is_made_of_a_time_before_the_first_start(up: Up) -> None:
    # A run time has a minute.
    started = datetime.fromtimestamp(psutil.Process(up.process.pid).create_time(), UTC) - timedelta(minutes=1)
    dag = "/api/v2/dags/trending_celebrities"
    until(lambda: up.api.ask("/api/v2/dags")["total_entries"] == 2)
    made = [run["run_after"] for run in up.api.ask(f"{dag}/dagRuns?run_type=scheduled")["dag_runs"]]
    times = [*made, up.api.ask(dag)["next_dagrun_run_after"]]
    assert [time for time in times if datetime.fromisoformat(time) < started] == []


def test_a_scheduler_that_ended_is_started_again(up: Up) -> None:
    # As on SQLite after an order for a backfill that was taken back: nothing else would say that nothing runs any more.
    before = scheduler(up)
    before.kill()
    until(lambda: scheduler(up) not in (None, before))
    until(lambda: healthy(up))


def healthy(up: Up) -> bool:
    """Whether Airflow answers, and its scheduler beats."""
    with suppress(OSError):
        return up.api.ask("/api/v2/monitor/health")["scheduler"]["status"] == "healthy"
    return False


def scheduler(up: Up) -> psutil.Process | None:
    """The process of Airflow's scheduler."""
    for one in psutil.Process(up.process.pid).children(recursive=True):
        with suppress(psutil.Error):
            if one.cmdline()[-1:] == ["scheduler"]:
                return one
    return None


def test_a_scheduled_airflow_and_a_run_beside_it_both_do_their_work(
    tmp_path: Path, newsroom: dict[str, str], up: Up
) -> None:
    when = keys.iso(NOW)
    run = up.api.trigger(logical_date=when)

    beside = start(tmp_path, newsroom, "run", "--date", when)
    told, _ = beside.communicate(timeout=RUN_S)
    assert beside.returncode == 0, told

    assert up.api.ended(run) == "success"
    tasks = up.api.tasks(run)
    assert {task["state"] for task in tasks} == {"success"}
    # The sites' steps are told apart by the sites' names, not by numbers.
    assert {task["rendered_map_index"] for task in tasks if task["task_id"] == "site.screenshot"} == {"ALPHA", "GAMMA"}

    expected = [("ALPHA", "Grace Hopper"), ("GAMMA", "")]
    assert rows(up.store, when) == expected
    assert rows(FolderStore(tmp_path / "store"), when) == expected

    family = psutil.Process(up.process.pid).children(recursive=True)
    assert len(family) > 3
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert wait_gone(family, timeout_s=10) == []
    with pytest.raises(OSError, match="refused"):
        up.api.ask("/api/v2/version")
