"""What Airflow loads from the plugins folder: one plugin, light and closed, and nothing under a wrong name.

It executes every file of that folder under its bare name; ``.airflowignore`` keeps it from those of the package.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.api_fastapi.core_api import security
from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse
from airflow.dag_processing.dagbag import DagBag
from fastapi import FastAPI

from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore
from celeb_ops.links.step_links import APP
from celeb_ops.report.app import create_app
from celeb_ops.report.host import Host
from celeb_ops_plugin import DAG_ID, CelebOpsPlugin
from tests.asgi import get

# In a process of its own: this one has loaded its plugins already.
LOAD = """
import json, sys

def files():
    return {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}

import airflow
from airflow import plugins_manager
before = files()
plugins_manager.ensure_plugins_loaded()
plugins = files()
from celeb_ops.operators.screenshot import ScreenshotOperator
print(json.dumps({
    "before": before,
    "plugins": plugins,
    "after": files(),
    "errors": plugins_manager.get_import_errors(),
    "names": [plugin.name for plugin in plugins_manager._get_plugins()[0]],
}))
"""


@functools.cache
def loaded(plugins: Path) -> dict[str, Any]:
    """The files of all modules by name, before and after Airflow loads the plugins of a folder; names and errors."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env=os.environ | {"AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins), "PYTHONPATH": str(plugins)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def troubles(plugins: Path) -> list[str]:
    """What is wrong after loading the plugins."""
    modules = loaded(plugins)
    found = [f"{file}: {error}" for file, error in modules["errors"].items()]
    for name, file in modules["after"].items():
        if modules["before"].get(name, file) != file:
            found.append(f"{name} was {modules['before'][name]} and is {file}")
        if file and file.startswith(f"{plugins}/celeb_ops/"):
            dotted = file.removeprefix(f"{plugins}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if name != dotted:
                found.append(f"{dotted} is registered as {name}")
    return found


def test_loading_the_plugins_registers_nothing_twice_and_shadows_no_module() -> None:
    assert troubles(PROJECT / "plugins") == []


def test_the_plugin_costs_the_scheduler_and_the_tasks_nothing() -> None:
    modules = loaded(PROJECT / "plugins")
    assert "celeb_ops" in modules["names"]
    added = modules["plugins"].keys() - modules["before"].keys()
    assert {name for name in added if (modules["plugins"][name] or "").startswith(str(PROJECT / "plugins"))} == {
        "celeb_ops_plugin"
    }
    assert not added & {"fastapi", "jinja2", "boto3", "celeb_ops"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The plugins folder as `cp -r plugins/*` or a zip for MWAA may leave it, beside a module of somebody else's."""
    plugins = tmp_path / "plugins"
    shutil.copytree(PROJECT / "plugins", plugins, ignore=shutil.ignore_patterns(".*"))
    (plugins / "settings.py").touch()
    return plugins


def test_a_copy_without_hidden_files_is_as_good(copied: Path) -> None:
    assert troubles(copied) == []
    assert loaded(copied)["after"]["settings"] == str(copied / "settings.py")


def test_where_no_hidden_file_can_be_put_back_no_module_breaks_or_replaces_an_installed_one(copied: Path) -> None:
    (copied / "celeb_ops_plugin.py").unlink()
    modules = loaded(copied)
    assert modules["errors"] == {}
    # What could be imported later counts, too.
    installed = {*sys.stdlib_module_names, *packages_distributions(), *modules["before"]}
    assert modules["after"]["keys"] == str(copied / "celeb_ops" / "core" / "keys.py")
    assert not {path.stem for path in copied.rglob("*.py")} & installed


class TestApp:
    PICTURE = "/files/Images/x.jpeg"

    @pytest.fixture
    def app(self) -> FastAPI:
        """The plugin's app, as Airflow's API server mounts it."""
        (mounted,) = CelebOpsPlugin().fastapi_apps
        assert mounted["url_prefix"] == APP
        return mounted["app"]

    def test_its_dag_is_there(self) -> None:
        assert DAG_ID in DagBag(dag_folder=str(PROJECT / "dags")).dags

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Cookie": "session=abc"}])
    def test_who_has_no_login_is_refused_as_by_airflow(self, app: FastAPI, headers: dict[str, str]) -> None:
        answer = get(app, self.PICTURE, headers)
        assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})

    def test_a_browser_without_a_login_is_sent_to_airflows(self, app: FastAPI) -> None:
        answer = get(app, self.PICTURE, {"Accept": "text/html"})
        assert answer.headers["location"] == "/api/v2/auth/login?next=%2Ffiles%2FImages%2Fx.jpeg"

    @pytest.mark.parametrize(("may_read", "status"), [(True, 200), (False, 403)])
    def test_who_may_not_read_the_dag_is_refused(
        self, app: FastAPI, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch, may_read: bool, status: int
    ) -> None:
        asked = []

        def is_authorized_dag(**what: Any) -> bool:
            asked.append((what["user"], what["method"], what["details"].id, what["access_entity"]))
            return may_read

        manager = SimpleNamespace(is_authorized_dag=is_authorized_dag)
        monkeypatch.setattr(security, "get_auth_manager", lambda: manager)
        monkeypatch.setattr(security.DagModel, "get_team_name", lambda dag_id: None)  # type: ignore[attr-defined]
        app.dependency_overrides[security.get_user] = lambda: "somebody"
        folder_store.write(keys.image("x", 1, "jpeg"), b"picture")

        assert get(app, self.PICTURE).status_code == status
        assert asked == [("somebody", "GET", DAG_ID, None)]


def test_the_menu_leads_to_the_app_below_airflows_own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/airflow")
    (view,) = CelebOpsPlugin().external_views
    assert ExternalViewResponse(**view).destination == "nav"
    assert (view["name"], view["url_route"], view["href"]) == ("Trending", "trending", "/airflow/celebs/")
    (mounted,) = CelebOpsPlugin().fastapi_apps
    open_to_all = create_app(authorize=lambda: None, open_store=lambda: None, host=Host(""))
    for icon in (view["icon"], view["icon_dark_mode"]):
        path = icon.removeprefix(f"/airflow{APP}")
        assert get(open_to_all, path).headers["content-type"] == "image/svg+xml"
        # Closed as all of it.
        assert get(mounted["app"], path).status_code == 401
