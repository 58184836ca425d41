"""The front before the archive hands on what pywb says, counts, and misbehaves as it is told."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.archive.asking import NOON, asked
from tests.archive.conftest import MORNING, NEXT_DAY, SITE
from tests.archive.front import CUT, HALF, Front, Refused, Slow

if TYPE_CHECKING:
    from tests.archive.server import Archive


@pytest.mark.parametrize("page", ["", "harbour.jpg", "gone", "old", "never", "picture?id=1&width=2"])
@pytest.mark.parametrize("modifier", ["id_", "if_", ""])
def test_what_the_archive_says_comes_through(page: str, modifier: str, news: Archive, busy: Front) -> None:
    direct = asked(news.memento(f"{SITE}/{page}", MORNING, modifier))
    through = asked(busy.memento(f"{SITE}/{page}", MORNING, modifier))
    assert (through.status, through.body) == (
        direct.status,
        # The archive's own address is the one at which it was asked.
        direct.body.replace(news.address.encode(), busy.address.encode()),
    )
    aside = {"date", "transfer-encoding", "content-length"}
    expected = [(name, value.replace(news.address, busy.address)) for name, value in direct.headers.items()]
    assert [(name, value) for name, value in through.headers.items() if name.lower() not in aside] == [
        (name, value) for name, value in expected if name.lower() not in aside
    ]


def test_what_is_compressed_comes_through_so(news: Archive, busy: Front) -> None:
    ask = {"Accept-Encoding": "gzip"}
    through = asked(busy.memento(f"{SITE}/", NEXT_DAY), ask)
    assert through.body == asked(news.memento(f"{SITE}/", NEXT_DAY), ask).body
    assert through.headers["Content-Encoding"] == "gzip"


def test_the_timegate_leads_through_the_front(busy: Front) -> None:
    assert asked(f"{busy.timegate}{SITE}/", NOON).headers["Location"] == busy.memento(f"{SITE}/", MORNING, "")


def test_an_archived_redirect_can_lead_into_the_archive(busy: Front) -> None:
    busy.redirects_inside = True
    old = asked(busy.memento(f"{SITE}/old", MORNING))
    assert (old.status, old.headers["Location"]) == (302, busy.memento("https://www.news.example/new", MORNING))
    assert old.headers["Memento-Datetime"] == "Fri, 20 Nov 2026 08:03:07 GMT"
    older = asked(busy.memento(f"{SITE}/older", MORNING))
    assert (older.status, older.headers["Location"]) == (301, busy.memento(f"{SITE}/", MORNING))
    framed = asked(busy.memento(f"{SITE}/old", MORNING, "if_"))
    assert framed.headers["Location"] == busy.memento("https://www.news.example/new", MORNING, "if_")
    # The archive's own.
    between = asked(busy.memento(f"{SITE}/", MORNING.replace(hour=12)))
    assert between.headers["Location"] == busy.memento(f"{SITE}/", MORNING)


def test_requests_and_connections_are_counted(busy: Front) -> None:
    address = urlsplit(busy.address).netloc
    page = urlsplit(busy.memento(f"{SITE}/", MORNING)).path
    first, second = http.client.HTTPConnection(address), http.client.HTTPConnection(address)
    for connection in (first, first, second):
        connection.request("GET", page, headers={"User-Agent": "me"})
        connection.getresponse().read()
    assert [(request.path, request.connection) for request in busy.requests] == [(page, 1), (page, 1), (page, 2)]
    assert busy.requests[0].at <= busy.requests[1].at <= time.monotonic()
    assert busy.requests[0].headers["user-agent"] == "me"
    assert (busy.open, busy.most_open, busy.connections) == (2, 2, 2)
    assert busy.most_at_once == 1
    first.close()
    second.close()
    deadline = time.monotonic() + 10
    while busy.open and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (busy.open, busy.most_open) == (0, 2)


def test_refusals_are_given_one_each_and_are_no_mementos(busy: Front) -> None:
    until = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
    busy.give(Refused(429, retry_after=7), Refused(503, retry_after=until), Refused(429))
    answers = [asked(busy.memento(f"{SITE}/", MORNING)) for _ in range(4)]
    assert [answer.status for answer in answers] == [429, 503, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert parsedate_to_datetime(answers[1].headers["Retry-After"]) == until
    assert "Retry-After" not in answers[2].headers
    assert all("Memento-Datetime" not in answer.headers for answer in answers[:3])
    assert len(busy.faults) == 3


def test_a_fault_waits_for_the_request_that_it_is_for(busy: Front) -> None:
    busy.give(Refused(503), to="harbour")
    pages = [busy.memento(f"{SITE}/{page}", MORNING) for page in ("", "harbour.jpg", "harbour.jpg")]
    assert [asked(page).status for page in pages] == [200, 503, 200]


def test_connections_are_cut_before_and_in_the_middle_of_an_answer(busy: Front) -> None:
    busy.give(CUT, HALF)
    with pytest.raises(http.client.RemoteDisconnected):
        asked(busy.memento(f"{SITE}/", MORNING))
    with pytest.raises(http.client.IncompleteRead):
        asked(busy.memento(f"{SITE}/", MORNING))


def test_a_slow_answer_comes(busy: Front) -> None:
    busy.give(Slow(0.3))
    start = time.monotonic()
    assert asked(busy.memento(f"{SITE}/", MORNING)).status == 200
    assert time.monotonic() - start >= 0.3


def test_answers_that_are_made_at_the_same_time_are_counted(busy: Front) -> None:
    busy.give(Slow(0.3), Slow(0.3))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(asked, [busy.memento(f"{SITE}/", MORNING)] * 2))
    assert [answer.status for answer in answers] == [200, 200]
    assert busy.most_at_once == 2


def test_more_than_the_rate_is_refused(busy: Front) -> None:
    busy.rate, busy.retry_after = 3, 2
    page = busy.memento(f"{SITE}/", MORNING)
    answers = [asked(page) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "2"
    time.sleep(1.1)
    assert asked(page).status == 200
