"""What an archive is asked and what is made of its answers: a real pywb, and a front that misbehaves."""

import gzip
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from celeb_ops.archive import memento
from celeb_ops.archive.memento import Memento, normalised
from celeb_ops.archive.rate_limiter import Deadline, RateLimiter
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError, PermanentError
from tests.archive.conftest import EVENING, MORNING, NEXT_DAY, PICTURE, SITE
from tests.archive.front import CUT, HALF, Front, Refused, Slow

NOON = MORNING.replace(hour=12, minute=0, second=0)
HOUR = timedelta(hours=1)
IS_IT_UP = "If it is up and CELEBS_ARCHIVE_URL is right, clear the task later."


class Noting(RateLimiter):
    """Notes for how long nobody is to ask, and does not wait."""

    def __init__(self, folder: Path, timegate: str) -> None:
        super().__init__(folder, timegate, 1000)
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        if seconds > self._interval_s:
            self.pauses.append(seconds)
        else:
            super().pause(seconds)


def soon() -> Deadline:
    return Deadline(30)


@pytest.fixture(params=["leads", "answers"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[memento.Archive]:
    """An archive that leads to the nearest copy, and one that answers with it at once."""
    name = "news" if request.param == "leads" else "straight"
    timegate = request.getfixturevalue(name).timegate
    with memento.Archive(timegate, Noting(tmp_path, timegate)) as archive:
        yield archive


@pytest.fixture
def limiter(busy: Front, tmp_path: Path) -> Noting:
    return Noting(tmp_path, busy.timegate)


@pytest.fixture
def archive(busy: Front, limiter: Noting) -> Iterator[memento.Archive]:
    """The archive behind the front."""
    with memento.Archive(busy.timegate, limiter) as archive:
        yield archive


class TestNearest:
    @pytest.mark.parametrize(
        ("when", "found"),
        [
            (MORNING, MORNING),
            (NOON, MORNING),
            (EVENING - timedelta(seconds=1), EVENING),
            (NEXT_DAY + timedelta(days=900), NEXT_DAY),
        ],
        ids=["exact", "before", "a second after", "years before"],
    )
    def test_is_the_copy_by_its_own_time(self, when: datetime, found: datetime, either: memento.Archive) -> None:
        address = f"{either.timegate}{found:%Y%m%d%H%M%S}/{SITE}/"
        assert either.nearest(f"{SITE}/", when, soon()) == Memento(f"{SITE}/", found, address)

    @pytest.mark.parametrize("url", [SITE, f"{SITE}/#top", "http://NEWS.example/", "https://www.news.example/"])
    @pytest.mark.parametrize("when", [NOON, MORNING])
    def test_of_an_address_that_is_put_right_has_the_copys_time(
        self, url: str, when: datetime, either: memento.Archive
    ) -> None:
        assert either.nearest(url, when, soon()).when == MORNING

    @pytest.mark.parametrize("url", [f"{SITE}/never", "https://elsewhere.example/"])
    def test_of_what_was_never_archived_is_none(self, url: str, either: memento.Archive) -> None:
        assert either.nearest(url, NOON, soon()) is None

    def test_says_who_asks(self, busy: Front, archive: memento.Archive) -> None:
        archive.nearest(f"{SITE}/", NOON, soon())
        (request,) = busy.requests
        assert request.headers["user-agent"] == memento.AGENT
        assert request.headers["accept-datetime"] == "Fri, 20 Nov 2026 12:00:00 GMT"

    @pytest.mark.parametrize("status", [200, 407, 520])
    def test_is_not_known_from_any_other_answer(self, status: int, busy: Front, archive: memento.Archive) -> None:
        """A proxy wants a password, or a service before the archive has trouble."""
        busy.give(Refused(status))
        with pytest.raises(ArchiveError, match=rf"HTTP {status} for {SITE}/ without Memento-Datetime") as caught:
            archive.nearest(f"{SITE}/", NOON, soon())
        assert not isinstance(caught.value, PermanentError)


class TestRead:
    def test_of_a_time_between_two_has_the_copys_time(self, either: memento.Archive) -> None:
        answer = either.read(f"{SITE}/harbour.jpg", NOON, soon())
        assert (answer.status, answer.when, answer.body) == (200, MORNING, PICTURE)
        assert (answer.content_type, answer.content_encoding, answer.location) == ("image/jpeg", "", "")

    @pytest.mark.parametrize(("page", "status"), [("gone", 404), ("busy", 503), ("robots", 403)])
    def test_gives_an_archived_error_with_its_time(self, page: str, status: int, either: memento.Archive) -> None:
        answer = either.read(f"{SITE}/{page}", NOON, soon())
        assert (answer.status, answer.when) == (status, MORNING)
        assert either._limiter.pauses == []  # type: ignore[attr-defined]

    @pytest.mark.parametrize("page", ["never", "picture?id=2&width=2"])
    def test_of_what_was_never_archived_is_none(self, page: str, either: memento.Archive) -> None:
        assert either.read(f"{SITE}/{page}", NOON, soon()) is None

    def test_leaves_what_is_compressed_as_it_came(self, either: memento.Archive) -> None:
        answer = either.read(f"{SITE}/", NEXT_DAY, soon())
        assert answer.content_encoding == "gzip"
        assert gzip.decompress(answer.body) == b"<h1>Another day</h1>"

    @pytest.mark.parametrize("inside", [False, True])
    @pytest.mark.parametrize(
        ("page", "leads_to"),
        [
            ("old", "https://www.news.example/new"),
            ("older", f"{SITE}/"),
            ("section/oldest", f"{SITE}/section/new"),
            ("by-scheme", "http://cdn.news.example/new"),
        ],
    )
    def test_of_a_redirect_names_the_pages_own_address(
        self, page: str, leads_to: str, inside: bool, busy: Front, archive: memento.Archive
    ) -> None:
        busy.redirects_inside = inside
        answer = archive.read(f"{SITE}/{page}", MORNING, soon())
        assert (answer.status // 100, answer.when, answer.location) == (3, MORNING, leads_to)

    def test_of_what_is_too_large_for_a_page_is_empty(
        self, archive: memento.Archive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(memento, "_MAX_BYTES", len(PICTURE) - 1)
        assert archive.read(f"{SITE}/harbour.jpg", MORNING, soon()).body == b""
        monkeypatch.setattr(memento, "_MAX_BYTES", len(PICTURE))
        assert archive.read(f"{SITE}/harbour.jpg", MORNING, soon()).body == PICTURE


class TestABusyArchive:
    def asked(self, archive: memento.Archive) -> bytes:
        return archive.read(f"{SITE}/harbour.jpg", MORNING, soon()).body

    def test_is_asked_again_after_ever_longer_pauses(
        self, busy: Front, archive: memento.Archive, limiter: Noting
    ) -> None:
        busy.give(Refused(500), CUT, Refused(504), HALF)
        assert self.asked(archive) == PICTURE
        assert limiter.pauses == [2, 4, 8, 16]

    def test_is_asked_again_when_it_says(self, busy: Front, archive: memento.Archive, limiter: Noting) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        busy.give(Refused(429, retry_after=7), Refused(503, retry_after=0))
        busy.give(Refused(429, retry_after=now + timedelta(seconds=40)), Refused(429, retry_after=now - HOUR))
        assert self.asked(archive) == PICTURE
        assert limiter.pauses == [7, 4, pytest.approx(40, abs=3), 16]

    def test_that_wants_to_be_left_alone_for_longer_than_there_is_time_is_not_waited_for(
        self, busy: Front, tmp_path: Path
    ) -> None:
        busy.give(Refused(429, retry_after=600))
        start = time.monotonic()
        with (
            memento.Archive(busy.timegate, RateLimiter(tmp_path, busy.timegate, 1000)) as archive,
            pytest.raises(ArchiveBusyError, match=r"is not asked for another \d+ s"),
        ):
            self.asked(archive)
        assert time.monotonic() - start < 5
        assert len(busy.requests) == 1

    @pytest.mark.parametrize(
        ("fault", "kind", "said"),
        [
            (Refused(503), ArchiveBusyError, "answered with HTTP 503"),
            (Refused(502), ArchiveError, "answered with HTTP 502"),
            (CUT, ArchiveError, r"gave no answer \(ConnectionError\)"),
            (HALF, ArchiveError, r"gave no answer \(\w+\)"),
        ],
    )
    def test_is_given_up_with_a_sentence(
        self, fault: Refused | str, kind: type[ArchiveError], said: str, busy: Front, archive: memento.Archive
    ) -> None:
        busy.give(*[fault] * 10)
        with pytest.raises(ArchiveError, match=f"The archive {archive.host} {said} 5 times") as caught:
            self.asked(archive)
        assert type(caught.value) is kind
        assert not isinstance(caught.value, PermanentError)
        asked = busy.memento(f"{SITE}/harbour.jpg", MORNING)
        assert str(caught.value).endswith(f", the last time for {asked}. {IS_IT_UP}")
        assert len(busy.requests) == 5

    @pytest.mark.parametrize("given", [Slow(4), Slow(0.2, drip=True)], ids=["says nothing", "drips"])
    def test_that_is_slow_ends_with_the_deadline_and_lets_others_on(
        self, given: Slow, busy: Front, limiter: Noting, archive: memento.Archive, tmp_path: Path
    ) -> None:
        busy.give(given)
        start = time.monotonic()
        with pytest.raises(ArchiveBusyError, match="did not finish answering in time"):
            archive.read(f"{SITE}/harbour.jpg", MORNING, Deadline(0.8))
        assert 0.75 < time.monotonic() - start < 2
        # It was given up by us, and did not refuse.
        assert limiter.pauses == []
        with memento.Archive(busy.timegate, RateLimiter(tmp_path, busy.timegate, 1000)) as other:
            assert self.asked(other) == PICTURE
        assert time.monotonic() - start < 3.5


def test_there_is_one_request_at_once(busy: Front, archive: memento.Archive) -> None:
    busy.give(*[Slow(0.05)] * 4)
    found = []
    pages = ("", "harbour.jpg", "gone", "old", "style.css", "busy")
    threads = [
        threading.Thread(target=lambda page=page: found.append(archive.read(f"{SITE}/{page}", NOON, soon())))
        for page in pages
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(found) == len(pages)
    assert all(found)
    # Each is asked about twice: the archive leads to the copy's own time.
    assert len(busy.requests) == 2 * len(pages)
    assert busy.most_at_once == 1


class TestNear:
    def near(self, archive: memento.Archive, page: str, window: timedelta) -> list[Memento]:
        when = MORNING
        first = archive.nearest(f"{SITE}/{page}", when, soon())
        return list(archive.near(first, when, window, 30))

    def test_finds_the_page_behind_a_nearer_error(self, either: memento.Archive) -> None:
        found = self.near(either, "flaky", 12 * HOUR)
        assert [one.when for one in found] == [MORNING, MORNING - 3 * HOUR, MORNING + 5 * HOUR]
        assert [either.read(one.url, one.when, soon()).status for one in found] == [503, 200, 200]

    def test_looks_no_further_than_the_window(self, either: memento.Archive) -> None:
        assert [one.when for one in self.near(either, "flaky", 4 * HOUR)] == [MORNING, MORNING - 3 * HOUR]

    def test_asks_for_others_only_when_they_are_wanted(self, busy: Front, archive: memento.Archive) -> None:
        first = archive.nearest(f"{SITE}/flaky", MORNING, soon())
        before = len(busy.requests)
        near = archive.near(first, MORNING, 12 * HOUR, 30)
        assert next(near) == first
        assert len(busy.requests) == before
        assert next(near).when == MORNING - 3 * HOUR
        # Two times were looked at, one on each side; the archive leads from none to the copy's own.
        assert 2 <= len(busy.requests) - before <= 4


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("https://WWW.News.example", "https://www.news.example/"),
        ("https://www.news.example:443/", "https://www.news.example/"),
        ("http://www.news.example:443/", "http://www.news.example:443/"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://www.news.example?a=1#top", "https://www.news.example/?a=1"),
        ("https://www.news.example/a b/\u00e9", "https://www.news.example/a%20b/%C3%A9"),
        ("https://www.news.example/A%2fB?c=%20", "https://www.news.example/A%2FB?c=%20"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("no address", "no address"),
        ("https://[", "https://["),
    ],
)
def test_addresses_are_compared_as_a_browser_writes_them(written: str, one: str) -> None:
    assert normalised(written) == one
    assert normalised(one) == one
