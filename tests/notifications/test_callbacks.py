"""What people are told of a run, and of which runs: by Airflow's context of a callback, and a real mail server."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import create_autospec

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from celeb_ops.core import keys
from celeb_ops.core.exceptions import StoreError
from celeb_ops.core.records import Outcome
from celeb_ops.dataset.tables import update_captures
from celeb_ops.hooks import s3
from celeb_ops.notifications import callbacks, channel, failures
from tests.mail import MailServer
from tests.notifications.test_failures import HALF_DAY, captured
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.core.store import FolderStore

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
RUN = f"the run of {NOW:%Y-%m-%d %H:%M} UTC"
SITES = [
    {"url": "https://www.tmz.com/"},
    {"url": "https://people.com/"},
    {"url": "https://perezhilton.com/", "optional": True},
]
TASKS = ["list_sites", "site.screenshot", "site.slice", "site.rekognize", "merge", "tidy", "watcher"]


def connect(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "celebs@example.com"}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CELEBS_NOTIFY", json.dumps(connection))
    monkeypatch.setenv("CELEBS_NOTIFY_TO", "press@example.com")


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with MailServer() as server:
        connect(monkeypatch, server.port)
        yield server


@pytest.fixture(autouse=True)
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sites.yaml").write_text(json.dumps({"sites": SITES}))
    monkeypatch.setenv("CELEBS_SITES", str(tmp_path / "sites.yaml"))


def failed(store: FolderStore, when: datetime, site: str = "TMZ") -> None:
    """A site that has failed, as its step and merge leave it."""
    captured(store, when, "failed", site)
    word = Outcome(site=site, time=when, outcome="failed", task="screenshot", reason="Gone.")
    word.save(store, keys.outcome(keys.stem(site, when)))


def a_run(
    *failed_tasks: str,
    counted: list[str] | None = None,
    when: datetime = NOW,
    kind: str = "scheduled",
    dag_id: str = "trending_celebrities",
    tasks: list[str] = TASKS,
    sources: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The context in which Airflow calls back.

    :param counted: the sites that merge counts as failed. :param sources: the types of the runs that have started it.
    """
    dag_run = SimpleNamespace(
        dag_id=dag_id,
        run_id=f"{kind}__{when.isoformat()}",
        logical_date=when,
        run_after=when,
        run_type=kind,
        consumed_asset_events=[SimpleNamespace(extra={"run_type": source}) for source in sources],
    )
    # Other arguments than its own are an error.
    ti = create_autospec(RuntimeTaskInstance, instance=True)
    ti.get_task_states.side_effect = lambda dag_id, run_ids, task_ids: {
        run_ids[0]: {task: "failed" if task in failed_tasks else "success" for task in task_ids}
    }
    ti.xcom_pull.side_effect = lambda task_ids, map_indexes: counted if task_ids == "merge" else None
    dag = SimpleNamespace(dag_id=dag_id, task_ids=tasks, has_task=tasks.__contains__)
    return {"dag": dag, "run_id": dag_run.run_id, "dag_run": dag_run, "ti": ti}


class TestFailed:
    def test_says_which_sites_why_how_often_and_what_to_press(
        self, mail: MailServer, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/press/")
        failed(folder_store, NOW - HALF_DAY)
        failed(folder_store, NOW)
        failed(folder_store, NOW, "PEREZHILTON")
        captured(folder_store, NOW, "seen", "PEOPLE")
        callbacks.run_failed(a_run("watcher", counted=["PEREZHILTON", "TMZ"]))
        (one,) = mail.mails
        assert one.subject == f"Trending Celebrities: {RUN} failed (TMZ)"
        assert one.text == "\n\n".join(
            [
                f"T{RUN[1:]} failed.",
                "The run: https://airflow.example.com/press/dags/trending_celebrities/runs/"
                f"scheduled__{NOW:%Y-%m-%dT%H}%3A00%3A00%2B00%3A00",
                "These sites failed (2):\n- TMZ (2 times in a row): Gone.\n- PEREZHILTON (optional): Gone.",
                "What to do: open the run, select the site's red task, or rekognize if none is red (sites are "
                "under Map Index), press ↻ (Shift+C), switch Downstream on and Confirm. "
                f"Until {NOW + timedelta(hours=3):%Y-%m-%d %H:%M} UTC its page is photographed again; later an "
                "archive's copy is used, if any.",
            ]
        )

    def test_of_a_run_that_came_to_no_merge_the_steps_own_words_are_told(
        self, mail: MailServer, folder_store: FolderStore
    ) -> None:
        word = Outcome(site="TMZ", time=NOW, outcome="failed", task="screenshot", reason="TMZ sent\nno page.")
        word.save(folder_store, keys.outcome(keys.stem("TMZ", NOW)))
        callbacks.run_failed(a_run("merge", "watcher"))
        assert mail.mails[0].subject.endswith("failed (TMZ)")
        text = mail.mails[0].text
        assert "The run, in Airflow's UI: trending_celebrities → scheduled__" in text
        assert "These tasks failed, and their logs say why:\n- merge\n\n" in text
        assert "These sites failed (at least 1):\n- TMZ: TMZ sent no page." in text
        assert "fix what it reports" in text

    @pytest.mark.parametrize(
        ("down", "said"),
        [("store", "The bucket does not answer."), ("slow store", "TimeoutError"), ("api", "ConnectionError")],
    )
    def test_that_nothing_more_is_known_is_no_reason_not_to_tell(
        self, down: str, said: str, mail: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def no_store(settings: Any) -> None:
            if down == "slow store":
                time.sleep(3)
            raise StoreError("The bucket does not answer.")

        monkeypatch.setattr(callbacks, "STORE_TIMEOUT_S", 1)
        monkeypatch.setattr(s3, "open_store", no_store)
        given = a_run("watcher", counted=["TMZ"])
        if down == "api":
            given["ti"].get_task_states.side_effect = ConnectionError("no API; its key is secret")
        callbacks.run_failed(given)
        (one,) = mail.mails
        assert one.subject == f"Trending Celebrities: {RUN} failed"
        assert f"could not be read: {said}\n" in caplog.text

    def test_of_a_thousand_sites_some_are_named(self, mail: MailServer, folder_store: FolderStore) -> None:
        names = [f"S{number:03}" for number in range(1_000)]
        words = {"time": NOW, "outcome": "failed", "task": "screenshot", "reason": "x" * 5_000, "source": "live"}
        update_captures(folder_store, NOW, [], [Outcome.model_validate({"site": name, **words}) for name in names])
        callbacks.run_failed(a_run("watcher", counted=names))
        (one,) = mail.mails
        assert one.subject.endswith("failed (S000, S001, S002 and 997 more)")
        assert "These sites failed (1,000):\n- S000: xxx" in one.text
        assert "- and 980 more." in one.text
        assert len(one.text) < 12_000


class TestWhoIsTold:
    @pytest.mark.parametrize("kind", ["manual", "backfill", "operator_triggered"])
    def test_nobody_of_a_run_that_the_schedule_has_not_started(self, kind: str, mail: MailServer) -> None:
        callbacks.run_failed(a_run("watcher", kind=kind))
        assert mail.mails == []

    @pytest.mark.parametrize(
        ("sources", "number"), [(("scheduled",), 1), (("backfill", "scheduled"), 1), (("backfill",), 0)]
    )
    def test_of_the_trends_where_a_run_of_the_schedule_has_started_them(
        self, sources: tuple[str, ...], number: int, mail: MailServer
    ) -> None:
        of = {"kind": "asset_triggered", "dag_id": "celebrity_trends", "tasks": ["build_trends", "write_report"]}
        callbacks.run_failed(a_run("build_trends", sources=sources, **of))
        told = f"Trending Celebrities: {RUN.replace('run', 'run of celebrity_trends')} failed (build_trends)"
        assert [one.subject for one in mail.mails] == [told] * number

    @pytest.mark.parametrize(("kind", "number"), [("scheduled", 1), ("manual", 0)])
    def test_of_a_run_of_which_airflow_says_little(self, kind: str, number: int, mail: MailServer) -> None:
        """Its last task is none of the DAG's any more."""
        known = a_run("watcher", kind=kind)
        callbacks.run_failed({"dag": known["dag"], "run_id": known["dag_run"].run_id, "reason": "task_failure"})  # type: ignore[typeddict-item]
        assert [one.subject.startswith(f"Trending Celebrities: {RUN} failed") for one in mail.mails] == [True] * number

    def test_nobody_without_a_connection(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            callbacks.run_failed(a_run("watcher"))
            callbacks.run_succeeded(a_run())
        assert caplog.text == ""


class TestSites:
    def test_one_that_fails_though_the_run_is_green_is_told_of_and_that_it_is_back(
        self, mail: MailServer, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(failures, "NEWS_FOR", timedelta(days=9))
        outcomes = ["failed", "failed", "failed", "seen", "seen"]
        for back, outcome in enumerate(reversed(outcomes)):
            captured(folder_store, NOW - back * HALF_DAY, outcome, "PEREZHILTON")
        for back, outcome in reversed([*enumerate(reversed(outcomes))]):
            counted = ["PEREZHILTON"] if outcome == "failed" else []
            callbacks.run_succeeded(a_run(counted=counted, when=NOW - back * HALF_DAY))
        failing, back = mail.mails
        assert failing.subject == "Trending Celebrities: PEREZHILTON keeps failing"
        assert "- PEREZHILTON (optional) (3 times in a row): Gone." in failing.text
        assert "Its options are in the sites file" in failing.text
        assert back.subject == "Trending Celebrities: PEREZHILTON works again"  # type: ignore[attr-defined]
        assert "- PEREZHILTON, after 3 failures in a row" in back.text  # type: ignore[attr-defined]

    def test_a_failed_run_tells_of_them_too_first(self, mail: MailServer, folder_store: FolderStore) -> None:
        for back in range(3):
            captured(folder_store, NOW - back * HALF_DAY, "failed", "PEREZHILTON")
            captured(folder_store, NOW - back * HALF_DAY, "seen" if back == 0 else "failed", "PEOPLE")
        captured(folder_store, NOW - 3 * HALF_DAY, "failed", "PEOPLE")
        failed(folder_store, NOW)
        callbacks.run_failed(a_run("watcher", counted=["TMZ", "PEREZHILTON"]))
        (one,) = mail.mails
        assert one.subject.endswith("failed (TMZ)")
        assert "(2):\n- PEREZHILTON (optional) (3 times in a row): Gone.\n- TMZ: Gone.\n\n" in one.text
        assert "These sites work again:\n- PEOPLE, after 3 failures in a row\n\n" in one.text


def late(**given: Any) -> dict[str, Any]:
    """The context of a deadline that was missed."""
    run = {
        "dag_id": "trending_celebrities",
        "dag_run_id": f"scheduled__{NOW.isoformat()}",
        "logical_date": NOW.isoformat().replace("+00:00", "Z"),
        "run_after": NOW.isoformat(),
        "run_type": "scheduled",
        "state": "running",
        "start_date": NOW.isoformat(),
    }
    return {"dag_run": run | given, "deadline": {"id": "x", "deadline_time": NOW}}


class TestLate:
    def test_says_since_when_it_is_at_work(self, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CELEBS_LATE_H", "1.5")
        asyncio.run(callbacks.run_late(late()))
        asyncio.run(callbacks.run_late(late(state="queued", start_date=None)))
        at_work, waiting = mail.mails
        assert at_work.subject == waiting.subject == f"Trending Celebrities: {RUN} is late"
        assert "has not ended 1.5 h after its time (CELEBS_LATE_H)." in at_work.text
        assert f"It began at {NOW:%Y-%m-%d %H:%M} UTC and is still running." in at_work.text
        assert "It has not begun." in waiting.text

    def test_the_triggerer_goes_on_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def beats_beside_it() -> int:
            telling, beats = asyncio.create_task(callbacks.run_late(late())), 0
            while not telling.done():
                beats += 1
                await asyncio.sleep(0.05)
            return beats

        monkeypatch.setattr(channel, "TIMEOUT_S", 1)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            connect(monkeypatch, silent.getsockname()[1])
            assert asyncio.run(beats_beside_it()) > 10

    @pytest.mark.parametrize(
        "given",
        [
            {"state": "failed"},
            {"state": "success"},
            {"run_type": "manual"},
            {"run_type": "backfill"},
            {"queued_at": (NOW + timedelta(hours=2, seconds=1)).isoformat()},
        ],
        ids=["failed in time", "ended meanwhile", "by hand", "backfill", "made when it was late"],
    )
    def test_of_others_nobody_is_told(self, given: dict[str, str], mail: MailServer) -> None:
        asyncio.run(callbacks.run_late(late(**given)))
        assert mail.mails == []


def test_what_can_not_be_sent_or_used_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect(monkeypatch, free_port())
    callbacks.run_failed(a_run("watcher"))
    asyncio.run(callbacks.run_late(late()))
    assert caplog.text.count("Sending by the connection celebs_notify failed (ConnectionRefusedError") == 2
    monkeypatch.setenv("CELEBS_NOTIFY_TO", "nobody")
    callbacks.run_failed(a_run("watcher"))
    asyncio.run(callbacks.run_late(late()))
    assert (
        f"No message was sent about the run scheduled__{NOW.isoformat()}: The connection celebs_notify sends"
        in caplog.text
    )
    assert (
        "The message that a run is late was not sent: The connection celebs_notify sends mail to 'nobody'"
        in caplog.text
    )
