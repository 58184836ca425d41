"""The project's own Airflow: its environment, its database, and a lock against a second run."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from celeb_ops.cli import sqlite
from celeb_ops.core.exceptions import PermanentError
from celeb_ops.core.settings import PROJECT, Settings

_LOCK_S = 60
"""Wait for SQLite's lock. Its default of 5 s is too short when ten runs of a backfill begin at once (HTTP 500)."""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class AirflowHomeError(PermanentError):
    """The Airflow home is in use, or its database could not be made."""


def check_checkout() -> None:
    """AirflowHomeError if pip installed the package, because then there are no DAG files and demo pages around it."""
    if not Path(__file__).resolve().is_relative_to(PROJECT / "plugins"):
        raise AirflowHomeError(
            "This command runs the DAG files of the project's checkout, and the package has none: get the checkout, "
            "and use `make` there."
        )


def environment(home: Path) -> dict[str, str]:
    """Airflow's variables to run this checkout from ``home``."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{quote(str(home))}/airflow.db?timeout={_LOCK_S}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT / "plugins"), os.environ.get("PYTHONPATH")])),
        **_past_the_proxy(),
    }


def run_airflow(arguments: str, home: Path) -> int:
    """Airflow's own command in this environment, on the Airflow of a home; its exit status.

    :param arguments: as a shell takes them.
    """
    check_checkout()
    try:
        words = shlex.split(arguments)
    except ValueError as error:
        raise AirflowHomeError(f"ARGS can't be read as a command ({error}): {arguments}") from None
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    # The connections of .env, as the tasks have them.
    Settings.load()
    migrated(home, home / "migrate.log")
    command = [sys.executable, "-m", "airflow", *words]
    return subprocess.run(command, env={**os.environ, **environment(home)}, check=False).returncode


def _past_the_proxy() -> dict[str, str]:
    """Keep Airflow's calls of its own API away from a proxy."""
    if not any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES):
        # With `no_proxy` alone Python would ignore the proxies in macOS's settings.
        return {}
    # Libraries read either of the two.
    hosts = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if "*" not in map(str.strip, hosts.split(",")):
        hosts = ",".join(filter(None, [hosts, "127.0.0.1", "localhost"]))
    return {"no_proxy": hosts, "NO_PROXY": hosts}


@contextmanager
def claimed(home: Path) -> Iterator[None]:
    """Hold the home for this process; AirflowHomeError where another has it."""
    lock = FileLock(home / "in-use.lock")
    try:
        home.mkdir(parents=True, exist_ok=True)
        # It holds Airflow's login, keys and logs.
        home.chmod(0o700)
        lock.acquire(timeout=0)
        sqlite.install(home)
    except Timeout:
        raise AirflowHomeError(
            f"Another run is using {home} at the moment: wait for it to end, or give this one "
            "a place of its own (--airflow-home)."
        ) from None
    except OSError as error:
        raise AirflowHomeError(f"{home} can't be Airflow's home: {error}.") from error
    with lock:
        yield


def migrated(home: Path, log: Path) -> None:
    """Make or upgrade the home's database, once per Airflow version."""
    from importlib.metadata import version

    stamp = home / f"migrated-{version('apache-airflow-core')}"
    if stamp.exists() and (home / "airflow.db").exists():
        return
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env={**os.environ, **environment(home)},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise AirflowHomeError(f"Airflow's database in {home} could not be made; see {log}.")
    stamp.touch()
