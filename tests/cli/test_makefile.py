"""What a person types reaches the program as it was typed; a small script stands for each program that is called."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from celeb_ops.core.settings import PROJECT

HOSTILE = """-x $A $$B $(shell touch made) ${HOME} `touch made` $(touch made) "q" 'q' \\ # ; | & > made *\nnext"""
"""As a stranger might sign a letter."""


class Checkout:
    """A folder with the Makefile, in which just some programs are found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        shutil.copy(PROJECT / "Makefile", self.folder)
        self._programs = folder / "bin"
        self._programs.mkdir()
        for name in ("cat", "env", "id", "rm"):
            (self._programs / name).symlink_to(str(shutil.which(name)))
        self.python("""for word; do echo "[$word]"; done; echo "$PYTEST_ADDOPTS"; echo "$CELEBS_STORE" >store""")

    def python(self, script: str) -> None:
        """What stands for Python."""
        program = self._programs / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def make(self, target: str, *arguments: str, **environment: str) -> str:
        """What is said, errors too; as if all set-up were done."""
        make = shutil.which("make") or pytest.skip("no make here")
        # Neither what a `make test` around this one says, nor the user's own DATE.
        done = subprocess.run(
            [make, "-o", "setup", "-o", "setup-dev", target, "PY=python", *arguments],
            cwd=self.folder,
            env={"PATH": str(self._programs), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    def words(self, target: str, *arguments: str, **environment: str) -> list[str]:
        """What the command gets."""
        said = self.make(target, *arguments, **environment).split("]\n")[:-1]
        assert said[:2] == ["[-m", "[celeb_ops.cli.main"]
        return [word[1:] for word in said[2:]]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("by", ["arguments", "environment"])
@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("run", "DATE SITES ON_PAST"),
        ("demo", "DATE SITES"),
        ("up", "PORT"),
        ("airflow", "ARGS"),
        ("forget", "NAME ALIAS RUN SITES"),
        ("gallery", "COUNT OCCUPATIONS COUNTRIES PEOPLE"),
        ("gallery-show", "NAME"),
        ("export", "FROM TO SITES FORMAT OUT"),
        ("review", "WHAT"),
        ("bench-faces", "PHOTOS"),
    ],
)
def test_values_arrive_as_they_were_typed(target: str, names: str, by: str, checkout: Checkout) -> None:
    typed = {name: HOSTILE for name in names.split()}
    flags = dict.fromkeys(("DRY", "FORCE", "GALLERY", "STORE", "RECAPTURE", "RERECOGNISE"), "$(shell touch made)")
    # A setting, and a slip of the pen: no recipe has these, but make hands them on too.
    given = {**typed, **flags, "CELEBS_STORE": HOSTILE, "NAYM": HOSTILE}
    words = [f"{name}={value}" for name, value in given.items()] if by == "arguments" else []
    said = checkout.make(target, *words, **({} if words else given))
    assert said.count(HOSTILE) == len(typed), said
    assert (checkout.folder / "store").read_text() == f"{HOSTILE}\n"
    assert "made" not in os.listdir(checkout.folder)


@pytest.mark.parametrize("target", ["bench", "bench-cluster", "test", "test-airflow", "test-compose"])
def test_args_of_developers_are_several_and_run_nothing(target: str, checkout: Checkout) -> None:
    arrived = "a $A $(shell touch made) `touch made` *"
    said = checkout.make(target, f"ARGS={arrived}")
    assert "made" not in os.listdir(checkout.folder)
    assert arrived in said or "\n".join(f"[{word}]" for word in arrived.split()) in said


@pytest.mark.parametrize("no", ["0", "no", "False", "off", ""])
def test_a_flag_that_says_no_is_none(no: str, checkout: Checkout) -> None:
    assert checkout.words("run", RECAPTURE=no, RERECOGNISE=no) == ["run"]
    assert checkout.words("forget", "NAME=x", f"DRY={no}", f"FORCE={no}", GALLERY=no) == ["forget", "--", "x"]


def test_what_is_asked_for_has_its_option(checkout: Checkout) -> None:
    given = ("DATE=2026-11-20 08:00", "SITES=TMZ, PEOPLE", "ON_PAST=skip", "RECAPTURE=1", "RERECOGNISE=yes")
    options = ["--date=2026-11-20 08:00", "--sites=TMZ, PEOPLE", "--on-past=skip", "--recapture", "--rerecognise"]
    assert checkout.words("run", *given) == ["run", *options]
    given = ("RUN=2026-11-20", "DRY=1", "FORCE=1", "GALLERY=1", "NAME=--x")
    assert checkout.words("forget", *given) == [
        *("forget", "--run=2026-11-20", "--dry-run", "--yes", "--gallery", "--", "--x")
    ]


def test_another_airflow_in_the_shell_has_no_say(checkout: Checkout) -> None:
    checkout.python("env")
    others = {
        "AIRFLOW_CONFIG": "/etc/airflow.cfg",
        "AIRFLOW_HOME": "/opt/airflow",
        "AIRFLOW__CORE__XCOM_BACKEND": "theirs.XCom",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat /etc/conn",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_SCHEMA": "theirs",
        "AIRFLOW__SECRETS__BACKEND": "theirs.Vault",
        "AIRFLOW__WORKERS__SECRETS_BACKEND": "theirs.Vault",
    }
    ours = {
        "AIRFLOW__CORE__MAX_MAP_LENGTH": "2000",
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW_CONN_CELEBS_S3": "aws://",
    }
    said = dict(line.split("=", 1) for line in checkout.make("run", **others, **ours).splitlines() if "=" in line)
    there = {name: value for name, value in said.items() if name.startswith("AIRFLOW")}
    assert there.pop("AIRFLOW_HOME").endswith("/checkout/.airflow/run")
    assert there == ours


def test_what_pip_was_set_to_has_no_say_but_where_packages_come_from(checkout: Checkout) -> None:
    checkout.python("env >said")
    set_to = {"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_INDEX_URL": "x"}
    checkout.make(".venv/tools/bin/uv", "PYTHON=python", **set_to)
    said = (checkout.folder / "said").read_text().splitlines()
    # What is set in the environment counts before a pip.conf.
    assert {"PIP_USER=0", "PIP_REQUIRE_VIRTUALENV=0", "PIP_INDEX_URL=x"} <= set(said)
