"""``make up``: Airflow with its UI on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console

from celeb_ops.cli.airflow_home import AirflowHomeError, claimed, environment
from celeb_ops.settings import PROJECT, Settings
from celeb_ops.sites import load_sites

if TYPE_CHECKING:
    from pathlib import Path

START_S = 180
"""Seconds until Airflow must answer; it takes about 30 on two cores."""


def up(port: int) -> int:
    """Run ``airflow standalone`` until Ctrl-C, then end every process of it; the exit status."""
    console = Console(soft_wrap=True)
    settings = Settings.load()
    sites = load_sites(settings.path(settings.sites))
    home = PROJECT / ".airflow" / "up"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise AirflowHomeError(
                f"Port {port} on 127.0.0.1 is taken: end what runs there, or use PORT=8081."
            ) from None

    with claimed(home):
        log = home / "up.log"
        console.print(f"Starting Airflow for {len(sites)} sites (log: {log.relative_to(PROJECT)}) …")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env={**os.environ, **environment(home), **_only_here(port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C reaches us alone, and we end all of it in order.
                start_new_session=True,
            )
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            _wait_until_up(process, port, log)
            console.print(f"\nAirflow is up: [bold]http://127.0.0.1:{port}[/]   {_login(home)}")
            console.print("The schedule is on (08:00 and 20:00 UTC). Ctrl-C ends all of it.")
            return process.wait()
        except KeyboardInterrupt:
            console.print("\nStopping …")
            return 0
        finally:
            _end(process)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _only_here(port: int) -> dict[str, str]:
    return {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "8",
        # Not Airflow's usual 8793 and 8794: another Airflow of this machine may have them.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 713),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 714),
    }


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AirflowHomeError(f"Airflow ended while it was starting; {log} says why.")
        with suppress(urllib.error.URLError, OSError, ValueError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
                health = json.load(answer)
            parts = ("metadatabase", "scheduler", "dag_processor")
            if all((health.get(part) or {}).get("status") == "healthy" for part in parts):
                return
        time.sleep(1)
    raise AirflowHomeError(f"Airflow did not come up within {START_S} s; {log} says why.")


def _login(home: Path) -> str:
    file = home / "simple_auth_manager_passwords.json.generated"
    try:
        users = json.loads(file.read_text())
    except (OSError, ValueError):
        return f"login: see {file}"
    return "  ".join(f"login: {name}  password: {password}" for name, password in users.items())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Airflow and every process it started: ending only the first would leave the others running."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(process.pid)
        family = [first, *first.children(recursive=True)]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        _, alive = psutil.wait_procs(family, timeout=15)
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(alive, timeout=5)
