"""The Helm values: against the chart's own schema where one is given, and names that must fit together."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from celeb_ops.core.settings import PROJECT, Settings

HELM = PROJECT / "deploy" / "helm"
VALUES = yaml.safe_load((HELM / "values.yaml").read_text())
CELERY = yaml.safe_load((HELM / "celery.yaml").read_text())
BROWSER = {one["kind"]: one for one in yaml.safe_load_all((HELM / "browser.yaml").read_text())}
ENV = {one["name"]: one["value"] for one in VALUES["env"]}


def over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """As Helm puts one values file over another."""
    both = {
        name: over(below[name], above[name]) for name in below.keys() & above.keys() if isinstance(above[name], dict)
    }
    return below | above | both


@pytest.mark.parametrize("values", [VALUES, over(VALUES, CELERY)], ids=["Kubernetes", "Celery"])
def test_the_chart_takes_them(values: dict[str, Any]) -> None:
    schema = os.environ.get("CELEBS_TEST_CHART_SCHEMA")
    if not schema:
        pytest.skip("CELEBS_TEST_CHART_SCHEMA=values.schema.json of Airflow's chart: docs/homes/helm.md")
    from jsonschema import Draft7Validator

    validator = Draft7Validator(json.loads(Path(schema).read_text()))
    assert [(list(error.path), error.message) for error in validator.iter_errors(values)] == []
    assert list(validator.iter_errors(values | {"gitSinc": {}}))


def test_what_is_set_are_settings_that_a_synced_checkout_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celeb_ops.core.settings.PROJECT", Path("/git/.worktrees/0f3a"))
    settings = Settings.load(ENV, Path("none"))
    assert settings.store.startswith("s3://")
    assert settings.paths_lost_at_sync == ["CELEBS_GALLERY"]
    (secret,) = VALUES["secret"]
    assert secret["envName"] == "AIRFLOW_CONN_CELEBS_S3"


def test_paths_are_those_of_git_sync_and_of_this_repository() -> None:
    sub_path = VALUES["dags"]["gitSync"]["subPath"]
    assert list((PROJECT / sub_path).glob("*.py"))
    # The chart has the whole repository there.
    assert (PROJECT / ENV["CELEBS_SITES"].removeprefix("/opt/airflow/dags/repo/")).is_file()


def test_workers_find_the_browsers_and_nobody_else_does() -> None:
    service, deployment, policy = (BROWSER[kind] for kind in ("Service", "Deployment", "NetworkPolicy"))
    assert ENV["CELEBS_BROWSER_URL"] == f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    # A session keeps to the browser that it was given (capture/remote_browsers.py).
    assert service["spec"]["clusterIP"] == "None"
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels == service["spec"]["selector"] == policy["spec"]["podSelector"]["matchLabels"]
    assert str(deployment["spec"]["replicas"]) == ENV["CELEBS_BROWSERS"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    (profile,) = [deployment["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]["localhostProfile"]]
    assert (PROJECT / "deploy" / "docker" / profile).is_file()


def test_the_image_has_what_it_copies() -> None:
    text = (HELM / "Dockerfile").read_text()
    allowed = {line[1:] for line in (HELM / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY \S+ (.*) \S+$", text, re.M) for word in line.split()}
    assert copied == allowed
    # Made by `make setup`.
    made = {".venv/models", "node_modules/@duckduckgo", "node_modules/dictionary-en"}
    assert [name for name in copied - made if not (PROJECT / name).exists()] == []
    assert f"ARG AIRFLOW={VALUES['airflowVersion']}" in text
