"""``make up``: Airflow with its UI on this machine, until Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import requests
from rich.console import Console

from celeb_ops.cli.airflow_home import AirflowHomeError, check_checkout, claimed, environment
from celeb_ops.cli.interrupts import ENDS, interruptible
from celeb_ops.cli.run import short
from celeb_ops.core.processes import wait_gone
from celeb_ops.core.settings import Settings
from celeb_ops.core.sites import load_sites
from celeb_ops.core.text import counted

START_S = 180
"""Seconds until Airflow must answer; it takes about 30 on two cores."""
POLL_S = 2
PASSWORDS = "simple_auth_manager_passwords.json.generated"
END_S = 15
"""Seconds that Airflow has to end by itself before its processes are killed."""


def up(port: int, home: Path) -> int:
    """Run ``airflow standalone`` until Ctrl-C, then end all of it; return the exit status."""
    check_checkout()
    console = Console(soft_wrap=True)
    settings = Settings.load()
    sites = load_sites(settings.path(settings.sites))
    _check_free(port)
    with claimed(home):
        log = home / "up.log"
        console.print(f"Starting Airflow for {counted(len(sites), 'site')} (log: {short(log)}) …", markup=False)
        log.unlink(missing_ok=True)
        while True:
            with interruptible(), _standalone(home, port, log) as process:
                try:
                    _wait_until_up(process, port, log)
                    console.print(f"\nAirflow is up: [bold]http://127.0.0.1:{port}[/]   {_login(home)}")
                    console.print("The schedule is on (08:00 and 20:00 UTC). Ctrl-C stops it.")
                    _wait_until_broken(process)
                except KeyboardInterrupt:
                    console.print("\nStopping …")
                    return 0
                if process.poll() is not None:
                    raise AirflowHomeError(f"Airflow exited; {short(log)} says why.")
                console.print(f"\nA part of Airflow exited ({short(log)} says why). Restarting Airflow …")


def _check_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise AirflowHomeError(
            f"Port {port} on 127.0.0.1 can't be used ({error.strerror}): stop what uses it, or use PORT=8081."
        ) from None


@contextmanager
def _standalone(home: Path, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``airflow standalone``; on exit end all its processes."""
    # Airflow writes the login into both: make them private first.
    for file in (log, home / PASSWORDS):
        file.touch(0o600)
        file.chmod(0o600)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env={**os.environ, **environment(home), **_for_standalone(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C then reaches only us, and the session's id finds all its processes.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # A second Ctrl-C must not leave half of it running.
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        _end(process)


def _for_standalone(port: int) -> dict[str, str]:
    return {
        # Standalone starts its parts as `airflow`, which must be on PATH although the environment is not active.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "8",
        # Another Airflow on this machine may use the defaults, 8793 and 8794.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    session = requests.Session()
    # Without the user's proxy.
    session.trust_env = False
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AirflowHomeError(f"Airflow exited during start-up; {short(log)} says why.")
        with suppress(requests.RequestException):
            health = session.get(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5).json()
            parts = ("metadatabase", "scheduler", "dag_processor")
            if all((health.get(part) or {}).get("status") == "healthy" for part in parts):
                return
        time.sleep(1)
    raise AirflowHomeError(f"Airflow did not come up within {START_S} s; {short(log)} says why.")


def _wait_until_broken(process: subprocess.Popen[bytes]) -> None:
    """Wait until Airflow, or any part of it, has exited.

    ``airflow standalone`` goes on without a part. 3.3.2's scheduler exits if SQLite is locked while a backfill is being
    created: the backfill is rolled back while the scheduler reads its runs.
    """
    airflow = psutil.Process(process.pid)
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            if any(part.status() == psutil.STATUS_ZOMBIE for part in airflow.children()):
                return
        time.sleep(POLL_S)


def _login(home: Path) -> str:
    file = home / PASSWORDS
    try:
        users = json.loads(file.read_text() or "{}")
    except (OSError, ValueError):
        # Another auth manager keeps its users elsewhere.
        return f"login: see {short(file)}"
    return "  ".join(f"login: {name}  password: {password}" for name, password in users.items())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Airflow and every process it started."""
    family = _family(process.pid)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    wait_gone(family, END_S)
    # Again: it may have started more while ending.
    family |= _family(process.pid)
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    wait_gone(family, 5)
    process.poll()


def _family(pid: int) -> set[psutil.Process]:
    """All processes of the session that ``pid`` leads, and their descendants in sessions of their own."""
    family = set()
    for one in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(one.pid) == pid:
                family |= {one, *one.children(recursive=True)}
    return family
