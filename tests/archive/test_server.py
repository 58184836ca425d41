"""The archive that other tests rely on: what it answers, as an archive that speaks Memento (RFC 7089) does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.archive import server
from tests.archive.asking import NOON, asked
from tests.archive.conftest import EVENING, MORNING, NEXT_DAY, PAGE, PICTURE, SITE
from tests.archive.server import archive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.archive.server import Archive

MORNING_SAID = "Fri, 20 Nov 2026 08:03:07 GMT"


class TestTheTimeGate:
    def test_leads_to_the_record_that_is_nearest(self, news: Archive) -> None:
        answer = asked(f"{news.timegate}{SITE}/", NOON)
        assert (answer.status, answer.headers["Location"]) == (307, news.memento(f"{SITE}/", MORNING, ""))
        assert answer.headers["Vary"] == "accept-datetime"
        assert "Memento-Datetime" not in answer.headers
        assert f'rel="memento"; datetime="{MORNING_SAID}"' in answer.headers["Link"]

    def test_can_answer_with_the_record_itself(self, straight: Archive) -> None:
        answer = asked(f"{straight.timegate}{SITE}/", NOON)
        assert (answer.status, answer.headers["Memento-Datetime"]) == (200, MORNING_SAID)
        assert answer.headers["Content-Location"] == straight.memento(f"{SITE}/", MORNING, "")

    def test_knows_no_address_that_was_not_recorded(self, news: Archive, straight: Archive) -> None:
        for one in (news, straight):
            answer = asked(f"{one.timegate}{SITE}/never", NOON)
            assert (answer.status, answer.headers["Memento-Datetime"], answer.headers["Link"]) == (404, None, None)


class TestAMemento:
    def test_is_what_was_recorded_and_nothing_else(self, news: Archive) -> None:
        answer = asked(news.memento(f"{SITE}/", MORNING))
        assert (answer.status, answer.body) == (200, PAGE.encode())
        assert answer.headers["Memento-Datetime"] == MORNING_SAID
        # What is about the site's caches and not about the content gets another name.
        assert (answer.headers["Cache-Control"], answer.headers["X-Archive-Orig-Cache-Control"]) == (None, "no-store")

    def test_of_a_time_between_two_leads_to_the_nearest(self, news: Archive) -> None:
        between = MORNING.replace(hour=12)
        answer = asked(news.memento(f"{SITE}/", between))
        assert (answer.status, answer.headers["Location"]) == (307, news.memento(f"{SITE}/", MORNING))
        assert "Memento-Datetime" not in answer.headers

    def test_of_a_time_between_two_is_the_nearest_with_its_own_time(self, straight: Archive) -> None:
        answer = asked(straight.memento(f"{SITE}/", MORNING.replace(hour=12)))
        assert (answer.status, answer.body) == (200, PAGE.encode())
        assert answer.headers["Memento-Datetime"] == MORNING_SAID
        assert answer.headers["Content-Location"] == straight.memento(f"{SITE}/", MORNING)

    def test_of_a_page_that_had_not_changed_has_its_own_time(self, news: Archive) -> None:
        answer = asked(news.memento(f"{SITE}/", EVENING))
        assert (answer.status, answer.body) == (200, PAGE.encode())
        assert answer.headers["Memento-Datetime"] == "Fri, 20 Nov 2026 20:03:07 GMT"

    def test_is_compressed_only_for_those_who_say_that_they_can_read_it(self, news: Archive) -> None:
        address = news.memento(f"{SITE}/", NEXT_DAY)
        assert asked(address).body == b"<h1>Another day</h1>"
        answer = asked(address, {"Accept-Encoding": "gzip"})
        assert (answer.headers["Content-Encoding"], answer.body[:2]) == ("gzip", b"\x1f\x8b")

    def test_keeps_its_query(self, news: Archive) -> None:
        assert asked(news.memento(f"{SITE}/picture?id=1&width=2", MORNING)).body == PICTURE
        assert asked(news.memento(f"{SITE}/picture?id=2&width=2", MORNING)).status == 404

    def test_of_a_picture_may_be_that_of_another_query_and_says_so(self, straight: Archive) -> None:
        answer = asked(straight.memento(f"{SITE}/harbour.jpg?width=640", MORNING))
        assert (answer.status, answer.body) == (200, PICTURE)
        assert answer.headers["Content-Location"] == straight.memento(f"{SITE}/harbour.jpg", MORNING)
        assert answer.headers["Link"].startswith(f'<{SITE}/harbour.jpg>; rel="original"')

    def test_for_a_frame_leads_into_the_archive(self, news: Archive) -> None:
        page = asked(news.memento(f"{SITE}/", MORNING, "if_")).body
        assert b"/coll/20261120080307im_/http://news.example/harbour.jpg" in page
        style = asked(news.memento(f"{SITE}/style.css", MORNING, "if_")).body
        assert b"_/http://news.example/harbour.jpg)" in style

    @pytest.mark.parametrize(("page", "status"), [("gone", 404), ("busy", 503), ("robots", 403)])
    def test_of_an_error_is_told_from_the_archives_own_by_its_time(self, page: str, status: int, news: Archive) -> None:
        answer = asked(news.memento(f"{SITE}/{page}", MORNING))
        assert (answer.status, answer.headers["Memento-Datetime"]) == (status, MORNING_SAID)
        missing = asked(news.memento(f"{SITE}/never", MORNING))
        assert (missing.status, missing.headers["Memento-Datetime"]) == (404, None)

    def test_of_a_redirect_leads_where_the_site_did(self, news: Archive) -> None:
        answer = asked(news.memento(f"{SITE}/old", MORNING))
        assert (answer.status, answer.headers["Location"]) == (302, "https://www.news.example/new")
        assert answer.headers["Memento-Datetime"] == MORNING_SAID
        assert asked(news.memento(f"{SITE}/older", MORNING)).headers["Location"] == "/"

    def test_of_a_redirect_leads_into_the_archive_for_a_frame(self, news: Archive) -> None:
        answer = asked(news.memento(f"{SITE}/old", MORNING, "if_"))
        assert answer.headers["Location"] == news.memento("https://www.news.example/new", MORNING, "if_")

    def test_of_a_redirect_to_the_same_page_is_none(self, news: Archive) -> None:
        # http, https and www. are one page to an archive: what leads from one to the other would lead to itself.
        answer = asked(f"{news.timegate}http://moved.example/", NOON)
        assert (answer.status, answer.headers["Memento-Datetime"]) == (400, None)


class TestTheServer:
    def test_ends_with_all_that_it_started(self, recording: Path, tmp_path: Path) -> None:
        before = set(psutil.Process().children(recursive=True))
        with archive(tmp_path / "archive", [recording]) as running:
            started = set(psutil.Process().children(recursive=True)) - before
            assert started
            assert asked(running.memento(f"{SITE}/", MORNING)).status == 200
        assert [process for process in started if process.is_running()] == []
        with pytest.raises(ConnectionRefusedError):
            asked(running.memento(f"{SITE}/", MORNING))

    def test_that_can_not_start_says_why(
        self, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "wayback").write_text("#!/bin/sh\necho no such luck >&2; exit 1\n")
        (tmp_path / "wayback").chmod(0o755)
        os.symlink(server.PROGRAMS / "cdx-indexer", tmp_path / "cdx-indexer")
        monkeypatch.setattr(server, "PROGRAMS", tmp_path)
        with pytest.raises(RuntimeError, match="no such luck"), archive(tmp_path / "archive", [recording]):
            pass

    def test_that_is_not_installed_says_what_to_do(
        self, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server, "PROGRAMS", tmp_path / "nowhere")
        with pytest.raises(FileNotFoundError, match="make setup-dev"), archive(tmp_path / "archive", [recording]):
            pass
