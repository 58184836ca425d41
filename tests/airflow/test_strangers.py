"""Somebody else's Airflow with our files in it, or with some of them only: its parts live, and its own DAG runs."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psutil
import pytest

from celeb_ops.cli.airflow_home import environment, migrated
from celeb_ops.core.processes import wait_gone
from celeb_ops.core.settings import PROJECT
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

PARTS = ("scheduler", "api-server", "dag-processor", "triggerer")
# Each part has a share in it: the sensor waits in the triggerer.
THEIRS = """
from datetime import timedelta
from pathlib import Path
from airflow.sdk import dag, task
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor

@dag(schedule="@once")
def theirs():
    @task
    def say():
        Path(__file__).with_name("said").touch()
    TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=1), deferrable=True) >> say()

theirs()
"""


class Stranger:
    """An Airflow whose parts are started one by one. Outside of ``ours`` they know nothing of this project."""

    def __init__(self, folder: Path, plugins: Path, ours: dict[str, dict[str, str]]) -> None:
        self.folder = folder
        self.dags = folder / "dags"
        self.dags.mkdir()
        home, port = folder / "airflow", free_port()
        home.mkdir()
        migrated(home, folder / "migrate.log")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CELEBS"))}
        self.environment = inherited | environment(home)
        del self.environment["PYTHONPATH"]
        self.environment |= {
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "of all parts, and as long as it has to be for them to take it " * 2,
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            # The API server is the last that answers.
            "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "30",
        }
        self.ours = ours
        self.parts: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, part: str, *arguments: str) -> subprocess.Popen[bytes]:
        """`airflow` with that part's environment."""
        with (self.folder / f"{part}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "airflow", *(arguments or [part])],
                env=self.environment | self.ours.get(part, {}),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        self.parts = {part: self.command(part) for part in PARTS}
        return self

    def __exit__(self, *_: object) -> None:
        family = set()
        for process in self.parts.values():
            if process.poll() is None:
                family |= {psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)}
                os.killpg(process.pid, signal.SIGINT)
        wait_gone(family, 15)
        for one in family:
            if one.is_running():
                one.kill()
        for process in self.parts.values():
            process.wait(10)

    def ended(self) -> dict[str, str]:
        """The parts that are not there any more, and the end of what each said."""
        over = [part for part, process in self.parts.items() if process.poll() is not None]
        return {part: (self.folder / f"{part}.log").read_text(errors="replace")[-2000:] for part in over}

    def wait_for(self, condition: Callable[[], object], what: str, within_s: float = 300) -> None:
        """Wait until it is so; AssertionError where a part has ended, or it is not so in that time."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert self.ended() == {}
            assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
            time.sleep(1)

    def runs_its_dag(self) -> None:
        """Have its own DAG run."""
        (self.dags / "theirs.py").write_text(THEIRS)
        self.wait_for((self.dags / "said").exists, "their DAG's run")
        assert self.ended() == {}

    def asked(self, query: str) -> list[tuple[object, ...]]:
        database = sqlite3.connect(f"file:{self.folder / 'airflow' / 'airflow.db'}?mode=ro", uri=True, timeout=30)
        with closing(database):
            return database.execute(query).fetchall()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Our plugins folder as `cp -r plugins/*` or a zip for MWAA may leave it: without hidden files."""
    return shutil.copytree(PROJECT / "plugins", tmp_path / "plugins", ignore=shutil.ignore_patterns(".*"))


def test_all_parts_live_with_our_plugins_and_no_hidden_file(tmp_path: Path, copied: Path) -> None:
    with Stranger(tmp_path, copied, {}) as airflow:
        airflow.runs_its_dag()


@pytest.fixture
def beside_our_dag(tmp_path: Path) -> Iterator[Stranger]:
    """Where the DAG processor alone has our plugin and package."""
    (tmp_path / "none").mkdir()
    sites = tmp_path / "sites.yaml"
    sites.write_text('sites: ["https://example.com/"]')
    ours = {
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "PYTHONPATH": str(PROJECT / "plugins"),
        "CELEBS_SITES": str(sites),
        "CELEBS_STORE": str(tmp_path / "store"),
    }
    with Stranger(tmp_path, tmp_path / "none", {"dag-processor": ours, "trigger": ours}) as airflow:
        shutil.copy(PROJECT / "dags" / "trending_celebrities.py", airflow.dags)
        yield airflow


def test_a_scheduler_without_our_plugin_lives_beside_our_dag(beside_our_dag: Stranger) -> None:
    airflow = beside_our_dag
    parsed = "select 1 from serialized_dag where dag_id = 'trending_celebrities'"
    airflow.wait_for(lambda: airflow.asked(parsed), "our DAG's being parsed")
    assert airflow.command("trigger", "dags", "trigger", "trending_celebrities").wait(120) == 0
    # It has no package to run the task with: that the run fails is nobody else's matter.
    begun = "select 1 from task_instance where dag_id = 'trending_celebrities' and state is not null"
    airflow.wait_for(lambda: airflow.asked(begun), "our run's beginning")
    airflow.runs_its_dag()
