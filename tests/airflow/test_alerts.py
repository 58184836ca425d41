"""Mails and counters of a real scheduler: of a run that fails; no mail of those that nobody waits for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from celeb_ops.cli.airflow_home import environment, migrated
from celeb_ops.core import keys
from celeb_ops.core.store import FolderStore
from tests.airflow.conftest import WORDS
from tests.airflow.running import RUN_S, airflow
from tests.mail import Mail, MailServer
from tests.statsd import Statsd
from tests.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.airflow.running import Airflow, Up

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

LOGIN = ("celebs", "a-secret-of-the-mail-server")


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with MailServer(LOGIN) as server:
        yield server


@pytest.fixture(scope="module")
def statsd() -> Iterator[Statsd]:
    with Statsd() as server:
        yield server


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, mail: MailServer, statsd: Statsd) -> Iterator[Up]:
    """An Airflow that tells by mail: of two sites one has gone, and the schedule's run is late when it is made."""
    folder = tmp_path_factory.mktemp("told")
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": mail.port,
        "login": LOGIN[0],
        "password": LOGIN[1],
        "extra": {"from_email": "celebs@example.com", "disable_ssl": True, "disable_tls": True},
    }
    with Web({"/gamma": f"<h1>Gamma</h1>{WORDS}", "/gone": 410}) as web:
        sites = [{"url": f"{web.address}/{name.lower()}", "name": name} for name in ("GAMMA", "GONE")]
        (folder / "sites.yaml").write_text(json.dumps({"sites": sites}))
        (folder / "gallery").mkdir()
        settings = {
            "CELEBS_SITES": str(folder / "sites.yaml"),
            "CELEBS_GALLERY": str(folder / "gallery"),
            # On a busy machine the API server may be slow.
            "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "30",
            "CELEBS_RETRY_DELAY_S": "5",
            # The schedule's latest run is up to twelve hours old.
            "CELEBS_LIVE_WINDOW_H": "13",
            "CELEBS_LATE_H": "0.001",
            "CELEBS_NOTIFY_TO": "press@example.com, desk@example.com",
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(statsd.port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        }
        make_connection(folder / "airflow", connection)
        # The trends can't be made of this month; a run of now does not read it.
        store = FolderStore(folder / "store")
        store.write("Captures/2025-01.parquet", b"no parquet")
        # With a row of ours: else merge would look into all months for the rows that it lacks, and end there, too.
        store.write(
            keys.CSV, b"time,site,celebrities,captured_at,source\n2025-01-01T08:00:00Z,OLD,,2025-01-01T08:00:00Z,live\n"
        )
        with airflow(folder, settings) as running:
            # Its parts wait up to a minute for each other's writes.
            running.api.answer_s = 120
            yield running


def make_connection(home: Path, connection: dict[str, Any]) -> None:
    """Make it in Airflow's database, as its UI does: each process has to ask Airflow for it."""
    home.mkdir()
    migrated(home, home / "migrate.log")
    subprocess.run(
        [sys.executable, "-m", "airflow", "connections", "add", "celebs_notify", "--conn-json", json.dumps(connection)],
        env=os.environ | environment(home),
        check=True,
        capture_output=True,
    )


def scheduled_run(api: Airflow) -> str:
    """The id of the run that the schedule makes by itself: after one of the past, be it a backfill's, the latest."""
    backfill(api, datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=40))
    deadline = time.monotonic() + RUN_S
    while time.monotonic() < deadline:
        runs = api.ask("/api/v2/dags/trending_celebrities/dagRuns?run_type=scheduled")["dag_runs"]
        if runs:
            return runs[0]["dag_run_id"]
        time.sleep(1)
    raise TimeoutError("the schedule made no run")


def backfill(api: Airflow, when: datetime) -> None:
    """Begin a backfill of one run; Airflow answers 409 while another goes on, 503 while its parts write into SQLite."""
    given = {"from_date": keys.iso(when), "to_date": keys.iso(when), "reprocess_behavior": "none"}
    body = {"dag_id": "trending_celebrities", "dag_run_conf": {"on_past": "skip"}, **given}
    for _ in range(60):
        try:
            api.ask("/api/v2/backfills", body)
        except HTTPError as error:
            if error.code not in (409, 503):
                raise
            time.sleep(1)
        else:
            return
    raise TimeoutError("the backfill could not be begun")


def about(mail: MailServer, what: str, number: int) -> list[Mail]:
    """The mails whose subject has this in it, once there are so many."""
    deadline = time.monotonic() + 120
    while len(found := [one for one in mail.mails if what in one.subject]) < number:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not {number} of {what}: {[one.subject for one in mail.mails]}")
        time.sleep(0.2)
    return found


def test_a_scheduled_run_that_fails_is_told_of_and_no_other(told: Up, mail: MailServer, statsd: Statsd) -> None:
    run = scheduled_run(told.api)
    assert told.api.ended(run) == "failed"
    # Its tasks' processes have sent them.
    counted = statsd.wait_for(["airflow.celebs.pages.seen,site=GAMMA:1|c", "airflow.celebs.pages.failed,site=GONE:1|c"])
    timed = {line.split(",")[0].split(":")[0] for line in counted if ".duration." in line}
    assert timed == {f"airflow.celebs.duration.{step}" for step in ("screenshot", "slice", "rekognize", "merge")}

    when = datetime.fromisoformat(run.removeprefix("scheduled__"))
    name = f"the run of {when:%Y-%m-%d %H:%M} UTC"
    # Its deadline was past when it was made, as after any time without a scheduler: that it is late nobody hears.
    (failed,) = about(mail, name, 1)
    trends = about(mail, "celebrity_trends", 1)[0]
    place = f"{told.api.address}/dags/trending_celebrities/runs/scheduled__{keys.iso(when)[:13]}%3A00%3A00%2B00%3A00"
    assert failed.subject == f"Trending Celebrities: {name} failed (GONE)"
    assert failed.to == ["press@example.com", "desk@example.com"]
    assert failed.sender == "celebs@example.com"
    assert "These sites failed (1):\n- GONE: " in failed.text
    assert "HTTP 410" in failed.text
    assert "press ↻ (Shift+C)" in failed.text
    assert place in failed.text
    assert re.fullmatch(r".* the run of celebrity_trends of .* failed \(build_trends\)", trends.subject)
    assert f"{told.api.address}/dags/celebrity_trends/runs/asset_triggered__" in trends.text
    assert LOGIN[1] not in trends.html + failed.html

    # Somebody sits beside one that was triggered by hand; a backfill has a hundred.
    past = when - timedelta(days=30)
    backfill(told.api, past)
    now = datetime.now(UTC)
    by_hand = told.api.trigger(logical_date=keys.iso(now))
    without_time = told.api.trigger(logical_date=None)
    assert told.api.ended(by_hand) == told.api.ended(without_time) == "failed"
    assert told.api.ended(f"backfill__{past:%Y-%m-%dT%H:%M:%S}+00:00") == "success"

    # Cleared, it fails again, and that is told again: after it, whatever the others had sent would be there too.
    tries = told.api.ask(
        "/api/v2/dags/trending_celebrities/clearTaskInstances",
        {"dry_run": False, "dag_run_id": run, "only_failed": True, "include_downstream": True},
    )
    assert tries["task_instances"]
    assert told.api.ended(run) == "failed"
    assert about(mail, name, 2)[1].subject == failed.subject
    # The trends could not be made after any of the merges; only those that a scheduled run's merge started are told of.
    for one in about(mail, "celebrity_trends", 1):
        trends_run = re.search(r"/dags/celebrity_trends/runs/(\S+)", one.text)[1]
        path = f"/api/v2/dags/celebrity_trends/dagRuns/{trends_run}/upstreamAssetEvents"
        sources = [event["extra"]["run_type"] for event in told.api.ask(path)["asset_events"]]
        assert "scheduled" in sources
    time.sleep(5)
    # By run: the schedule's next one may have come meanwhile, and is told of too.
    assert len(about(mail, name, 2)) == 2
    for other in (now, past):
        assert not [one.subject for one in mail.mails if f"the run of {other:%Y-%m-%d %H:%M} UTC" in one.subject]
    # Airflow's API gave the callbacks all that they asked for.
    logs = (told.store.root.parent / "airflow/logs/dag_processor").rglob("*.log")
    said = "".join(log.read_text(encoding="utf-8") for log in logs)
    assert "Sent by the connection celebs_notify" in said
    assert "could not be read" not in said
    # The DAG is one version: its deadline does not make it another one at each parsing.
    versions = told.api.ask("/api/v2/dags/trending_celebrities/dagVersions")["dag_versions"]
    assert len(versions) == 1
