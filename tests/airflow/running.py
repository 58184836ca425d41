"""``make up`` in a process of its own, and its API."""

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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

RUN_S = 400


class Airflow:
    """The API of a running Airflow, as its administrator."""

    answer_s = 30
    patience_s = 0.0
    """Seconds that Airflow may refuse connections, as while it starts again."""

    def __init__(self, address: str, password: str, user: str = "admin") -> None:
        self.address = address
        self.password = password
        self.token = ""
        self.token = self.ask("/auth/token", {"username": user, "password": password})["access_token"]

    def get(self, path: str, headers: dict[str, str]) -> tuple[Message, bytes]:
        """The headers and the content of an answer; HTTPError where it is none."""
        with urllib.request.urlopen(urllib.request.Request(self.address + path, headers=headers), timeout=30) as answer:
            return answer.headers, answer.read()

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """The answer, None where it is empty. Without a ``method`` it is POST with a body, and GET without."""
        request = urllib.request.Request(
            self.address + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", **self.authorization},
            method=method,
        )
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                with urllib.request.urlopen(request, timeout=self.answer_s) as answer:
                    content = answer.read()
                break
            except URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > deadline:
                    raise
                time.sleep(1)
        return json.loads(content) if content else None

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def trigger(self, **given: Any) -> str:
        """Start a run of the DAG; its id."""
        return self.ask("/api/v2/dags/trending_celebrities/dagRuns", given)["dag_run_id"]

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


@dataclass(frozen=True)
class Up:
    """An Airflow that is up: its API, its process and its store."""

    api: Airflow
    process: subprocess.Popen[str]
    store: FolderStore


def start(folder: Path, settings: dict[str, str], command: str, *arguments: str) -> subprocess.Popen[str]:
    """The command line in a session of its own, with a store and an Airflow home in the folder."""
    places = {"CELEBS_STORE": str(folder / "store"), "CELEBS_CACHE": str(folder / "cache"), "COLUMNS": "200"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return subprocess.Popen(
        [sys.executable, "-m", "celeb_ops.cli.main", command, "--airflow-home", str(folder / "airflow"), *arguments],
        env=inherited | places | settings | {"PYTHONPATH": str(PROJECT / "plugins"), "PYTHONUNBUFFERED": "1"},
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def airflow(folder: Path, settings: dict[str, str]) -> Iterator[Up]:
    port = free_port()
    process = start(folder, settings, "up", "--port", str(port))
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if login := re.search(r"up: (http://\S+) .*login: admin  password: (\S+)", line):
                assert login[1] == f"http://127.0.0.1:{port}"
                yield Up(Airflow(login[1], login[2]), process, FolderStore(folder / "store"))
                return
        raise AssertionError("".join(said))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=60)
            finally:
                process.kill()
