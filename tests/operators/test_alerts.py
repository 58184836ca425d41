"""What people are told of a run, and of which runs: by Airflow's context of a callback, and a real mail server."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops import keys
from celeb_ops.alerts import looking
from celeb_ops.alerts.budget import Budget
from celeb_ops.alerts.streaks import ToldSites
from celeb_ops.exceptions import StoreError
from celeb_ops.hooks import s3
from celeb_ops.operators import alerts
from celeb_ops.records import Outcome
from tests.alerts.smtp import NEVER, MailServer
from tests.alerts.test_streaks import HALF_DAY, captured
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.store import FolderStore

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
SITES = [
    {"url": "https://www.tmz.com/"},
    {"url": "https://people.com/"},
    {"url": "https://perezhilton.com/", "optional": True},
]
SECRET = "secret-of-the-server"


def connect(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "celebs@example.com", "timeout": 30}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "password": SECRET, "extra": extra}
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


@pytest.fixture(autouse=True)
def unspent(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process of the DAG processor begins."""
    monkeypatch.setattr(alerts, "BUDGET", Budget(40))


def failed(store: FolderStore, when: datetime, site: str = "TMZ") -> None:
    """A site that has failed, as its step and merge leave it."""
    captured(store, when, "failed", site)
    word = Outcome(site=site, time=when, outcome="failed", task="screenshot", reason="Gone.")
    word.save(store, keys.outcome(keys.stem(site, when)))


def a_run(
    when: datetime = NOW, kind: str = "scheduled", states: dict[str, str] | None = None, **given: Any
) -> dict[str, Any]:
    """The context in which Airflow calls back.

    :param given: ``dag_id``, ``reason``, and ``counted``: the sites that merge counts as failed.
    """
    run_id = f"{kind}__{when.isoformat()}"
    dag_run = SimpleNamespace(
        dag_id=given.get("dag_id", "trending_celebrities"),
        logical_date=when,
        run_after=when,
        run_type=SimpleNamespace(value=kind),
        consumed_asset_events=[],
    )

    def get_task_states(
        dag_id: str, run_ids: list[str], task_ids: list[str] | None = None
    ) -> dict[str, dict[str, str]]:
        if states is None:
            raise ConnectionError(f"no API; its key is {SECRET}")
        return {run_id: {task: state for task, state in states.items() if task_ids is None or task in task_ids}}

    def xcom_pull(task_ids: str, dag_id: str, run_id: str, map_indexes: None) -> list[str] | None:
        return given.get("counted") if task_ids == "merge" else None

    ti = SimpleNamespace(get_task_states=get_task_states, xcom_pull=xcom_pull)
    dag = SimpleNamespace(dag_id=dag_run.dag_id)
    return {"dag": dag, "run_id": run_id, "dag_run": dag_run, "ti": ti, "reason": given.get("reason", "task_failure")}


def red(*tasks: str) -> dict[str, str]:
    return {"list_sites": "success", "merge": "success", "watcher": "failed"} | dict.fromkeys(tasks, "failed")


class TestFailed:
    def test_says_which_sites_why_how_often_and_what_to_press(
        self, mail: MailServer, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/press/")
        failed(folder_store, NOW - HALF_DAY)
        failed(folder_store, NOW)
        failed(folder_store, NOW, "PEREZHILTON")
        captured(folder_store, NOW, "seen", "PEOPLE")

        alerts.run_failed(a_run(states=red("site.screenshot_0", "site.screenshot_2"), counted=["PEREZHILTON", "TMZ"]))

        (one,) = mail.mails
        assert one.subject == f"Trending Celebrities: the run of {NOW:%Y-%m-%d %H:%M} UTC failed (TMZ)"
        assert one.text.rstrip("\n") == "\n\n".join(
            [
                f"The run of {NOW:%Y-%m-%d %H:%M} UTC failed.",
                "2 of 3 sites failed:\n"
                f"- TMZ (2 times in a row, since {NOW - HALF_DAY:%Y-%m-%d %H:%M} UTC): Gone.\n"
                "- PEREZHILTON (optional): Gone.",
                "What to do: open the run, select the red task of the site (its name is under Map Index), press ↻ "
                "(Shift+C), switch Downstream on and Confirm. "
                f"Until {NOW + timedelta(hours=3):%Y-%m-%d %H:%M} UTC its page is photographed anew; later an "
                "archive's copy stands in, if there is one.",
                "The run: https://airflow.example.com/press/dags/trending_celebrities/runs/"
                f"scheduled__{NOW:%Y-%m-%dT%H}%3A00%3A00%2B00%3A00",
            ]
        )

    def test_is_told_again_when_it_fails_again(self, mail: MailServer, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        for _ in range(2):
            alerts.run_failed(a_run(states=red()))
        assert len(mail.mails) == 2

    def test_of_a_run_that_came_to_no_merge_the_steps_own_words_are_told(
        self, mail: MailServer, folder_store: FolderStore
    ) -> None:
        word = Outcome(site="TMZ", time=NOW, outcome="failed", task="screenshot", reason="TMZ sent\nno page.")
        word.save(folder_store, keys.outcome(keys.stem("TMZ", NOW)))
        alerts.run_failed(a_run(states=red("merge"), reason="all_tasks_deadlocked"))
        text = mail.mails[0].text
        assert "No task of the run could go on." in text
        assert "These tasks failed, and their logs say why:\n- merge" in text
        assert "At least 1 of 3 sites failed (merge has not counted them):\n- TMZ: TMZ sent no page." in text

    def test_of_one_that_merge_alone_counts_it_is_said_what_to_clear(
        self, mail: MailServer, folder_store: FolderStore
    ) -> None:
        for site in ("TMZ", "PEOPLE", "PEREZHILTON"):
            captured(folder_store, NOW, "seen", site)
        alerts.run_failed(a_run(states=red(), counted=["PEOPLE"]))
        (one,) = mail.mails
        assert one.subject.endswith("failed (PEOPLE)")
        assert "1 of 3 sites failed:\n- PEOPLE: Merge counts it as failed; its log says why." in one.text
        assert "select the site's rekognize" in one.text

    def test_a_failed_list_of_sites_is_told(self, mail: MailServer) -> None:
        alerts.run_failed(a_run(states=red("list_sites")))
        (one,) = mail.mails
        assert one.subject.endswith("failed (list_sites)")
        assert "The run, in Airflow's UI: trending_celebrities → scheduled__" in one.text

    def test_that_nothing_more_is_known_is_no_reason_not_to_tell(
        self, mail: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def down(settings: Any) -> None:
            raise StoreError("The bucket does not answer.")

        monkeypatch.setattr(s3, "open_store", down)
        alerts.run_failed(a_run(states=None))
        (one,) = mail.mails
        assert one.text.startswith(f"The run of {NOW:%Y-%m-%d %H:%M} UTC failed.\n\nWhat to do: open the run")
        assert "could not be read: The bucket does not answer." in caplog.text
        assert SECRET not in caplog.text

    def test_a_store_that_takes_too_long_is_not_waited_for(
        self, mail: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(alerts, "LOOK_S", 0.2)
        monkeypatch.setattr(s3, "open_store", lambda settings: time.sleep(5))
        start = time.monotonic()
        alerts.run_failed(a_run(states=red()))
        assert time.monotonic() - start < 3
        assert len(mail.mails) == 1

    def test_its_id_alone_is_enough(self, mail: MailServer) -> None:
        given = a_run()
        alerts.run_failed({"dag": given["dag"], "run_id": given["run_id"], "reason": "task_failure"})
        assert mail.mails[0].subject == f"Trending Celebrities: the run of {NOW:%Y-%m-%d %H:%M} UTC failed"

    def test_of_a_thousand_sites_some_are_named(
        self, mail: MailServer, folder_store: FolderStore, tmp_path: Path
    ) -> None:
        words = {"time": NOW, "outcome": "failed", "task": "screenshot", "reason": "x" * 5_000, "source": "live"}
        from celeb_ops.dataset.tables import update_captures

        update_captures(
            folder_store, NOW, [], [Outcome.model_validate({"site": f"S{number}", **words}) for number in range(1_000)]
        )
        alerts.run_failed(a_run(states=red()))
        (one,) = mail.mails
        assert one.subject.endswith("failed (S0, S1, S10 and 997 more)")
        assert "1,000 of 1,000 sites failed:\n- S0: xxx" in one.text
        assert "- and 980 more." in one.text
        assert len(one.text) < 12_000


class TestWhoIsTold:
    @pytest.mark.parametrize("kind", ["manual", "backfill", "operator_triggered", ""])
    def test_nobody_of_a_run_that_the_schedule_has_not_started(self, kind: str, mail: MailServer) -> None:
        alerts.run_failed(a_run(kind=kind, states=red()))
        assert mail.mails == []

    def test_the_trends_tasks_are_told_of_by_name(self, mail: MailServer) -> None:
        states = {"build_trends": "failed", "write_report": "upstream_failed"}
        alerts.run_failed(a_run(kind="asset_triggered", dag_id="celebrity_trends", states=states))
        (one,) = mail.mails
        assert one.subject == (
            f"Trending Celebrities: the run of celebrity_trends of {NOW:%Y-%m-%d %H:%M} UTC failed (build_trends)"
        )
        assert "mend what it says" in one.text

    def test_nobody_without_a_connection_and_nothing_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            alerts.run_failed(a_run(states=red()))
            alerts.run_succeeded(a_run())
            asyncio.run(alerts.run_late(late()))
        assert caplog.text == ""


class TestSites:
    def runs(self, store: FolderStore, *outcomes: str) -> None:
        for number, outcome in enumerate(outcomes):
            when = NOW + (number - len(outcomes) + 1) * HALF_DAY
            captured(store, when, outcome, "PEREZHILTON")
            alerts.run_succeeded(a_run(when))

    def test_one_that_fails_though_the_run_is_green_is_told_of_and_that_it_is_back(
        self, mail: MailServer, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looking, "NEWS_FOR", timedelta(days=9))
        self.runs(folder_store, "failed", "failed", "failed", "failed", "seen", "seen")
        failing, back = mail.mails
        assert failing.subject == "Trending Celebrities: PEREZHILTON failed 3 times in a row"
        assert "- PEREZHILTON (optional) (3 times in a row, since " in failing.text
        assert "its options stand in the sites file" in failing.text.lower()
        assert back.subject == "Trending Celebrities: PEREZHILTON can be seen again"
        assert "- PEREZHILTON, after 3 or more failures in a row" in back.text

    def test_a_run_that_is_done_again_tells_it_once(self, mail: MailServer, folder_store: FolderStore) -> None:
        for back in range(3):
            captured(folder_store, NOW - back * HALF_DAY, "failed", "PEREZHILTON")
        for _ in range(3):
            alerts.run_succeeded(a_run())
        assert len(mail.mails) == 1

    def test_an_old_run_says_nothing_of_them(self, mail: MailServer, folder_store: FolderStore) -> None:
        for back in range(4, 8):
            captured(folder_store, NOW - back * HALF_DAY, "failed", "PEREZHILTON")
        alerts.run_succeeded(a_run(NOW - 4 * HALF_DAY))
        assert mail.mails == []

    def test_what_did_not_get_through_is_told_the_next_time(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CELEBS_NOTIFY_AFTER", "1")
        captured(folder_store, NOW - HALF_DAY, "failed", "PEREZHILTON")
        connect(monkeypatch, free_port())
        alerts.run_succeeded(a_run(NOW - HALF_DAY))
        captured(folder_store, NOW, "failed", "PEREZHILTON")
        with MailServer() as server:
            connect(monkeypatch, server.port)
            alerts.run_succeeded(a_run())
        assert [one.subject for one in server.mails] == ["Trending Celebrities: PEREZHILTON failed 2 times in a row"]

    def test_a_failed_run_tells_of_them_too_and_keeps_only_what_it_told(
        self, mail: MailServer, folder_store: FolderStore, tmp_path: Path
    ) -> None:
        optional = [f"O{number:02}" for number in range(12)]
        listed = [{"url": "https://x.example.com/", "name": name, "optional": True} for name in optional]
        required = [{"url": "https://x.example.com/", "name": f"S{number:02}"} for number in range(25)]
        (tmp_path / "sites.yaml").write_text(json.dumps({"sites": [*listed, *required]}))
        names = [site["name"] for site in (*listed, *required)]
        for back in range(3):
            for name in optional:
                captured(folder_store, NOW - back * HALF_DAY, "failed", name)
        for site in required:
            captured(folder_store, NOW, "failed", site["name"])
        alerts.run_failed(a_run(states=red(), counted=names))
        (one,) = mail.mails
        told = list(ToldSites.of(folder_store).sites)
        assert told == optional[:10]
        assert [name for name in told if f"- {name} (optional) (3 times in a row" not in one.text] == []
        assert "- and 2 more, of which the next runs tell." in one.text

    def test_that_nothing_can_be_kept_is_a_warning(
        self,
        mail: MailServer,
        folder_store: FolderStore,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def full(key: str, content: bytes) -> None:
            raise StoreError("The disk is full.")

        monkeypatch.setenv("CELEBS_NOTIFY_AFTER", "1")
        captured(folder_store, NOW, "failed", "PEREZHILTON")
        monkeypatch.setattr(folder_store, "write", full)
        monkeypatch.setattr(s3, "open_store", lambda settings: folder_store)
        alerts.run_succeeded(a_run())
        assert len(mail.mails) == 1
        assert "they will be told again: The disk is full." in caplog.text


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
        asyncio.run(alerts.run_late(late()))
        (one,) = mail.mails
        assert one.subject == f"Trending Celebrities: the run of {NOW:%Y-%m-%d %H:%M} UTC is late"
        assert "has not ended 1.5 h after its time (CELEBS_LATE_H)." in one.text
        assert f"It began at {NOW:%Y-%m-%d %H:%M} UTC and is still at work." in one.text

    def test_or_that_it_has_not_begun(self, mail: MailServer) -> None:
        asyncio.run(alerts.run_late(late(state="queued", start_date=None)))
        assert "It has not begun." in mail.mails[0].text

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
        asyncio.run(alerts.run_late(late(**given)))
        assert mail.mails == []

    def test_the_triggerer_goes_on_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(alerts, "SEND_S", 1)
        with MailServer(greeting=NEVER) as server:
            connect(monkeypatch, server.port)

            async def beside() -> int:
                telling = asyncio.create_task(alerts.run_late(late()))
                beats = 0
                while not telling.done():
                    beats += 1
                    await asyncio.sleep(0.05)
                return beats

            assert asyncio.run(beside()) > 10


class TestTrouble:
    @pytest.mark.parametrize("trouble", ["nobody", "silent"])
    def test_a_server_that_can_not_be_reached_is_a_warning_after_seconds(
        self, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(alerts, "SEND_S", 1)
        start = time.monotonic()
        with MailServer(greeting=NEVER) as server:
            connect(monkeypatch, server.port if trouble == "silent" else free_port())
            alerts.run_failed(a_run(states=red()))
        assert time.monotonic() - start < 6
        (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
        assert "could not be sent by the connection celebs_notify" in warning.getMessage()
        assert "Check the connection" in warning.getMessage()
        assert SECRET not in caplog.text

    def test_all_runs_that_a_process_tells_of_have_one_time(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(alerts, "BUDGET", Budget(2))
        start = time.monotonic()
        with MailServer(greeting=NEVER) as server:
            connect(monkeypatch, server.port)
            for back in range(4):
                alerts.run_failed(a_run(NOW - back * HALF_DAY, states=red()))
        assert time.monotonic() - start < 4
        assert server.connections == 1
        assert (
            caplog.text.count("Nobody was told that a run failed: no time is left for it of the 2 s for all messages")
            == 3
        )

    def test_where_little_time_is_left_the_message_goes_and_says_less(
        self, mail: MailServer, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed(folder_store, NOW)
        monkeypatch.setattr(alerts, "BUDGET", Budget(alerts.SEND_S - 1))
        alerts.run_failed(a_run(states=red()))
        (one,) = mail.mails
        assert "Gone." not in one.text

    @pytest.mark.parametrize("trouble", ["get_connection", "get_task_states"])
    def test_airflow_s_api_is_not_waited_for_either(
        self, trouble: str, mail: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        from airflow.sdk import BaseHook

        monkeypatch.setattr(alerts, "CONNECT_S" if trouble == "get_connection" else "ASK_S", 0.2)
        given = a_run(states=red())
        silent = BaseHook if trouble == "get_connection" else given["ti"]
        monkeypatch.setattr(silent, trouble, lambda *_, **__: time.sleep(5))
        start = time.monotonic()
        alerts.run_failed(given)
        assert time.monotonic() - start < 4
        assert "no answer within 0.2 s" in caplog.text
        assert len(mail.mails) == (0 if trouble == "get_connection" else 1)

    def test_a_connection_that_can_not_be_used_is_a_warning(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        connect(monkeypatch, 25)
        monkeypatch.setenv("CELEBS_NOTIFY_TO", "nobody")
        alerts.run_failed(a_run(states=red()))
        asyncio.run(alerts.run_late(late()))
        assert "Nobody was told that a run failed: CELEBS_NOTIFY_TO: 'nobody' is no mail address" in caplog.text
        assert "Nobody was told that a run is late: CELEBS_NOTIFY_TO: 'nobody' is no mail address" in caplog.text
        assert SECRET not in caplog.text
