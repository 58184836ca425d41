"""What every DAG of the project keeps to."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.serialization.serialized_objects import DagSerialization

from celeb_ops.core.exceptions import CaptureError, GalleryError
from celeb_ops.core.settings import PROJECT

DAGS = PROJECT / "dags"
HEAVY = {"selenium", "PIL", "dlib", "polars", "boto3", "pyvips", "numpy"}


def test_every_dag_and_task_explains_itself_and_is_found_by_its_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/airflow")
    bag = DagBag(dag_folder=str(DAGS))
    assert bag.import_errors == {}
    # A file holds the one that is named like it.
    assert set(bag.dags) == {path.stem for path in DAGS.glob("*.py")}
    for dag in bag.dags.values():
        assert dag.doc_md
        assert dag.description
        assert "celebs" in dag.tags
        # In Airflow's markdown a link is a page of Airflow's or of ours, there under its own path.
        for one in (dag, *dag.tasks):
            assert re.search(r"\]\(/airflow/(celebs|dags)/", one.doc_md), one
        assert dag.catchup is False
    names, tags = zip(*((dag.dag_display_name, frozenset(dag.tags)) for dag in bag.dags.values()), strict=True)
    assert len(set(names)) == len(set(tags)) == len(bag.dags)
    assert not set(names) & set(bag.dags)


def test_every_task_has_an_owner_and_an_end_and_is_tried_again_with_growing_delays_where_that_may_help() -> None:
    for task in (task for dag in DagBag(dag_folder=str(DAGS)).dags.values() for task in dag.tasks):
        assert task.owner == "celebs", task.task_id
        assert task.execution_timeout, task.task_id
        assert task.execution_timeout <= timedelta(minutes=30), task.task_id
        # The watcher tells what the others came to: a second try would tell the same.
        assert task.retries == (0 if task.task_id == "watcher" else 2), task.task_id
        assert task.retry_exponential_backoff == 2, task.task_id
        assert task.retry_delay >= timedelta(minutes=1), task.task_id
        assert task.max_retry_delay, task.task_id
        for error, action in ((GalleryError("x"), RetryAction.FAIL), (CaptureError("x"), RetryAction.DEFAULT)):
            assert task.retry_policy.evaluate(error, try_number=1, max_tries=2).action == action, task.task_id


def test_an_airflow_without_our_plugin_and_package_can_read_every_dag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scheduler or an API server that can't ends, and with it the runs of everybody's DAGs."""
    # A deadline is stored too.
    monkeypatch.setenv("CELEBS_LATE_H", "2")
    dags = DagBag(dag_folder=str(DAGS)).dags.values()
    read = (
        "import json, sys; from airflow.serialization.serialized_objects import DagSerialization\n"
        "print([DagSerialization.from_dict(dag).dag_id for dag in json.load(sys.stdin)], 'celeb_ops' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", read],
        input=json.dumps([DagSerialization.to_dict(dag) for dag in dags]),
        env=os.environ | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(tmp_path), "PYTHONPATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == [f"{[dag.dag_id for dag in dags]} False"], done.stderr


# As Airflow 2 has it: without the SDK, of which the DAG files import first thing.
OLD = """
import runpy, sys
import airflow
for name in [name for name in sys.modules if name.startswith("airflow.sdk")]:
    sys.modules[name] = None
airflow.__version__ = "2.11.2"
try:
    runpy.run_path(sys.argv[1])
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "file", ["dags/trending_celebrities.py", "dags/celebrity_trends.py", "plugins/celeb_ops_plugin.py"]
)
def test_an_airflow_that_is_too_old_gets_a_sentence(file: str) -> None:
    done = subprocess.run([sys.executable, "-c", OLD, str(PROJECT / file)], capture_output=True, text=True, check=False)
    assert "Trending Celebrities needs Airflow 3.1 or newer, and this is 2.11.2: " in done.stdout, done.stderr


def test_a_repository_that_is_the_dags_folder_has_its_dags_and_no_errors(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(lambda name: name.endswith((".py", ".airflowignore", ".yaml")), tracked.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    bag = DagBag(dag_folder=str(folder), safe_mode=False)
    assert bag.import_errors == {}
    assert {Path(dag.fileloc).relative_to(folder).parts[0] for dag in bag.dags.values()} == {"dags"}


# In a process of its own, where nothing has imported them yet. The first folder's DAG makes Airflow import
# whatever it wants for any DAG.
PARSE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
known = set()
for folder in sys.argv[1:]:
    bag = DagBag(dag_folder=folder)
    if bag.import_errors or not bag.dags:
        sys.exit(f"{folder}: {bag.import_errors}")
    print(json.dumps(sorted(set(sys.modules) - known)))
    known |= set(sys.modules)
"""
PLAIN = """
from airflow.sdk import dag, task

@dag(schedule=None)
def plain():
    @task
    def nothing(): pass
    nothing()

plain()
"""


def test_parsing_imports_nothing_heavy(tmp_path: Path) -> None:
    folders = [tmp_path / "plain", DAGS, tmp_path / "heavy"]
    for folder, heavy_import in ((folders[0], ""), (folders[2], "import numpy\n")):
        folder.mkdir()
        (folder / "dag.py").write_text(heavy_import + PLAIN)
    done = subprocess.run(
        [sys.executable, "-c", PARSE, *map(str, folders)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    _, ours, heavy = (set(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("["))
    assert "celeb_ops.operators.screenshot" in ours
    assert ours & HEAVY == set()
    assert heavy & HEAVY == {"numpy"}


def test_a_bad_setting_is_an_import_error_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELEBS_BROWSERS", "many")
    (error,) = DagBag(dag_folder=str(DAGS / "trending_celebrities.py")).import_errors.values()
    assert "CELEBS_BROWSERS='many': input should be a valid integer" in error
