"""The DAG file with a thousand sites: Airflow reads it every thirty seconds, and before each task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from celeb_ops.core import yaml_reader
from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NAMES = [f"NEWS-{number:04d}" for number in range(1_000)]


def test_a_thousand_are_all_offered_in_the_trigger_form_and_make_the_dag_no_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text("sites:" + "".join(f"\n- https://{name.lower()}.example/" for name in NAMES))
    monkeypatch.setenv("CELEBS_SITES", str(path))
    # PyYAML's own reader takes nine times as long as libyaml's.
    assert issubclass(yaml_reader._Loader, yaml.CSafeLoader)
    dag = DagBag(dag_folder=str(PROJECT / "dags" / "trending_celebrities.py")).dags["trending_celebrities"]
    assert dag.params.get_param("sites").schema["examples"] == NAMES
    assert len(dag.tasks) == 7
    # No more of a site is stored than its name.
    stored = json.dumps(DagSerialization.to_dict(dag))
    assert ".example" not in stored
    assert "NEWS-0999" in stored
    assert len(stored) < 200_000
