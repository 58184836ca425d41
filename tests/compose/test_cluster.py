"""Up, a run through workers and remote browsers, down, up; who may what in there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset.celebs_csv import read_csv
from tests.compose.stack import DAG, NINE, PAGES, docker, now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.stack import Stack

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]


def test_a_run_through_two_workers_and_two_browsers_gives_the_rows_of_the_demo(stack: Stack, tmp_path: Path) -> None:
    assert [len(stack.containers(service)) for service in ("worker", "browser")] == [2, 2]
    stack.settle()
    when = now()
    run = stack.trigger(when, list(PAGES))
    assert stack.wait(run) == "success"

    demo = subprocess.run(
        [sys.executable, "-m", "celeb_ops.cli.main", "demo", "--date", keys.iso(when),
         "--store", str(tmp_path / "demo"), "--airflow-home", str(tmp_path / "airflow")],
        cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")} | {"PYTHONPATH": "plugins"},
    )  # fmt: skip
    assert demo.returncode == 0, demo.stdout + demo.stderr
    rows = read_csv(FolderStore(tmp_path / "demo").read(keys.CSV)).values()
    assert stack.rows(when) == sorted((site, names, source) for _, site, names, _, source in rows)
    assert all("Grace Hopper" in names for _, names, _ in stack.rows(when))


def test_both_workers_and_both_browsers_have_work(stack: Stack) -> None:
    stack.settle()
    when = now()
    run = stack.trigger(when, NINE)
    browsers = stack.containers("browser")
    sessions: dict[str, set[str]] = {one: set() for one in browsers}
    while stack.ask(f"{DAG}/dagRuns/{run}")["state"] not in ("success", "failed"):
        for one in browsers:
            sessions[one] |= stack.sessions(one)
        time.sleep(0.3)
    assert len(stack.rows(when)) == 9
    assert len(set(filter(None, stack.hosts(run, "success")))) == 2
    assert all(sessions.values()), sessions
    assert [stack.sessions(one) for one in browsers] == [set(), set()], "a session was left behind"


def test_a_browser_leaves_nothing_behind(stack: Stack) -> None:
    """Chromium leaves the folder of its socket, at every session."""
    stack.settle()
    run = stack.trigger(now(), list(PAGES))
    assert stack.wait(run) == "success"
    look = ("find", "/tmp", "-maxdepth", "1", "-name", "*.chromium.*")
    deadline = time.monotonic() + 120
    while left := [docker("exec", one, *look) for one in stack.containers("browser") if docker("exec", one, *look)]:
        assert time.monotonic() < deadline, left
        time.sleep(2)


def test_down_and_up_loses_nothing(stack: Stack) -> None:
    # The trends of the run before are still being made, perhaps.
    stack.wait_until_idle()
    before = {path: path.read_bytes() for path in (stack.folder / "data").rglob("*") if path.is_file()}
    secrets = (stack.folder / ".env").read_bytes()
    runs = [run["dag_run_id"] for run in stack.ask(f"{DAG}/dagRuns?limit=100")["dag_runs"]]
    assert before
    assert runs

    stack.compose("down")
    assert not stack.containers("worker")
    stack.up(NO_BUILD="1")

    assert (stack.folder / ".env").read_bytes() == secrets
    assert {path: path.read_bytes() for path in before} == before
    after = [run["dag_run_id"] for run in stack.ask(f"{DAG}/dagRuns?limit=100")["dag_runs"]]
    assert set(after) >= set(runs)
    # The log of a task that ran in a container that is gone.
    log = stack.ask(f"{DAG}/dagRuns/{runs[0]}/taskInstances/list_sites/logs/1")
    assert "list_sites" in json.dumps(log) or log["content"]


def test_scales(stack: Stack) -> None:
    try:
        stack.compose("up", "-d", "--no-recreate", "--scale", "worker=3", "--scale", "browser=3")
        assert [len(stack.containers(service)) for service in ("worker", "browser")] == [3, 3]
        when = now() + timedelta(seconds=1)
        assert stack.wait(stack.trigger(when, NINE)) == "success"
        assert len(stack.rows(when)) == 9
    finally:
        stack.compose("up", "-d", "--no-recreate", "--scale", "worker=2", "--scale", "browser=2")


def reaches(container: str, address: str, port: int) -> bool:
    tried = ["docker", "exec", container, "timeout", "3", "bash", "-c", f"</dev/tcp/{address}/{port}"]
    return subprocess.run(tried, capture_output=True).returncode == 0


class TestWhoMayWhat:
    def test_ports_are_on_loopback_only(self, stack: Stack) -> None:
        ids = docker("ps", "-q", "--filter", f"label=com.docker.compose.project={stack.project}").split()
        told = [binding for one in ids for binding in docker("port", one).splitlines()]
        assert told
        assert all(" -> 127.0.0.1:" in line for line in told)

    @pytest.mark.parametrize("service", ["api-server", "scheduler", "dag-processor", "triggerer", "worker", "browser"])
    def test_nobody_is_root_has_a_right_or_writes_to_its_own_files(self, stack: Stack, service: str) -> None:
        one = stack.containers(service)[0]
        status = docker("exec", one, "cat", "/proc/1/status")
        assert re.search(r"^Uid:\s+50000\s", status, re.M)
        assert re.search(r"^Cap(Prm|Eff|Bnd):\s+0+$", status, re.M)
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
        wrote = subprocess.run(["docker", "exec", one, "touch", "/opt/x", "/usr/x"], capture_output=True, text=True)
        assert wrote.returncode
        assert "Read-only file system" in wrote.stderr

    def test_every_service_has_a_bound_to_its_memory_and_its_log(self, stack: Stack) -> None:
        ids = docker("ps", "-q", "--filter", f"label=com.docker.compose.project={stack.project}").split()
        for told in json.loads(docker("inspect", *ids)):
            if told["Config"]["Labels"]["com.docker.compose.service"] != "newsroom":
                assert told["HostConfig"]["Memory"] > 0, told["Name"]
                assert told["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}, told["Name"]

    def test_a_browser_reaches_neither_database_nor_queue_nor_airflow(self, stack: Stack) -> None:
        browser, worker = stack.containers("browser")[0], stack.containers("worker")[0]
        for service, port in (("postgres", 5432), ("redis", 6379), ("api-server", 8080)):
            for address in stack.addresses(stack.containers(service)[0]):
                assert not reaches(browser, address, port), f"{service} at {address}:{port}"
            # The question is one that can be answered otherwise.
            assert any(reaches(worker, address, port) for address in stack.addresses(stack.containers(service)[0]))

    def test_no_secret_is_in_git_or_the_images(self, stack: Stack) -> None:
        for name in ("AIRFLOW_ADMIN_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "AIRFLOW_FERNET_KEY"):
            assert len(stack.secret(name)) >= 24
        assert (stack.folder / ".env").stat().st_mode & 0o007 == 0
        for image in ("celebs-airflow", "celebs-browser"):
            told = docker("run", "--rm", "--entrypoint", "sh", image, "-c", "ls -a /opt/celebs 2>/dev/null || true")
            assert ".env" not in told.split()
            assert stack.secret("POSTGRES_PASSWORD") not in docker("history", "--no-trunc", image)

    def test_a_build_leaves_no_tools_behind(self, stack: Stack) -> None:
        look = "for tool in gcc cc make npm node pip pip3 uv git; do command -v $tool; done; true"
        for image in ("celebs-airflow", "celebs-browser"):
            assert docker("run", "--rm", "--entrypoint", "sh", image, "-c", look).split() == []

    def test_chromium_has_its_sandbox(self, stack: Stack) -> None:
        from selenium import webdriver

        browser = stack.containers("browser")[0]
        options = webdriver.ChromeOptions()
        options.add_argument("--headless=new")
        with webdriver.Remote(f"http://{stack.address(browser)}:4444", options=options) as driver:
            driver.get("chrome://sandbox")
            told = driver.find_element("tag name", "body").text
        assert "You are adequately sandboxed." in told
        assert "Layer 1 Sandbox\tNamespace" in told or "Layer 1 Sandbox Namespace" in told


def test_the_first_versions_env_is_read_in_the_containers(stack: Stack, tmp_path: Path) -> None:
    old = tmp_path / "env"
    old.write_text(
        "aws_access_key_id=AKIA1\naws_secret_access_key=s/e+c=\nregion_name=eu-west-1\ns3bucketName=my-bucket\n"
        "recognition_aws_access_key_id=AKIA2\nrecognition_aws_secret_access_key=t\n"
    )
    old.chmod(0o644)
    tell = "import celeb_ops.core.settings as s; s = s.Settings.load(); print(s.store, s.recognizer, *s.connections)"
    told = docker(
        "run", "--rm", "-v", f"{old}:/opt/celebs/.env:ro", "--entrypoint", "python", "celebs-airflow", "-c", tell
    )  # fmt: skip
    assert told.split() == [
        "s3://my-bucket/", "rekognition", "AIRFLOW_CONN_CELEBS_S3", "AIRFLOW_CONN_CELEBS_REKOGNITION"
    ]  # fmt: skip


def test_an_image_by_itself_runs_the_demo_with_a_sandboxed_browser(stack: Stack) -> None:
    profile = stack.folder / "deploy" / "docker" / "chromium-seccomp.json"
    told = docker(
        "run", "--rm", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--security-opt",
        f"seccomp={profile}", "--shm-size", "256m", "--entrypoint", "python", "celebs-airflow",
        "-m", "celeb_ops.cli.main", "demo",
    )  # fmt: skip
    assert "Grace Hopper" in told


def test_a_page_can_not_ask_the_browser_for_another_one(stack: Stack) -> None:
    """chromedriver starts any program that a session names: a form of a page must not reach it."""
    from selenium import webdriver

    (stack.folder / "newsroom" / "www" / "form.html").write_text(
        '<form method=post enctype=text/plain action="http://127.0.0.1:4444/session"><input name=\''
        '{"capabilities":{"alwaysMatch":{"goog:chromeOptions":{"args":["--headless=new"]}}},"x":"\''
        " value='\"}'></form>"
        "<script>document.forms[0].submit()</script>"
    )
    browser = stack.containers("browser")[0]
    options = webdriver.ChromeOptions()
    options.add_argument("--headless=new")
    with webdriver.Remote(f"http://{stack.address(browser)}:4444", options=options) as driver:
        driver.get("http://newsroom:8000/form.html")
        deadline = time.monotonic() + 30
        while "newsroom" in driver.current_url and time.monotonic() < deadline:
            time.sleep(0.2)
        assert driver.current_url == "http://127.0.0.1:4444/session"
        assert stack.sessions(browser) == {driver.session_id}


def test_a_browser_without_its_sandbox_says_so_and_is_not_well(stack: Stack) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", "--cap-drop", "ALL", "celebs-browser"], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 1
    assert "may users make user namespaces on this host?" in done.stdout
