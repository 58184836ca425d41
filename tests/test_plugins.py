"""Airflow executes every file of the plugins folder under its bare name; ``.airflowignore`` keeps ours from that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from celeb_ops.settings import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

# In a process of its own: this one has loaded its plugins already.
LOAD = """
import json, sys

def files():
    return {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}

import airflow
from airflow import plugins_manager
before = files()
plugins_manager.ensure_plugins_loaded()
from celeb_ops.operators.screenshot import ScreenshotOperator
print(json.dumps({"before": before, "after": files(), "errors": plugins_manager.get_import_errors()}))
"""


def loaded(plugins: Path) -> dict[str, dict[str, str]]:
    """The files of all modules by name, before and after Airflow loads the plugins of a folder, and its errors."""
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


def test_without_airflowignore_it_would(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    shutil.copytree(PROJECT / "plugins", plugins, ignore=shutil.ignore_patterns(".airflowignore", "__main__.py"))
    assert "celeb_ops.settings is registered as settings" in troubles(plugins)
