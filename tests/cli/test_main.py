import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from celeb_ops.cli.main import main, parse_time
from celeb_ops.core.settings import PROJECT
from tests.cli.test_makefile import HOSTILE

MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)
NO_WISHES = {"on_past": "archive", "recapture": False, "rerecognise": False}
WISHES = {"on_past": "skip", "recapture": True, "rerecognise": True}
HOME = PROJECT / ".airflow" / "run"


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-20T08:00", MORNING),
        ("2026-11-20 08:00:00.75", MORNING),
        ("2026-11-20T08:00Z", MORNING),
        ("2026-11-20T03:00-05:00", MORNING),
        ("2026-11-20", MORNING.replace(hour=0)),
    ],
)
def test_a_date_is_utc_unless_it_names_another_zone(text: str, when: datetime) -> None:
    assert parse_time(text) == when


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--date", "yesterday"], "'yesterday' is no time; write it like 2026-11-20T08:00"),
        (["run", "--on-past", "live"], "'live' is not one of 'archive', 'skip'"),
        (["run", "--date=--"], "'--' is no time"),
        (["run", "--sites=TMZ\udcff"], "'--sites=TMZ\\udcff' contains a character that text cannot have"),
        (["run", "--date=9999-12-31"], "is no run time: give one from 1990 to 2199"),
        (["run", "--date=0001-01-01T00:00+14:00"], "is no run time: give one from 1990 to 2199"),
        (["up", f"--port={'9' * 5_000}"], "--port"),
        (["up", "--port", "eighty"], "--port"),
        (["up", "--port", "70000"], "less than or equal to 65535"),
        (["forget", "Grace\udc80"], "contains a character that text cannot have"),
        (["gallery", "build", "--count=--"], "--count"),
        (["export", "--to=9999-12-31T23:59-14:00"], "is no run time"),
        (["tell"], "No such command 'tell'"),
        (["gallery", "show"], "Missing argument 'name'"),
    ],
)
def test_bad_arguments_are_reported_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


def test_without_a_command_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "forget" in capsys.readouterr().err


def test_help_waits_for_nothing_heavy() -> None:
    heavy = "{'airflow', 'polars', 'numpy', 'pyvips', 'selenium'} & sys.modules.keys()"
    code = f"import sys; from celeb_ops.cli.main import main; main(['--help']); print({heavy} or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "none"


@pytest.mark.parametrize(
    ("arguments", "sites", "said"),
    [
        (["run"], "none.yaml", "There is no sites file none.yaml: create it, or set CELEBS_SITES to yours.\n"),
        (["up"], "none.yaml", "There is no sites file none.yaml: create it, or set CELEBS_SITES to yours.\n"),
        (["run", "--sites=TMX"], "include/sites.yaml", "There is no site TMX: did you mean TMZ?"),
    ],
)
def test_bad_input_is_reported_before_any_work(
    arguments: list[str],
    sites: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CELEBS_SITES", sites)
    assert main([*arguments, "--airflow-home", str(tmp_path / "home")]) == 2
    assert capsys.readouterr().err.replace(f"{PROJECT}/", "").startswith(said)
    assert not (tmp_path / "home").exists()


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the commands are called with, instead of being run."""
    calls: list[object] = []

    def note(name: str) -> Callable[..., int]:
        return lambda *given, **named: calls.append((name, *given, *named.values())) or 0

    for name in ("run", "demo", "up"):
        monkeypatch.setattr(f"celeb_ops.cli.{name}.{name}", note(name))
    monkeypatch.setattr("celeb_ops.cli.forget.forget_person", note("forget"))
    return calls


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["run", "--sites", "TMZ, PEOPLE,"], ("run", None, ["TMZ", "PEOPLE"], HOME, NO_WISHES)),
        (["run", "--on-past", "skip", "--recapture", "--rerecognise"], ("run", None, [], HOME, WISHES)),
        (["demo", "--date", "2026-11-20T08:00"], ("demo", MORNING, [], HOME, None)),
        (["demo", "--store", "there"], ("demo", None, [], HOME, "there")),
        (
            ["forget", f"--alias={HOSTILE}", "--alias=", "--dry-run", "--", HOSTILE],
            ("forget", HOSTILE, [HOSTILE, ""], False, True, False),
        ),
        (["up"], ("up", 8080, PROJECT / ".airflow" / "up")),
        (["up", "--port", "8081", "--airflow-home", "here"], ("up", 8081, Path.cwd() / "here")),
    ],
)
def test_arguments_reach_the_command(arguments: list[str], call: object, called: list[object]) -> None:
    assert main(arguments) == 0
    assert called == [call]


def test_ctrl_c_ends_with_a_sentence_and_its_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("celeb_ops.cli.run.run", interrupted)
    assert main(["run"]) == 130
    assert "Stopped. What was finished is in the store" in capsys.readouterr().err
