"""What ends Airflow, with small processes in its place; Airflow itself is in tests/airflow."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from celeb_ops.cli import up
from celeb_ops.cli.airflow_home import AirflowHomeError
from celeb_ops.cli.up import up as make_up
from celeb_ops.core.processes import wait_gone
from tests.web import Web, free_port

# Starts three: one that ends when asked to, one that won't, and one in a session of its own.
FAMILY = """
import signal, subprocess, sys, time
sleep = "import time; time.sleep(600)"
deaf = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)]; print(flush=True); "
children = [
    subprocess.Popen([sys.executable, "-c", sleep]),
    subprocess.Popen([sys.executable, "-c", deaf + sleep], stdout=subprocess.PIPE),
    subprocess.Popen([sys.executable, "-c", sleep], start_new_session=True),
]
children[1].stdout.readline()
print(*[child.pid for child in children], flush=True)
if "leave" in sys.argv:
    sys.exit()
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "END_S", 1)


@pytest.fixture(params=["stay", "leave"])
def family(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """A process that leads a session, and its children; it may have left them behind."""
    first = subprocess.Popen(
        [sys.executable, "-c", FAMILY, request.param], stdout=subprocess.PIPE, start_new_session=True
    )
    children = [psutil.Process(int(pid)) for pid in first.stdout.readline().split()]
    if request.param == "leave":
        first.wait()
        # Of the one in another session nothing tells any more whose it was.
        children.pop().kill()
    yield first, children
    for process in children:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    first.kill()
    first.wait()


def test_every_process_is_ended_also_the_deaf_and_the_left_behind(
    family: tuple[subprocess.Popen[bytes], list[psutil.Process]],
) -> None:
    first, children = family
    up._end(first)
    assert first.poll() is not None
    assert wait_gone(children, timeout_s=5) == []


def test_a_taken_port_is_reported_before_any_work(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AirflowHomeError, match=f"Port {port} on 127.0.0.1 can't be used .* PORT=8081"):
            make_up(port, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_airflow_that_ends_while_it_starts_is_reported(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(AirflowHomeError, match=r"exited during start-up; .*up\.log says why"):
        up._wait_until_up(process, 1, tmp_path / "up.log")


def test_nobody_else_reads_the_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A Python that does nothing.
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("up.log", up.PASSWORDS):
        (tmp_path / name).touch(0o644)
        (tmp_path / name).chmod(0o644)
    with up._standalone(tmp_path, 1, tmp_path / "up.log"):
        pass
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("up.log", up.PASSWORDS)] == [0o600, 0o600]


def test_airflow_is_asked_past_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(up, "START_S", 3)
    health = {part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "dag_processor")}
    # It ends with its standard input: it does not outlive the test.
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        Web({"/api/v2/monitor/health": json.dumps(health)}) as web,
        subprocess.Popen(waits, stdin=subprocess.PIPE) as process,
    ):
        up._wait_until_up(process, int(web.address.rpartition(":")[2]), tmp_path / "up.log")
    assert web.asked == ["/api/v2/monitor/health"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"admin": "s3cret"}', "login: admin  password: s3cret"),
        ("", ""),
        (None, "login: see "),
        ("half", "login: see "),
    ],
)
def test_the_login_is_the_one_that_airflow_generated(content: str | None, expected: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "simple_auth_manager_passwords.json.generated").write_text(content)
    said = up._login(tmp_path)
    assert said.startswith(expected)
    assert bool(said) == bool(expected)
