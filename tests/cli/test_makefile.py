"""The Makefile's own rules, with small scripts in the place of the programs that they call."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from celeb_ops.settings import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = """-x $A $$B $(shell touch made) ${HOME} `touch made` $(touch made) "q" 'q' \\ # ; | & > made *\nnext"""
"""As a stranger might sign a letter."""
TOOLS = ("cat", "env", "id", "mkdir", "rm", "touch")


class Checkout:
    """A folder with the Makefile, in which just some programs are found. ``calls`` are those of the stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self._programs = folder / "bin"
        self._calls = folder / "calls"
        self._programs.mkdir()
        self.folder.mkdir()
        for name in ("Makefile", "package.json", "package-lock.json"):
            shutil.copy(PROJECT / name, self.folder)
        for name in TOOLS:
            (self._programs / name).symlink_to(shutil.which(name))

    def have(self, name: str, script: str) -> None:
        program = self._programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self._calls}"\n{script}\n')
        program.chmod(0o755)

    def add(self, name: str) -> None:
        """A file of the project's, empty and old."""
        (self.folder / name).touch()
        os.utime(self.folder / name, (0, 0))

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def make(self, *arguments: str, **environment: str) -> str:
        """What it says, errors too."""
        make = shutil.which("make") or pytest.skip("no make here")
        # Neither what a `make test` around this one says, nor the user's own DATE.
        done = subprocess.run(
            [make, *arguments],
            cwd=self.folder,
            env={"PATH": str(self._programs), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def files(self) -> set[str]:
        return set(os.listdir(self.folder))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


class TestArguments:
    @pytest.fixture
    def python(self, checkout: Checkout) -> Checkout:
        checkout.have("python", """for word; do echo "[$word]"; done""")
        return checkout

    def said(self, checkout: Checkout, target: str, *given: str, **environment: str) -> list[str]:
        # `-o setup`: as if it were done.
        return checkout.make("-o", "setup", "-o", "setup-dev", target, "PY=python", *given, **environment).splitlines()

    @pytest.mark.parametrize("target", ["run", "demo"])
    def test_are_handed_on_whole(self, target: str, python: Checkout) -> None:
        words = ["[-m]", "[celeb_ops.cli.main]", f"[{target}]", "[--date=2026-11-20 08:00]"]
        said = self.said(python, target, "DATE=2026-11-20 08:00", """SITES=TMZ, PEOPLE; "echo" 'no'""")
        assert said == [*words, """[--sites=TMZ, PEOPLE; "echo" 'no']"""]

    def test_of_a_run_may_be_wishes(self, python: Checkout) -> None:
        given = ("ON_PAST=skip; no", "RECAPTURE=1", "RERECOGNISE=yes")
        assert self.said(python, "run", *given)[3:] == ["[--on-past=skip; no]", "[--recapture]", "[--rerecognise]"]
        assert self.said(python, "run", RERECOGNISE="1")[3:] == ["[--rerecognise]"]

    @pytest.mark.parametrize("no", ["0", "no", "False", "off", ""])
    def test_that_say_no_are_none(self, no: str, python: Checkout) -> None:
        wishes = {"RECAPTURE": no, "RERECOGNISE": no}
        assert self.said(python, "run", **wishes)[3:] == []
        assert self.said(python, "run", *(f"{name}={value}" for name, value in wishes.items()))[3:] == []
        said = self.said(python, "forget", "NAME=x", f"DRY={no}", f"FORCE={no}", GALLERY=no)
        assert said[3:] == ["[--]", "[x]"]

    def test_of_an_export_are_handed_on_whole(self, python: Checkout) -> None:
        given = {"FROM": "2026-11-01 08:00", "TO": "2026-12-01", "SITES": "A, B", "FORMAT": "csv", "OUT": "my export"}
        words = [f"[--{name.lower()}={value}]" for name, value in given.items()]
        assert self.said(python, "export", **given) == ["[-m]", "[celeb_ops.cli.main]", "[export]", *words]
        assert self.said(python, "export") == ["[-m]", "[celeb_ops.cli.main]", "[export]"]

    def test_of_a_name_to_forget_are_handed_on_whole(self, python: Checkout) -> None:
        said = self.said(python, "forget", """NAME=--x; "=cmd" 'no'""", "ALIAS=-y z", "DRY=1", "GALLERY=1")
        assert said[3:] == ["[--alias=-y z]", "[--dry-run]", "[--gallery]", "[--]", """[--x; "=cmd" 'no']"""]

    @pytest.mark.parametrize("by", ["arguments", "environment"])
    def test_of_a_run_to_forget_are_handed_on_whole(self, by: str, python: Checkout) -> None:
        given = {"RUN": "2026-11-20 08:00", "SITES": "TMZ, PEOPLE", "FORCE": "1"}
        words = [f"{name}={value}" for name, value in given.items()] if by == "arguments" else []
        said = self.said(python, "forget", *words, **({} if words else given))
        assert said[3:] == ["[--run=2026-11-20 08:00]", "[--sites=TMZ, PEOPLE]", "[--yes]", "[--]"]

    def test_of_another_airflow_in_the_shell_have_no_say(self, checkout: Checkout) -> None:
        checkout.have("python", "env")
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
        said = dict(line.split("=", 1) for line in self.said(checkout, "run", **others, **ours) if "=" in line)
        there = {name: value for name, value in said.items() if name.startswith("AIRFLOW")}
        home = there.pop("AIRFLOW_HOME")
        assert home.endswith("/checkout/.airflow/run")
        assert there == ours

    def test_may_come_from_the_environment(self, python: Checkout) -> None:
        assert self.said(python, "run", SITES="TMZ, PEOPLE")[3:] == ["[--sites=TMZ, PEOPLE]"]

    @pytest.mark.parametrize("by", ["arguments", "environment"])
    @pytest.mark.parametrize(
        ("target", "names"),
        [
            ("run", "DATE SITES ON_PAST"),
            ("demo", "DATE SITES"),
            ("up", "PORT"),
            ("forget", "NAME ALIAS RUN SITES"),
            ("gallery", "COUNT OCCUPATIONS COUNTRIES PEOPLE"),
            ("gallery-show", "NAME"),
            ("export", "FROM TO SITES FORMAT OUT"),
            ("review", "WHAT"),
            ("bench-faces", "PHOTOS"),
        ],
    )
    def test_arrive_as_they_were_typed(self, target: str, names: str, by: str, python: Checkout) -> None:
        typed = {name: HOSTILE for name in names.split()}
        flags = dict.fromkeys(("DRY", "FORCE", "GALLERY", "STORE", "RECAPTURE", "RERECOGNISE"), "$(shell touch made)")
        # A setting, and a slip of the pen: no recipe has these, but make hands them on too.
        given = {**typed, **flags, "CELEBS_STORE": HOSTILE, "NAYM": HOSTILE}
        words = [f"{name}={value}" for name, value in given.items()] if by == "arguments" else []
        python.have("python", """for word; do echo "[$word]"; done; echo "$CELEBS_STORE" >store""")
        said = "\n".join(self.said(python, target, *words, **({} if words else given)))
        assert said.count(HOSTILE) == len(typed), said
        assert python.read("store") == f"{HOSTILE}\n"
        assert "made" not in python.files()

    @pytest.mark.parametrize("target", ["bench", "bench-cluster", "test", "test-airflow", "test-compose"])
    def test_of_developers_are_several_and_run_nothing(self, target: str, checkout: Checkout) -> None:
        checkout.have("python", """for word; do echo "[$word]"; done; echo "$PYTEST_ADDOPTS" """)
        said = checkout.make(
            "-o", "setup", "-o", "setup-dev", target, "PY=python", "ARGS=a $A $(shell touch made) `touch made` *"
        )
        assert "made" not in checkout.files()
        arrived = "a $A $(shell touch made) `touch made` *"
        assert arrived in said or "\n".join(f"[{word}]" for word in arrived.split()) in said

    def test_that_are_not_given_are_none(self, python: Checkout) -> None:
        assert self.said(python, "run") == ["[-m]", "[celeb_ops.cli.main]", "[run]"]


class TestTheBrowser:
    def test_that_is_there_is_not_fetched(self, checkout: Checkout) -> None:
        for name in ("chromedriver", "chromium", "apt-get"):
            checkout.have(name, "")
        assert checkout.make("browser") == ""
        assert checkout.calls == []

    def test_is_fetched_without_a_question_and_quietly(self, checkout: Checkout) -> None:
        checkout.have("apt-get", '[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1; echo much')
        # As on many machines: it hands on nothing of the environment.
        checkout.have("sudo", 'exec env -i PATH="$PATH" "$@"')
        before = checkout.files()
        assert checkout.make("browser", "SUDO=sudo") == "· Chromium and its driver (apt)\n"
        assert [call for call in checkout.calls if call.startswith("apt-get")] == [
            "apt-get -qq update",
            "apt-get -qq install -y --no-install-recommends chromium chromium-driver fonts-liberation",
        ]
        assert checkout.files() == before

    @pytest.mark.parametrize("failing", ["update", "install"])
    def test_that_can_not_be_had_from_apt_is_told_with_what_apt_said(self, failing: str, checkout: Checkout) -> None:
        checkout.have("apt-get", f'[ "$2" != {failing} ] || {{ echo "E: no such luck" >&2; exit 100; }}')
        before = checkout.files()
        assert checkout.make("browser").splitlines() == [
            "· Chromium and its driver (apt)",
            "E: no such luck",
            "· no chromedriver here: Selenium Manager will fetch a browser at the first capture",
        ]
        assert checkout.files() == before


@pytest.fixture
def programs(checkout: Checkout) -> Checkout:
    """With what face models are written by."""
    for name in ("requirements.txt", "requirements-models.txt", "python", "uv"):
        checkout.add(name)
    conversion = checkout.folder / "plugins" / "celeb_ops" / "recognition" / "conversion.py"
    conversion.parent.mkdir(parents=True)
    conversion.touch()
    checkout.have("uv", "mkdir -p .venv/models/tools")
    checkout.have("python", "")
    return checkout


class TestWhatComesFromNpm:
    def set_up(self, checkout: Checkout) -> str:
        there = (".venv/.requirements", "browser", ".venv/models/.made")
        return checkout.make(*(word for one in there for word in ("-o", one)), "setup")

    def test_is_fetched_once(self, checkout: Checkout) -> None:
        checkout.have("npm", "echo added 1 package")
        assert self.set_up(checkout) == "· autoconsent, faceres (npm)\n"
        assert "autoconsent" not in self.set_up(checkout)
        assert len(checkout.calls) == 1

    def test_that_npm_can_not_fetch_is_told_once_with_what_npm_said(self, checkout: Checkout) -> None:
        checkout.have("npm", "echo npm error network >&2; exit 1")
        said = self.set_up(checkout)
        assert "npm error network" in said
        assert "make npm tries again" in said
        assert "npm" not in self.set_up(checkout)
        assert len(checkout.calls) == 1

    def test_is_fetched_again_when_asked_and_made_use_of(self, programs: Checkout) -> None:
        programs.have("npm", "exit 1")
        for _ in range(2):
            programs.make("UV=uv", "PY=python", "npm")
        assert [call.split()[0] for call in programs.calls].count("npm") == 2
        assert programs.calls.count("python -m celeb_ops.recognition.conversion") == 2

    def test_is_looked_for_again_when_npm_is_there(self, checkout: Checkout) -> None:
        assert "no npm here" in self.set_up(checkout)
        checkout.have("npm", "")
        assert "· autoconsent, faceres (npm)" in self.set_up(checkout)


class TestTheArchiveServer:
    def set_up(self, checkout: Checkout) -> str:
        checkout.add("requirements-archive.txt")
        # As if the other environment and uv were there.
        there = ("-o", "uv", "-o", ".venv/bin/python")
        return checkout.make(*there, "-o", ".venv/.requirements-dev", "UV=uv", "setup-dev")

    def test_gets_an_environment_of_its_own_once(self, checkout: Checkout) -> None:
        checkout.have("uv", "mkdir -p .venv")
        assert self.set_up(checkout) == "· archive server for the tests (requirements-archive.txt)\n"
        made, filled = checkout.calls
        assert made.startswith("uv venv ")
        assert made.endswith(" .venv/archive")
        assert (
            filled
            == "uv pip install --quiet --require-hashes --python .venv/archive/bin/python -r requirements-archive.txt"
        )
        assert "archive" not in self.set_up(checkout)
        assert len(checkout.calls) == 2

    def test_needs_nothing_of_what_pip_was_set_to(self, checkout: Checkout) -> None:
        checkout.have("python", "env >.venv-env")
        checkout.make(
            ".venv/tools/bin/uv", "PYTHON=python", PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1", PIP_INDEX_URL="x"
        )
        said = (checkout.folder / ".venv-env").read_text().splitlines()
        # What is set in the environment counts before a pip.conf.
        assert {"PIP_USER=0", "PIP_REQUIRE_VIRTUALENV=0", "PIP_INDEX_URL=x"} <= set(said)

    def test_that_can_not_be_had_stops_the_set_up_until_it_can(self, checkout: Checkout) -> None:
        checkout.have("uv", "mkdir -p .venv; [ $1 = venv ] || { echo no such luck >&2; exit 1; }")
        for _ in range(2):
            with pytest.raises(subprocess.CalledProcessError, match="status 2") as caught:
                self.set_up(checkout)
            assert "no such luck" in caught.value.output


class TestTheFaceModels:
    def set_up(self, checkout: Checkout) -> str:
        return checkout.make(
            "-o",
            "uv",
            "-o",
            ".venv/.requirements",
            "-o",
            "node_modules/.tried",
            "UV=uv",
            "PY=python",
            ".venv/models/.made",
        )

    def test_are_written_once_and_what_writes_them_is_not_kept(self, programs: Checkout) -> None:
        assert self.set_up(programs) == "· face models (requirements-models.txt)\n"
        got, written = programs.calls
        assert got.endswith("--no-deps --target .venv/models/tools -r requirements-models.txt")
        assert written == "python -m celeb_ops.recognition.conversion"
        assert [one.name for one in (programs.folder / ".venv" / "models").iterdir()] == [".made"]
        assert "face models" not in self.set_up(programs)

    def test_that_can_not_be_written_stop_the_set_up_until_they_can(self, programs: Checkout) -> None:
        programs.have("python", "echo no such luck >&2; exit 1")
        for _ in range(2):
            with pytest.raises(subprocess.CalledProcessError, match="status 2") as caught:
                self.set_up(programs)
            assert "no such luck" in caught.value.output
