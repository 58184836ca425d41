import os
import subprocess
import sys
from pathlib import Path

from celeb_ops.cli.airflow_home import environment

# What `make run` imports before it forks.
IMPORTS = """
import sys
import celeb_ops.cli.progress, celeb_ops.cli.run
from airflow.dag_processing.dagbag import DagBag
from celeb_ops.cli import side_by_side
from celeb_ops.core.settings import PROJECT

DagBag(dag_folder=str(PROJECT / "dags"))
side_by_side._preload()
print(sorted({"polars", "selenium"} & sys.modules.keys()))
"""


def test_what_starts_threads_is_not_imported_before_a_fork(airflow_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        env=os.environ | environment(airflow_home),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "['selenium']"
