"""Both DAGs, once, with each other version of Airflow that ``make test-versions`` has set up."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from celeb_ops.cli.airflow_home import environment
from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(1_800)]

VERSIONS: list[Path | None] = [*sorted((PROJECT / ".venv").glob("airflow-*/bin/python"))]


@pytest.fixture(params=VERSIONS or [None], ids=lambda path: path.parents[1].name if path else "none")
def python(request: pytest.FixtureRequest) -> Path:
    return request.param or pytest.skip("there is no other Airflow here: `make test-versions` sets them up")


def test_runs_both_dags_and_takes_the_plugin(python: Path, tmp_path: Path, newsroom: dict[str, str]) -> None:
    home = tmp_path / "airflow"
    home.mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CELEBS_"))}
    places = {"CELEBS_STORE": str(tmp_path / "store"), "CELEBS_CACHE": str(tmp_path / "cache")}
    env = inherited | environment(home) | newsroom | places | {"CI": "true"}

    def airflow(*words: str) -> str:
        done = subprocess.run(
            [python, "-m", "airflow", *words], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    airflow("db", "migrate")
    assert "celeb_ops" in airflow("plugins", "--output", "plain")
    now = datetime.now(UTC).replace(microsecond=0)
    airflow("dags", "test", "trending_celebrities", keys.iso(now), "--conf", '{"sites": ["ALPHA"]}')
    airflow("dags", "test", "celebrity_trends", keys.iso(now))
    store = FolderStore(tmp_path / "store")
    assert f"{keys.iso(now)},ALPHA,Grace Hopper," in store.read(keys.CSV).decode()
    assert b"Grace Hopper" in store.read(keys.REPORT)
