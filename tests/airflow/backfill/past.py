"""The Airflow that the backfills of these tests run in: it can lose its scheduler, and come up again."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil

from celeb_ops.core import keys
from celeb_ops.core.store import FolderStore
from tests.airflow.backfill.newsroom import TIMES
from tests.airflow.backfill.state import browsers
from tests.airflow.running import airflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import Self

    from tests.airflow.backfill.newsroom import Newsroom
    from tests.airflow.running import Up

DAG = "/api/v2/dags/trending_celebrities"
ENDED = {"success", "failed"}
BACKFILL_S = 1_200
"""Three times what it takes on two free cores."""

_SOON = {
    # A task that was killed is tried again at once, …
    "CELEBS_RETRY_DELAY_S": "1",
    # … and a machine that was lost is missed after half a minute, not after five.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
}


class Past:
    """A running Airflow with the sites of five days in 2021."""

    live: datetime
    """The run time of a live run that went on beside the first backfill, …"""
    browsers_at_once: list[int]
    """… and how many browsers were there, looked at again and again until that backfill had ended."""

    def __init__(self, folder: Path, newsroom: Newsroom) -> None:
        self.folder = folder
        self.newsroom = newsroom
        self.store = FolderStore(folder / "store")
        self.gallery = folder.parent / "gallery"
        (folder / "tmp").mkdir(parents=True)
        self.settings = {**newsroom.settings, **_SOON, "TMPDIR": str(folder / "tmp")}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        """``make up``."""
        self.up: Up = self._stack.enter_context(airflow(self.folder, self.settings))
        # It may start again: the scheduler may end over a locked database.
        self.up.api.patience_s = 120

    def end(self) -> None:
        """Ctrl-C."""
        self._stack.close()

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """An empty store in the place of the one that is there, which is back in the end."""
        apart = self.folder / "store-before"
        self.quiet()
        self.store.root.rename(apart)
        self.store.root.mkdir()
        try:
            yield
        finally:
            self.quiet()
            shutil.rmtree(self.store.root)
            apart.rename(self.store.root)

    def quiet(self) -> None:
        """Wait until no run is under way, and the trends have followed."""
        path = "/api/v2/dags/~/dagRuns?state=running&state=queued&limit=1"
        calm = 0
        # The run of the trends is made a moment after the merge.
        while calm < 4:
            calm = 0 if until(lambda: self.up.api.ask(path))["total_entries"] else calm + 1
            time.sleep(1)

    # --- runs

    def runs(self) -> dict[datetime, dict[str, Any]]:
        """Those of the five days, by run time."""
        listed = self.up.api.ask(f"{DAG}/dagRuns?limit=100")["dag_runs"]
        at = {keys.iso(when): when for when in TIMES}
        return {at[run["logical_date"]]: run for run in listed if run["logical_date"] in at}

    def run_id(self, when: datetime) -> str:
        return self.runs()[when]["dag_run_id"]

    def path(self, when: datetime) -> str:
        return f"{DAG}/dagRuns/{quote(self.run_id(when))}"

    def backfill(self, behaviour: str, times: list[datetime], conf: dict[str, Any] | None = None) -> None:
        """Order it by the API, with ten active runs."""
        order = {
            "dag_id": "trending_celebrities",
            "from_date": keys.iso(times[0]),
            "to_date": keys.iso(times[-1]),
            "reprocess_behavior": behaviour,
            "max_active_runs": 10,
            "dag_run_conf": conf,
        }
        self.free()
        self.up.api.ask("/api/v2/backfills", order)

    def free(self) -> None:
        """Wait until Airflow counts the last backfill as done: a DAG has one at a time."""
        listed = "/api/v2/backfills?dag_id=trending_celebrities&limit=100"
        until(lambda: all(one["completed_at"] for one in self.up.api.ask(listed)["backfills"]))

    def clear(self, when: datetime, *tasks: str | tuple[str, int]) -> None:
        """Clear tasks of a run, of all sites or of the site with this index, and what follows them."""
        self.up.api.ask(
            f"{DAG}/clearTaskInstances",
            {
                "dry_run": False,
                "dag_run_id": self.run_id(when),
                "task_ids": list(tasks),
                "only_failed": False,
                "include_downstream": True,
            },
        )

    def ended(self, times: Iterable[datetime] = TIMES, within_s: float = BACKFILL_S) -> dict[datetime, str]:
        """The states of the runs of these times when all of them have ended."""
        times = set(times)
        deadline = time.monotonic() + within_s
        while True:
            states = {when: run["state"] for when, run in self.runs().items() if when in times}
            if states.keys() == times and set(states.values()) <= ENDED:
                return states
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {within_s:g} s they are still {states}")
            time.sleep(1)

    def tasks(self, when: datetime) -> list[dict[str, Any]]:
        return self.up.api.ask(f"{self.path(when)}/taskInstances?limit=100")["task_instances"]

    def tries(self, when: datetime) -> dict[tuple[str, int], int]:
        """How often each task was tried, by its id and the index of its site (-1: it has none)."""
        return {(task["task_id"], task["map_index"]): task["try_number"] for task in self.tasks(when)}

    # --- processes

    def scheduler(self) -> psutil.Process:
        family = psutil.Process(self.up.process.pid).children(recursive=True)
        return next(one for one in family if one.cmdline()[-1:] == ["scheduler"])

    def at_work(self) -> dict[tuple[str, str, int], int]:
        """The processes that are at work, by run, task and the site's index (-1: none).

        It is read from Airflow's database: the API takes longer than some tasks last.
        """
        return {
            (run, task, site): pid
            for run, task, site, pid in self._asked(
                "select run_id, task_id, map_index, pid from task_instance "
                "where dag_id = 'trending_celebrities' and state = 'running' and pid is not null"
            )
        }

    def handed_on(self, run: str, task: str) -> bool:
        """Whether the task has handed on what it returns; it is still at work then, for a moment."""
        return bool(self._asked("select 1 from xcom where run_id = ? and task_id = ?", run, task))

    def _asked(self, query: str, *given: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(f"file:{self.folder / 'airflow' / 'airflow.db'}?mode=ro", uri=True, timeout=30)
        with closing(database):
            return database.execute(query, given).fetchall()

    @contextmanager
    def watched(self) -> Iterator[list[int]]:
        """How many browsers are there at once, looked at several times a second as long as the context lasts."""
        seen: list[int] = []
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.3):
                seen.append(len(browsers(self.folder, "chromedriver")))

        thread = threading.Thread(target=watch, daemon=True, name="watch-browsers")
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()


def until(condition: Callable[[], Any], within_s: float = BACKFILL_S, every_s: float = 0.2) -> Any:
    """What the condition says as soon as it says something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if said := condition():
            return said
        time.sleep(every_s)
    raise TimeoutError(f"nothing came of it within {within_s:g} s")
