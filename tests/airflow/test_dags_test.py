"""`airflow dags test`, as Airflow's own documentation has people try a DAG."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from celeb_ops.cli.airflow_home import environment, migrated

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def test_comes_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "sites.yaml").write_text('sites: ["https://example.com/"]')
    home = tmp_path / "airflow"
    home.mkdir()
    migrated(home, tmp_path / "migrate.log")
    done = subprocess.run(
        # Nobody is asked: no site, no archive.
        [
            *(sys.executable, "-m", "airflow", "dags", "test", "trending_celebrities", "2026-11-20T08:00:00Z"),
            *("--conf", '{"on_past": "skip"}'),
        ],
        env=os.environ | environment(home) | {"CELEBS_SITES": str(tmp_path / "sites.yaml")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "state=success" in done.stdout
