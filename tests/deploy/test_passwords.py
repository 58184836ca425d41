"""Passwords are on no command line of the cluster: every user of the machine can read those (ps)."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret~1"
SERVICES: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())["services"]
SCRIPTS = {
    "redis's command": SERVICES["redis"]["command"][2],
    "redis's health check": SERVICES["redis"]["healthcheck"]["test"][1],
    "the worker's health check": SERVICES["worker"]["healthcheck"]["test"][1],
    "init": (PROJECT / "deploy/docker/init.sh").read_text(),
}
SECRETS = ("REDIS_PASSWORD", "AIRFLOW_ADMIN_PASSWORD", "AIRFLOW__CELERY__BROKER_URL")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_password_comes_by_another_way(script: str, tmp_path: Path) -> None:
    # In the place of each program one that keeps its arguments, and what it is given otherwise.
    keeps = 'echo "$*" >>arguments\nenv >>other\ncase "$*" in *inspect*|"db migrate"|ping) ;; *) cat >>other ;; esac'
    for program in ("redis-server", "redis-cli", "celery", "airflow"):
        (tmp_path / program).write_text(f"#!/bin/sh\n{keeps}\n")
        (tmp_path / program).chmod(0o755)
    own = {name: SECRET for name in SECRETS} | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOSTNAME": "here"}
    # In Compose's files two dollars are one.
    subprocess.run(["sh", "-c", SCRIPTS[script].replace("$$", "$")], cwd=tmp_path, env=own, check=False)
    assert SECRET not in (tmp_path / "arguments").read_text()
    assert SECRET in (tmp_path / "other").read_text()


def test_compose_writes_none_into_a_command() -> None:
    lines = [str(one.get(part)) for one in SERVICES.values() for part in ("command", "entrypoint", "healthcheck")]
    assert [line for line in lines if re.search(r"(?<!\$)\$\{?\w*PASSWORD", line)] == []


@pytest.mark.parametrize("name", [".env", ".env.new", ".env.bak"])
def test_git_takes_no_secrets(name: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=PROJECT, check=False)
    if ignored.returncode == 128:
        pytest.skip("this is no git checkout")
    assert ignored.returncode == 0
