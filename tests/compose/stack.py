"""The stack of ``docker-compose.yaml`` as a user has it: a checkout, ``make cluster``, its API, its files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

import yaml

from celeb_ops.cli import demo_newsroom
from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import captures_of
from celeb_ops.dataset.celebs_csv import read_csv
from tests.airflow.running import Airflow
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAG = "/api/v2/dags/trending_celebrities"
PAGES = {"DAILY-PLAIN": "plain.html", "LAZY-POST": "lazy.html", "WALLED-TIMES": "wall.html"}
"""The demo's sites; the nine are these three times."""
NINE = [f"{name}{suffix}" for suffix in ("", "-2", "-3") for name in PAGES]
ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


def checkout(folder: Path) -> None:
    """The project as a fresh clone has it, with what is not committed yet."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in filter(None, files.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)


@dataclass
class Stack:
    """A checkout in ``folder`` with the demo's newsroom in it, and the services that were started from there."""

    folder: Path
    project: str = "celebs-test"
    settings: dict[str, str] = field(default_factory=dict)
    """What goes into ``.env`` before the first start."""
    port: int = field(default_factory=free_port)
    api: Airflow | None = None

    @classmethod
    def of(cls, folder: Path, project: str = "celebs-test") -> Stack:
        """A stack that is up already."""
        stack = cls(folder, project)
        stack.port = int(docker("port", stack.containers("api-server")[0], "8080").strip().rpartition(":")[2])
        stack.login()
        return stack

    def prepare(self) -> None:
        """Checkout, newsroom, gallery, sites and ``.env``."""
        checkout(self.folder)
        demo_newsroom.build(self.folder / "newsroom")
        shutil.copytree(self.folder / "newsroom" / "gallery", self.folder / "gallery", dirs_exist_ok=True)
        sites = [
            {"url": f"http://newsroom:8000/{page}?{suffix}", "name": f"{name}{suffix}"}
            for suffix in ("", "-2", "-3")
            for name, page in PAGES.items()
        ]
        told = {"defaults": {"load_time_s": 5, "timeout_s": 30}, "sites": sites}
        (self.folder / "include" / "sites.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
        # Nobody is asked for archived pages: 9 is the port that throws away.
        own = {"CELEBS_RETRY_DELAY_S": "5", "CELEBS_ARCHIVE_URL": "http://127.0.0.1:9/"} | self.settings
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in own.items()))

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("CELEBS_", "AIRFLOW_", "COMPOSE_", "PYTHON"))}
        return {
            **clean,
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": "docker-compose.yaml:tests/compose/newsroom.yaml",
            "PORT": str(self.port),
            # The old builder: the only one of Debian's docker.io.
            "DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0"),
        }

    def up(self, **more: str) -> str:
        """``make cluster`` to its end; what it said."""
        done = subprocess.run(
            ["make", "cluster"],
            cwd=self.folder,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        self.login()
        return done.stdout

    def login(self) -> None:
        """Anew: a token is good until the server has another secret or a day has passed."""
        self.api = Airflow(f"http://127.0.0.1:{self.port}", self.secret("AIRFLOW_ADMIN_PASSWORD"))

    def set(self, name: str, value: str) -> None:
        """A setting in ``.env``. Written in place: a new file would not be the one that the containers have."""
        kept = [line for line in (self.folder / ".env").read_text().splitlines() if not line.startswith(f"{name}=")]
        (self.folder / ".env").write_text("\n".join([*kept, f"{name}={value}"]) + "\n")

    def secret(self, name: str) -> str:
        lines = (self.folder / ".env").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))

    def compose(self, *arguments: str, check: bool = True) -> str:
        command = ["docker", "compose"] if _has_v2() else ["docker-compose"]
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def containers(self, service: str) -> list[str]:
        """The ids of a service's running containers."""
        return docker(
            "ps", "-q", "--filter", f"label=com.docker.compose.project={self.project}",
            "--filter", f"label=com.docker.compose.service={service}",
        ).split()  # fmt: skip

    def addresses(self, container: str) -> list[str]:
        """Its IP addresses, one for each of its networks."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return docker("inspect", "-f", form, container).split()

    def address(self, container: str) -> str:
        return self.addresses(container)[0]

    def sessions(self, browser: str) -> set[str]:
        """The ids of a browser container's sessions."""
        with urllib.request.urlopen(f"http://{self.address(browser)}:4444/sessions", timeout=10) as answer:
            return {session["id"] for session in json.load(answer)["value"]}

    def wait_until_healthy(self, within_s: float = 300) -> None:
        """Until every service says that it is well."""
        deadline = time.monotonic() + within_s
        label = f"label=com.docker.compose.project={self.project}"
        while ill := [
            line
            for line in docker("ps", "-a", "--filter", label, "--format", "{{.Names}} {{.Status}}").splitlines()
            if "(healthy)" not in line and "Exited (0)" not in line
        ]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not well after {within_s:g} s: {ill}")
            time.sleep(2)

    # --- runs -------------------------------------------------------------------------------------

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """An answer of the API, which may be away for a while: its services are what is being broken."""
        assert self.api
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.api.ask(path, body, method)
            except HTTPError as error:
                if error.code == 401:
                    self.login()
                elif error.code < 500 or time.monotonic() > deadline:
                    raise
            except (URLError, OSError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def trigger(self, when: datetime, sites: Sequence[str] = ()) -> str:
        run = f"test-{when:%Y%m%dT%H%M%S}"
        body = {"dag_run_id": run, "logical_date": keys.iso(when), "conf": {"sites": list(sites)}}
        return self.ask(f"{DAG}/dagRuns", body)["dag_run_id"]

    def hosts(self, run: str, state: str) -> list[str]:
        """Where the run's tasks in this state are."""
        tasks = self.ask(f"{DAG}/dagRuns/{run}/taskInstances?state={state}&limit=1000")["task_instances"]
        return [task["hostname"] for task in tasks]

    def states(self, run: str) -> dict[str, list[str | None]]:
        """The states of the run's tasks, by task id."""
        found: dict[str, list[str | None]] = {}
        for task in self.ask(f"{DAG}/dagRuns/{run}/taskInstances?limit=1000")["task_instances"]:
            found.setdefault(task["task_id"], []).append(task["state"])
        return found

    def wait(self, run: str, within_s: float = 900) -> str:
        """How the run ended."""
        deadline = time.monotonic() + within_s
        while (state := self.ask(f"{DAG}/dagRuns/{run}")["state"]) not in ("success", "failed"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{run} is {state} after {within_s:g} s: {self.states(run)}")
            time.sleep(1)
        return state

    def wait_until_done(self, run: str, task: str, number: int, within_s: float = 300) -> None:
        """Until so many of a mapped task have succeeded."""
        deadline = time.monotonic() + within_s
        while self.states(run).get(task, []).count("success") < number:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{run}: {self.states(run)}")
            time.sleep(0.5)

    def wait_until_idle(self, within_s: float = 300) -> None:
        """Until no run of any DAG is under way."""
        deadline = time.monotonic() + within_s
        while self.ask("/api/v2/dags/~/dagRuns?state=running&state=queued&limit=1")["total_entries"]:
            if time.monotonic() > deadline:
                raise TimeoutError("runs are still under way")
            time.sleep(1)

    def wait_until_parsed(self, within_s: float = 300) -> None:
        """Until the DAG file has been read anew."""
        since = now()
        deadline = time.monotonic() + within_s
        while datetime.fromisoformat(self.ask(DAG)["last_parsed_time"]) <= since:
            if time.monotonic() > deadline:
                raise TimeoutError("the DAG file was not read anew")
            time.sleep(2)

    def press(self, run: str) -> None:
        """What a person presses: clear what failed."""
        body = {"dry_run": False, "dag_run_id": run, "only_failed": True, "reset_dag_runs": True}
        self.ask(f"{DAG}/clearTaskInstances", body)

    def settle(self) -> None:
        """Wait until every service is well and nothing is under way.

        The run that the schedule makes of its last time is waited for too. It is not deleted: it would come again.
        """
        self.wait_until_healthy()
        self.wait_until_idle()

    def attempts(self, run: str) -> int:
        """How many tries of its tasks failed."""
        tasks = self.ask(f"{DAG}/dagRuns/{run}/taskInstances?limit=1000")["task_instances"]
        return sum(max(0, task["try_number"] - 1) for task in tasks)

    def started(self, service: str) -> set[str]:
        """When each container of a service began."""
        return {docker("inspect", "-f", "{{.Id}} {{.State.StartedAt}}", one) for one in self.containers(service)}

    # --- what came of them --------------------------------------------------------------------------

    @property
    def store(self) -> FolderStore:
        return FolderStore(self.folder / "data")

    def rows(self, when: datetime) -> list[tuple[str, str, str]]:
        """Site, names and source of a run's rows in Celebs.csv."""
        found = read_csv(self.store.read(keys.CSV)).values()
        return sorted((site, names, source) for time_, site, names, _, source in found if time_ == keys.iso(when))

    def captures(self, when: datetime) -> list[dict[str, Any]]:
        return captures_of(self.store, when)


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def _has_v2() -> bool:
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
