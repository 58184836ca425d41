"""``pip install .``: the package in somebody's Airflow, with no checkout around it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from celeb_ops.core.settings import PROJECT

# In a process of its own: core and tasks each have their own loader.
LOAD = """
import json
from airflow import plugins_manager as core
from airflow.sdk import plugins_manager as task
managers = [manager._get_plugins() for manager in (core, task)]
print(json.dumps([[[plugin.name for plugin in plugins], errors] for plugins, errors in managers]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package is installed into."""
    folder = tmp_path_factory.mktemp("package")
    for name in ("pyproject.toml", "requirements-airflow.txt", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, folder)
    shutil.copytree(PROJECT / "plugins", folder / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    target = folder / "site-packages"
    subprocess.run(
        [PROJECT / ".venv/tools/bin/uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation",
         "--python", sys.executable, "--target", target, folder],
        check=True,
    )  # fmt: skip
    return target


def ran(installed: Path, *command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CELEBS_"))}
    own = {"PYTHONPATH": str(installed), "AIRFLOW_HOME": str(cwd)}
    return subprocess.run(
        command, cwd=cwd, env=inherited | own | environment, capture_output=True, text=True, check=False
    )


def test_every_file_of_the_plugins_folder_is_in_the_package(installed: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    lacking = files(PROJECT / "plugins") - files(installed)
    assert {name for name in lacking if "__pycache__" not in name and ".egg-info" not in name} == set()


def test_the_command_works_and_says_what_needs_the_checkout(installed: Path, tmp_path: Path) -> None:
    celebs = str(installed / "bin" / "celebs")
    assert "gallery" in ran(installed, celebs, "--help", cwd=tmp_path).stdout
    for command in ("run", "demo", "up"):
        refused = ran(installed, celebs, command, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "files of the project's checkout" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("home", "expected"), [("", "here"), ("airflow", "airflow")])
def test_relative_paths_start_at_airflows_home_else_here(
    installed: Path, tmp_path: Path, home: str, expected: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    code = "from celeb_ops.core.settings import Settings; s = Settings(); print(s.path(s.sites))"
    home = str(tmp_path / home) if home else ""
    done = ran(installed, sys.executable, "-c", code, cwd=here, AIRFLOW_HOME=home)
    assert done.stdout.strip() == str(tmp_path / expected / "include" / "sites.yaml"), done.stderr


@pytest.mark.parametrize("folder", [None, PROJECT / "plugins"], ids=["installed", "and in the plugins folder"])
def test_airflow_loads_the_plugin_once_and_without_an_error(
    installed: Path, tmp_path: Path, folder: Path | None
) -> None:
    plugins = str(folder or tmp_path / "plugins")
    done = ran(installed, sys.executable, "-c", LOAD, cwd=tmp_path, AIRFLOW__CORE__PLUGINS_FOLDER=plugins)
    for names, errors in json.loads(done.stdout.splitlines()[-1]):
        assert names.count("celeb_ops") == 1
        assert errors == {}
