"""``make up`` with its real scheduler and API, and a run beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from celeb_ops import keys
from celeb_ops.processes import left_of
from celeb_ops.settings import PROJECT
from celeb_ops.store import FolderStore
from tests.web import Web, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

START_S, RUN_S = 240, 400
NOW = datetime.now(UTC).replace(microsecond=0)
WORDS = "<p>" + "All is quiet in the harbour, and nobody could say when the ferry would come. " * 8


class Airflow:
    """The API of a running Airflow, as its administrator."""

    def __init__(self, address: str, password: str) -> None:
        self._address = address
        self._token = ""
        self._token = self.ask("/auth/token", {"username": "admin", "password": password})["access_token"]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self._address + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def ended(self, run: str) -> str:
        """The state of the run of the DAG when it has ended."""
        deadline = time.monotonic() + RUN_S
        while time.monotonic() < deadline:
            state = self.ask(f"/api/v2/dags/trending_celebrities/dagRuns/{run}")["state"]
            if state in ("success", "failed"):
                return state
            time.sleep(1)
        raise TimeoutError(f"{run} is still {state} after {RUN_S} s")

    def tasks(self, run: str) -> list[dict[str, Any]]:
        return self.ask(f"/api/v2/dags/trending_celebrities/dagRuns/{run}/taskInstances?limit=100")["task_instances"]


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Iterator[dict[str, str]]:
    """The settings for two sites, ALPHA with a portrait and GAMMA with nobody."""
    portrait = (demo_folder / "www" / "pictures" / "hopper.jpeg").read_bytes()
    page = f'<h1>Alpha</h1><img src="/hopper.jpeg" width="480" height="480">{WORDS}'
    with Web({"/alpha": page, "/gamma": f"<h1>Gamma</h1>{WORDS}", "/hopper.jpeg": portrait}) as web:
        sites = tmp_path_factory.mktemp("sites") / "sites.yaml"
        entries = [{"url": f"{web.address}/{name.lower()}", "name": name} for name in ("ALPHA", "GAMMA")]
        sites.write_text(json.dumps({"sites": entries}))
        yield {"CELEBS_SITES": str(sites), "CELEBS_GALLERY": str(demo_folder / "gallery"), "CELEBS_RETRY_DELAY_S": "1"}


def start(folder: Path, settings: dict[str, str], command: str, *arguments: str) -> subprocess.Popen[str]:
    """The command line in a session of its own, with a store and an Airflow home in the folder."""
    places = {"CELEBS_STORE": str(folder / "store"), "CELEBS_CACHE": str(folder / "cache"), "COLUMNS": "200"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return subprocess.Popen(
        [sys.executable, "-m", "celeb_ops.cli", command, "--airflow-home", str(folder / "airflow"), *arguments],
        env=inherited | places | settings | {"PYTHONPATH": str(PROJECT / "plugins"), "PYTHONUNBUFFERED": "1"},
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def airflow(folder: Path, settings: dict[str, str]) -> Iterator[tuple[Airflow, subprocess.Popen[str]]]:
    port = free_port()
    process = start(folder, settings, "up", "--port", str(port))
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if login := re.search(r"up: (http://\S+) .*login: admin  password: (\S+)", line):
                assert login[1] == f"http://127.0.0.1:{port}"
                yield Airflow(login[1], login[2]), process
                return
        raise AssertionError("".join(said))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=60)
            finally:
                process.kill()


def rows(folder: Path) -> list[tuple[str, str, str]]:
    """Time, site and celebrities of the dataset's rows."""
    lines = FolderStore(folder / "store").read(keys.CSV).decode().splitlines()[1:]
    return [tuple(line.split(",")[:3]) for line in lines]


def test_a_scheduled_airflow_and_a_run_beside_it_both_do_their_work(tmp_path: Path, newsroom: dict[str, str]) -> None:
    when = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    with airflow(tmp_path / "up", newsroom) as (api, process):
        run = api.ask("/api/v2/dags/trending_celebrities/dagRuns", {"logical_date": when})["dag_run_id"]

        beside = start(tmp_path / "run", newsroom, "run", "--date", when)
        told, _ = beside.communicate(timeout=RUN_S)
        assert beside.returncode == 0, told

        assert api.ended(run) == "success"
        tasks = api.tasks(run)
        assert {task["state"] for task in tasks} == {"success"}
        # The sites' steps are told apart by the sites' names, not by numbers.
        assert {task["rendered_map_index"] for task in tasks if task["task_id"] == "site.screenshot"} == {
            "ALPHA",
            "GAMMA",
        }

        expected = [(when, "ALPHA", "Grace Hopper"), (when, "GAMMA", "")]
        assert rows(tmp_path / "up") == expected
        assert rows(tmp_path / "run") == expected

        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 3
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert left_of(family, after_s=10) == []
        with pytest.raises(OSError, match="refused"):
            api.ask("/api/v2/version")
