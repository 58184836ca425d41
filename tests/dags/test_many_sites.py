"""The DAG file with a thousand sites: Airflow reads it every thirty seconds, and before each task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from celeb_ops import yaml_reader
from celeb_ops.settings import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG

NAMES = [f"NEWS-{number:04d}" for number in range(1_000)]


@pytest.fixture
def dag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DAG:
    path = tmp_path / "sites.yaml"
    path.write_text("sites:" + "".join(f"\n- https://{name.lower()}.example/" for name in NAMES))
    monkeypatch.setenv("CELEBS_SITES", str(path))
    # PyYAML's own reader takes nine times as long as libyaml's.
    assert issubclass(yaml_reader._Loader, yaml.CSafeLoader)
    return DagBag(dag_folder=str(PROJECT / "dags" / "trending_celebrities.py")).dags["trending_celebrities"]


def test_offers_every_site_in_the_trigger_form(dag: DAG) -> None:
    assert dag.params.get_param("sites").schema["examples"] == NAMES


def test_has_no_more_tasks(dag: DAG) -> None:
    assert len(dag.tasks) == 7


def test_stores_no_more_of_a_site_than_its_name(dag: DAG) -> None:
    stored = json.dumps(DagSerialization.to_dict(dag))
    assert ".example" not in stored
    assert "NEWS-0999" in stored
    assert len(stored) < 200_000
