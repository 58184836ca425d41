import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from celeb_ops.cli.airflow_home import AirflowHomeError, claimed, environment, migrated


def test_two_can_not_use_one_home(tmp_path: Path) -> None:
    with claimed(tmp_path / "home"):
        with (
            pytest.raises(AirflowHomeError, match=r"Another run is using .*home at the moment"),
            claimed(tmp_path / "home"),
        ):
            pass
        with claimed(tmp_path / "another"):
            pass


def test_nobody_else_reads_a_home(tmp_path: Path) -> None:
    home = tmp_path / "made-before"
    home.mkdir(mode=0o755)
    with claimed(home):
        assert home.stat().st_mode & 0o777 == 0o700


def test_a_place_that_can_not_be_a_home_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AirflowHomeError, match="can't be Airflow's home"), claimed(tmp_path / "file" / "home"):
        pass


HERE = "127.0.0.1,localhost"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"no_proxy": "intra.net"}, None),
        ({"http_proxy": "http://proxy:1"}, HERE),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "intra.net, 10.0.0.1"}, f"intra.net, 10.0.0.1,{HERE}"),
        ({"all_proxy": "http://proxy:1", "no_proxy": "localhost", "NO_PROXY": "other"}, f"localhost,{HERE}"),
        ({"http_proxy": "http://proxy:1", "no_proxy": "*"}, "*"),
        ({"http_proxy": "http://proxy:1", "no_proxy": "*.corp.example"}, f"*.corp.example,{HERE}"),
    ],
)
def test_calls_to_this_machine_go_past_the_proxy(
    given: dict[str, str], expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    made = environment(tmp_path)
    assert (made.get("no_proxy"), made.get("NO_PROXY")) == (expected, expected)


def test_a_database_is_made_once(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (airflow_home / "airflow.db").stat().st_size > 100_000

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the database was made again")

    monkeypatch.setattr(subprocess, "run", never)
    migrated(airflow_home, airflow_home / "migrate.log")


def test_a_database_that_can_not_be_made_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(AirflowHomeError, match=r"could not be made; see .*migrate\.log"):
        migrated(tmp_path, tmp_path / "migrate.log")
    assert not list(tmp_path.glob("migrated-*"))


@pytest.mark.parametrize("dialect", ["sqlite", "sqlite+aiosqlite"])
@pytest.mark.parametrize("checkout", ["plain", "why?", "#1 of 50%25 $HOME & 100% [a]"])
def test_its_database_is_in_it_and_waits_for_others_to_write(tmp_path: Path, checkout: str, dialect: str) -> None:
    """As the driver reads the address, for Airflow's own calls and for its asynchronous ones."""
    from sqlalchemy.engine import make_url

    url = make_url(environment(tmp_path / checkout)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]).set(drivername=dialect)
    database, options = url.get_dialect()().create_connect_args(url)
    assert (database, options["timeout"]) == ([str(tmp_path / checkout / "airflow.db")], 60.0)


WRITER = """
import sqlite3, sys
print(flush=True)
while True:
    with sqlite3.connect(sys.argv[1], timeout=60) as database:
        database.execute("insert into log (event) values ('another')")
"""


def test_a_transaction_that_reads_before_it_writes_waits_for_other_writers(made_home: Path, tmp_path: Path) -> None:
    """As the one of an order for a backfill does, in a process of Airflow."""
    home = shutil.copytree(made_home, tmp_path / "home")
    with claimed(home):
        pass
    orders = """
import time
from airflow import settings
from airflow.models import Log
for number in range(20):
    with settings.Session() as session, session.begin_nested():
        session.query(Log).count()
        time.sleep(0.02)
        session.add(Log("an order"))
        session.flush()
        session.commit()
print("ordered")
"""
    environ = {**os.environ, **environment(home)}
    with subprocess.Popen([sys.executable, "-c", WRITER, home / "airflow.db"], stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        told = subprocess.run([sys.executable, "-c", orders], env=environ, capture_output=True, text=True, check=False)
        writer.kill()
    assert "ordered" in told.stdout, told.stderr[-500:]
