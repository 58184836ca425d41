"""Whole runs in processes of their own: a place for each, and what they said."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import captures_of

NOW = datetime.now(UTC).replace(microsecond=0)

# `python -m celeb_ops.cli.main` several times, each in a fork of a process that has imported Airflow. After each line
# of arguments it tells the exit status; "dag NAME" runs the DAG itself, past the command line's own checks.
DRIVER = """
import json, os, sys
from pathlib import Path

from celeb_ops.cli.airflow_home import environment
from celeb_ops.cli.main import main

os.environ.update(environment(Path(sys.argv[1])), AIRFLOW__CORE__EXECUTOR="celeb_ops.cli.side_by_side.ForkExecutor")
import airflow.dag_processing.dagbag, celeb_ops.cli.progress

def dag(date, *names):
    from airflow.dag_processing.dagbag import DagBag
    from celeb_ops.cli.main import parse_time
    from celeb_ops.core.settings import PROJECT
    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    run = bag.dags["trending_celebrities"].test(logical_date=parse_time(date), run_conf={"sites": list(names)})
    tasks = {ti.task_id: [str(ti.state), ti.try_number] for ti in run.get_task_instances()}
    print(json.dumps({"state": str(run.state), "tasks": tasks}))
    return 0

for line in sys.stdin:
    if pid := os.fork():
        os.waitpid(pid, 0)
        continue
    command, *arguments = json.loads(line)
    status = dag(*arguments) if command == "dag" else main([command, *arguments])
    print(f"exit {status}", flush=True)
    sys.stderr.flush()
    os._exit(0)
"""


class Place:
    """Everything of some runs in one folder: sites, store, Airflow home, temporary files."""

    def __init__(self, folder: Path, made_home: Path, sites: list[dict[str, object]], **settings: str) -> None:
        self.home = shutil.copytree(made_home, folder / "airflow")
        self.store = FolderStore(folder / "store")
        # Short, as it mostly is: the path of a socket, of which Chromium makes one in there, has a limit.
        self.temporary = Path(tempfile.mkdtemp(prefix="t-"))
        self.stderr = folder / "stderr"
        (folder / "sites.yaml").write_text(json.dumps({"defaults": {"load_time_s": 2}, "sites": sites}))
        self._environment = os.environ | {
            "CELEBS_SITES": str(folder / "sites.yaml"),
            "CELEBS_STORE": str(self.store.root),
            "CELEBS_CACHE": str(folder / "cache"),
            "CELEBS_RETRY_DELAY_S": "0",
            "TMPDIR": str(self.temporary),
            "COLUMNS": "200",
            **settings,
        }

    def arguments(self, *more: str, date: datetime = NOW) -> list[str]:
        return ["run", "--airflow-home", str(self.home), "--date", date.isoformat(), *more]

    def start(self, *command: str) -> subprocess.Popen[str]:
        with self.stderr.open("w") as stderr:
            return subprocess.Popen(
                [sys.executable, *command],
                env=self._environment,
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                # As in a shell: Ctrl-C goes to the whole group.
                start_new_session=True,
            )

    def csv(self) -> list[str]:
        return self.store.read(keys.CSV).decode().splitlines()

    def captures(self, when: datetime = NOW) -> dict[str, tuple[str, str | None]]:
        """What ``Captures`` has of a run: outcome and reason by site."""
        return {row["site"]: (row["outcome"], row["reason"]) for row in captures_of(self.store, when)}

    def log(self) -> str:
        """Airflow's log of the latest run."""
        return max((self.home / "logs").glob("run-*.log"), key=lambda log: log.stat().st_mtime_ns).read_text()


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    status: int
    lines: list[str]
    csv: list[str]

    def line(self, start: str) -> str:
        """The one line that starts like this."""
        (line,) = [line for line in self.lines if line.startswith(start)]
        return line

    @property
    def table(self) -> dict[str, str]:
        """The rows of the table at the end, by site; a long reason goes on in a row of its own."""
        lines = self.lines[self.lines.index("site faces celebrities seconds") + 1 :]
        return {site: rest for site, _, rest in (line.partition(" ") for line in lines[: lines.index("")])}


class Driver:
    """A process that has commands run one after another."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process = place.start("-c", DRIVER, str(place.home))

    def send(self, *arguments: str) -> None:
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Run:
        lines = []
        for line in self._process.stdout:
            if line.startswith("exit "):
                csv = self._place.csv() if self._place.store.exists(keys.CSV) else []
                return Run(int(line.split()[1]), lines, csv)
            lines.append(" ".join(line.split()))
        raise AssertionError(f"it ended: {self._place.stderr.read_text()}")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
