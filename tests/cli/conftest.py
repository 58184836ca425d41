"""An Airflow home that is ready for a run."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from celeb_ops.cli.airflow_home import migrated


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its database takes many seconds to make: it is made once, for all of pytest-xdist's workers, and copied."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "airflow"
    home.mkdir(exist_ok=True)
    with (home / "migrate.log").open("a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        migrated(home, home / "migrate.log")
    return home


@pytest.fixture
def airflow_home(made_home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made_home, tmp_path / "airflow")
