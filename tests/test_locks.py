"""The locks (requirements*.txt) say what requirements*.in mean."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from celeb_ops.core.settings import PROJECT

UV = PROJECT / ".venv" / "tools" / "bin" / "uv"
NAMES = ["requirements", "requirements-cluster", "requirements-dev", "requirements-archive", "requirements-models"]
# `airflow` is shared by many distributions, which apache-airflow brings; dlib-bin does not say what it holds.
DISTRIBUTIONS = {"airflow": ["apache-airflow"], "dlib": ["dlib-bin"]}


def compiled(folder: Path, name: str) -> str:
    """``make lock`` for one file of a folder; the pins of the lock that is there are kept where they fit."""
    # The command is the Makefile's own, so that the two can't part.
    (recipe,) = re.findall(
        rf"^\tset -f; \$\(UV\) (pip compile .*{re.escape(name)}\.in .*)$", (PROJECT / "Makefile").read_text(), re.M
    )
    command = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', recipe.replace("$$ARGS", ""))]
    done = subprocess.run([UV, *command], cwd=folder, capture_output=True, text=True, check=False)
    if re.search(r"error sending request|dns error|Failed to fetch|Could not connect", done.stderr):
        pytest.skip(f"the package registry can't be reached: {done.stderr.strip().splitlines()[-1].strip()}")
    assert done.returncode == 0, done.stderr
    return (folder / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_lock_is_not_stale(name: str, tmp_path: Path) -> None:
    if not UV.exists():
        pytest.skip("uv is not here: `make test` sets it up")
    for file in PROJECT.glob("requirements*"):
        shutil.copy(file, tmp_path)
    assert compiled(tmp_path, name) == (PROJECT / f"{name}.txt").read_text(), "run `make lock`"


@pytest.mark.parametrize("name", NAMES)
def test_the_lock_pins_versions_by_their_hashes_and_names_no_place(name: str) -> None:
    text = (PROJECT / f"{name}.txt").read_text()
    pins = [line for line in text.replace(" \\\n", "").splitlines() if line and not line.lstrip().startswith("#")]
    pin = r"[a-zA-Z0-9._-]+(\[[a-z0-9,._-]+\])?==[^\s;]+( ; [^\\]*?)?( +--hash=sha256:[0-9a-f]{64})+"
    assert [line for line in pins if not re.fullmatch(pin, line)] == []
    # An index, a folder of wheels, or this machine.
    assert [line for line in text.splitlines() if re.search(r"--(?!hash=)|://|file:|(^|\s)/\w", line)] == []


def named(file: str) -> set[str]:
    """The distributions a requirements file names, normalised."""
    names = re.findall(r"(?m)^[A-Za-z0-9][A-Za-z0-9._-]*", (PROJECT / file).read_text())
    return {normalised(name) for name in names}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """(top-level module, file) of every import that happens when the code runs."""

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    for file in folder.rglob("*.py"):
        for module in walk(ast.parse(file.read_text())):
            yield module.partition(".")[0], str(file.relative_to(PROJECT))


@pytest.mark.parametrize("folder", ["plugins", "dags"])
def test_what_is_imported_directly_is_named_as_a_requirement(folder: str) -> None:
    installed = packages_distributions() | DISTRIBUTIONS
    wanted = named("requirements.in") | named("requirements-airflow.txt") | named("requirements-models.in")
    lacking = {
        f"{module} ({file})"
        for module, file in imported(PROJECT / folder)
        if module not in sys.stdlib_module_names and module != "celeb_ops"
        if not wanted & {normalised(name) for name in installed.get(module, [])}
    }
    assert lacking == set()
