"""People hear of those on their watch list: by a real mail server, and a web server in Slack's place."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotifyError, WatchListError
from celeb_ops.core.removal_list import RemovalList, RemovedPerson, add
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import FolderStore
from celeb_ops.operators.notifying import check_watch_list, newsworthy_run, notify_people
from celeb_ops.report.digest import Digest, digest
from celeb_ops.report.table_cache import Tables
from celeb_ops.report.writing import write_report
from tests.factories import a_picture
from tests.mail import MailServer
from tests.notifications.test_callbacks import connect
from tests.trends.rows import Rows
from tests.web import free_port

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HALF_DAY = timedelta(hours=12)
HOSTILE = "Cher <img src=x onerror=alert(1)> & <!channel> sings"


@pytest.fixture(autouse=True)
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "watch.yaml"
    path.write_text("watch: [{name: Cher, when: [first seen, on 2 sites at once]}, {name: Adele, when: first seen}]")
    monkeypatch.setenv("CELEBS_WATCH", str(path))
    monkeypatch.setenv("CELEBS_GALLERY", str(tmp_path))
    return path


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with MailServer() as server:
        connect(monkeypatch, server.port)
        yield server


@pytest.fixture
def rows(folder_store: FolderStore) -> Rows:
    """Two sites show Cher for the first time."""
    rows = Rows()
    for site in ("PEOPLE", "TMZ"):
        rows.seen(site, NOW, {"name": "Cher", "headline": HOSTILE, "link": f"https://{site}.example/cher?a=1&b=2"})
        folder_store.write(f"Faces/{keys.stem(site, NOW)}/0.jpeg", a_picture())
    return rows


def tell(store: FolderStore, rows: Rows | None = None, when: datetime = NOW, kind: str = "scheduled") -> str | None:
    if rows:
        rows.write(store)
        trends.build(store)
    return notify_people(context(when, kind), store, Settings.load())


def context(when: datetime, *kinds: str) -> Any:
    extras = [{"time": keys.iso(when), "run_type": kind} for kind in kinds]
    events = [SimpleNamespace(extra=extra) for extra in extras]
    return {"dag_run": SimpleNamespace(consumed_asset_events=events, logical_date=None, run_type=None)}


def test_one_mail_a_run_with_a_picture_and_the_words(mail: MailServer, folder_store: FolderStore, rows: Rows) -> None:
    assert tell(folder_store, rows) == "sent news of 1 person"
    (one,) = mail.mails
    assert (one.to, one.subject) == (["press@example.com"], "Trending Celebrities: Cher in the press")
    assert one.message["Auto-Submitted"] == "auto-generated"
    plain = one.message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert plain.startswith(f"In the run of {NOW:%Y-%m-%d %H:%M} UTC:\n\nCher: first seen, on 2 sites at once\n- ")
    assert "first seen, on 2 sites at once" in one.html
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &lt;!channel&gt; sings" in one.html
    assert 'href="https://TMZ.example/cher?a=1&amp;b=2"' in one.html
    (picture,) = [part for part in one.message.walk() if part.get_content_type() == "image/jpeg"]
    cid = picture["Content-ID"].strip("<>")
    assert f'src="cid:{cid}"' in one.html
    assert picture.get_content().startswith(b"\xff\xd8")


def test_nothing_twice_after_clears_retries_and_backfills(
    mail: MailServer, folder_store: FolderStore, rows: Rows
) -> None:
    tell(folder_store, rows)
    # The task is cleared; a site is cleared, and shows somebody more; a backfill repeats the run.
    assert tell(folder_store) is None
    rows.seen("EONLINE", NOW, "Adele")
    assert tell(folder_store, rows) is None
    assert tell(folder_store, kind="backfill") is None
    # The next run shows the same.
    later = NOW + HALF_DAY
    for site in ("PEOPLE", "TMZ"):
        rows.seen(site, later, "Cher")
    assert tell(folder_store, rows, later) is None
    # And the run before it is cleared.
    assert tell(folder_store, when=NOW) is None
    assert len(mail.mails) == 1


def test_a_run_without_a_message_may_get_one_later(mail: MailServer, folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("TMZ", NOW, "Somebody")
    assert tell(folder_store, rows) is None
    rows.seen("PEOPLE", NOW, "Adele")
    assert tell(folder_store, rows) == "sent news of 1 person"
    assert [one.subject for one in mail.mails] == ["Trending Celebrities: Adele in the press"]


@pytest.mark.parametrize(("kind", "ago"), [("backfill", timedelta()), ("scheduled", timedelta(days=2))])
def test_backfills_send_no_message(
    kind: str,
    ago: timedelta,
    mail: MailServer,
    folder_store: FolderStore,
) -> None:
    rows = Rows()
    rows.seen("TMZ", NOW - ago, "Cher")
    assert tell(folder_store, rows, NOW - ago, kind) is None
    assert mail.mails == []


def test_no_message_names_a_removed_person(mail: MailServer, folder_store: FolderStore, rows: Rows) -> None:
    add(folder_store, RemovedPerson("Chér"))
    assert tell(folder_store, rows) is None
    assert mail.mails == []
    assert not folder_store.exists(keys.NOTIFIED)


def test_what_could_not_be_sent_is_sent_by_the_next_try(
    folder_store: FolderStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, free_port())
    with pytest.raises(NotifyError, match="not sent"):
        tell(folder_store, rows)
    with MailServer() as server:
        connect(monkeypatch, server.port)
        assert tell(folder_store) is not None
        assert len(server.mails) == 1
    assert b"Cher" not in folder_store.read(keys.NOTIFIED)


def test_a_continued_rise_is_sent_once(mail: MailServer, folder_store: FolderStore, watch: Path) -> None:
    watch.write_text("watch: [{name: Cher, when: rising}]")
    rows = Rows()
    for day in range(35):
        when = NOW - timedelta(days=34 - day)
        rows.seen("A", when, *(["Cher"] if day >= 28 or day % 14 == 0 else []), "Adele")
        rows.seen("B", when, *(["Cher"] if day >= 28 else []))
    assert tell(folder_store, rows) is not None
    later = NOW + HALF_DAY
    for site in "AB":
        rows.seen(site, later, "Cher")
    assert tell(folder_store, rows, later) is None
    assert len(mail.mails) == 1


def test_slack_gets_a_block_per_person_without_markup(
    httpserver: HTTPServer, folder_store: FolderStore, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/services/T/B/X", method="POST").respond_with_data("ok")
    webhook = httpserver.url_for("/services/T/B/X")
    monkeypatch.setenv("AIRFLOW_CONN_CELEBS_NOTIFY", json.dumps({"conn_type": "slackwebhook", "password": webhook}))
    assert tell(folder_store, rows) is not None
    assert tell(folder_store) is None
    ((request, _),) = httpserver.log
    sent = json.loads(request.get_data())
    ((section,),) = [block["elements"] for block in sent["blocks"]]
    name, why, site, link, *_ = section["elements"]
    assert (name["text"], why["text"], site["text"]) == ("Cher", " – first seen, on 2 sites at once", "\nPEOPLE: ")
    assert (link["type"], link["url"], link["text"]) == ("link", "https://PEOPLE.example/cher?a=1&b=2", HOSTILE)
    assert "<!channel>" not in sent["text"]


def test_without_a_connection_or_a_list_nothing_happens(folder_store: FolderStore, rows: Rows, watch: Path) -> None:
    assert tell(folder_store, rows) is None
    watch.unlink()
    assert tell(folder_store) is None
    assert not folder_store.exists(keys.NOTIFIED)


def test_make_run_is_notified_too() -> None:
    run = SimpleNamespace(consumed_asset_events=[], logical_date=NOW, run_type=SimpleNamespace(value="manual"))
    assert newsworthy_run({"dag_run": run}, NOW + HALF_DAY) == NOW
    assert newsworthy_run(context(NOW, "backfill", "scheduled"), NOW) == NOW


def test_the_list_is_checked_before_any_work(
    folder_store: FolderStore, watch: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (watch.parent / "Cher").mkdir()
    (watch.parent / "Cher" / "1.jpg").write_bytes(b"")
    watch.write_text("watch: [{name: Chef, when: rising}]")
    with caplog.at_level(logging.WARNING):
        check_watch_list(Settings.load(), folder_store)
    assert "Chef is in neither gallery nor dataset: did you mean Cher?" in caplog.text
    watch.write_text("watch: [{name: Cher, when: soon}]")
    with pytest.raises(WatchListError, match="'soon' is none of"):
        check_watch_list(Settings.load(), folder_store)


class TestDigest:
    """The day or week that has ended, once."""

    @pytest.fixture
    def history(self, folder_store: FolderStore, watch: Path) -> Rows:
        """Five weeks: Cher rises in the last one, Adele is always there, Ada is new, TMZ fails once a day."""
        watch.unlink()
        rows = Rows()
        for day in range(36):
            when = NOW - timedelta(days=35 - day)
            cher = {"name": "Cher", "headline": HOSTILE, "link": "https://a.example/cher"}
            for site in ("A", "B"):
                shown = [cher] if day >= 29 or (site == "A" and day % 14 == 0) else []
                rows.seen(site, when, "Adele", *shown, *(["Ada"] if day >= 33 else []))
            rows.missed("TMZ", when, reason="Cher <b>broke</b> the server.")
        rows.write(folder_store)
        trends.build(folder_store)
        for sighting in rows.sightings[-6:]:
            folder_store.write(sighting["crop"], a_picture())
        return rows

    @pytest.mark.parametrize(("kind", "days", "captures"), [("daily", 1, 2), ("weekly", 7, 14)])
    def test_a_mail_of_what_has_ended(
        self,
        kind: str,
        days: int,
        captures: int,
        mail: MailServer,
        folder_store: FolderStore,
        history: Rows,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CELEBS_DIGEST", kind)
        monkeypatch.setenv("CELEBS_REPORT_URL", "https://press.example/celebs")
        last = NOW.date() - timedelta(days=1 if kind == "daily" else NOW.weekday() + 1)
        told = tell(folder_store)
        (one,) = mail.mails
        assert told.endswith(f"{last:%-d %b %Y}")
        assert one.subject == told.replace("sent the digest of", "Trending Celebrities: the press,")
        text = one.message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert f"{captures} of {captures + days} attempted pages captured." in text
        assert re.search(r"- Cher: rising ×\d[\d.]* \(\d[\d.]*–\d+\)\n", text)
        assert "- Ada: newcomer\n" in text
        assert f"- Adele: 100 %, {captures} captures\n" in text
        assert f"- TMZ: {days} of {days} time" in text
        assert text.rstrip().endswith("https://press.example/celebs/index.html")
        assert "Cher &lt;img src=x onerror=alert(1)&gt;" in one.html
        assert "<b>broke" not in one.html
        pictures = {part["Content-ID"].strip("<>") for part in one.message.walk() if "image" in part.get_content_type()}
        assert pictures == set(re.findall(r'src="cid:([^"]+)"', one.html)) != set()

    def test_once_a_day_after_clears_retries_backfills_and_later_runs(
        self, mail: MailServer, folder_store: FolderStore, history: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CELEBS_DIGEST", "daily")
        assert tell(folder_store, kind="backfill") is None
        assert tell(folder_store) is not None
        for _ in range(2):
            assert tell(folder_store) is None
        # What was told of yesterday changes by a backfill, and the week's digest has it all.
        history.seen("C", NOW - timedelta(days=1), "Somebody")
        assert tell(folder_store, history) is None
        assert len(mail.mails) == 1
        # The first run of the next day.
        history.seen("A", NOW + timedelta(days=1), "Adele")
        assert tell(folder_store, history, NOW + timedelta(days=1)) is not None
        assert len(mail.mails) == 2

    def test_what_could_not_be_sent_is_sent_by_the_next_try(
        self, folder_store: FolderStore, history: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CELEBS_DIGEST", "weekly")
        connect(monkeypatch, free_port())
        with pytest.raises(NotifyError, match="not sent"):
            tell(folder_store)
        with MailServer() as server:
            connect(monkeypatch, server.port)
            assert tell(folder_store) is not None
            assert tell(folder_store) is None
            assert len(server.mails) == 1

    def test_off_by_default_and_without_people_who_asked_to_be_removed(
        self, mail: MailServer, folder_store: FolderStore, history: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_report(folder_store, Settings.load())
        assert tell(folder_store) is None
        assert not folder_store.exists(keys.DIGEST)
        add(folder_store, RemovedPerson("Chér"))
        monkeypatch.setenv("CELEBS_DIGEST", "daily")
        write_report(folder_store, Settings.load())
        assert tell(folder_store) is not None
        page = folder_store.read(keys.DIGEST).decode()
        for content in (page, mail.mails[0].html, mail.mails[0].message.get_body(("plain",)).get_content()):
            assert "Adele" in content
            assert "Cher" not in content
        assert 'src="data:image/jpeg;base64,' in page
        monkeypatch.delenv("CELEBS_DIGEST")
        write_report(folder_store, Settings.load())
        assert not folder_store.exists(keys.DIGEST)

    def test_slack_gets_it_as_blocks_with_a_link(
        self, httpserver: HTTPServer, folder_store: FolderStore, history: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CELEBS_DIGEST", "daily")
        monkeypatch.setenv("CELEBS_REPORT_URL", "https://press.example/celebs/")
        httpserver.expect_request("/services/T/B/X", method="POST").respond_with_data("ok")
        webhook = httpserver.url_for("/services/T/B/X")
        monkeypatch.setenv("AIRFLOW_CONN_CELEBS_NOTIFY", json.dumps({"conn_type": "slackwebhook", "password": webhook}))
        assert tell(folder_store) is not None
        ((request, _),) = httpserver.log
        sections = [block["elements"][0]["elements"] for block in json.loads(request.get_data())["blocks"]]
        assert (sections[0][0]["type"], sections[0][0]["url"]) == ("link", "https://press.example/celebs/index.html")
        assert [parts[0]["text"].partition(",")[0].rstrip(":") for parts in sections[1:]] == [
            "On the move",
            "Shown most",
            "Sites that failed",
        ]

    def test_nothing_of_a_day_without_a_run(self, mail: MailServer, folder_store: FolderStore, watch: Path) -> None:
        rows = Rows()
        rows.seen("A", NOW, "Cher")
        rows.write(folder_store)
        trends.build(folder_store)
        assert digest(Tables(folder_store).now(), RemovalList(), "daily") is None
        assert digest(Tables(folder_store).now(), RemovalList(), "off") is None

    @pytest.mark.parametrize(
        ("first", "last", "words"),
        [
            (date(2026, 11, 23), date(2026, 11, 29), "23 to 29 Nov 2026"),
            (date(2026, 11, 30), date(2026, 12, 6), "30 Nov to 6 Dec 2026"),
            (date(2026, 11, 29), date(2026, 11, 29), "29 Nov 2026"),
        ],
    )
    def test_its_days_in_words(self, first: date, last: date, words: str) -> None:
        assert Digest("", first, last, NOW, 0, 0, [], [], []).days == words
