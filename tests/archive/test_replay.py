"""A page of the past in a real browser, which reaches the archive through the replay's proxy and nothing else."""

import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from requests import Response

from celeb_ops.archive import memento
from celeb_ops.archive import replay as replays
from celeb_ops.archive.rate_limiter import Deadline
from celeb_ops.archive.replay import Lack, Replay
from celeb_ops.archive.replay_proxy import Proxy, ProxyRequest
from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.visit import own_address
from celeb_ops.core.block_list import BlockList
from celeb_ops.core.exceptions import ArchiveBusyError, CaptureError
from celeb_ops.core.sites import CaptureOptions
from tests.archive.conftest import DAILY, MORNING, SCRIPTS, WORDS
from tests.archive.front import Front, Refused, Slow
from tests.archive.server import Archive
from tests.capture.attack import AWAY, Inside

Play = Callable[..., Replay]

HOUR = timedelta(hours=1)
OPTIONS = CaptureOptions(timeout_s=20)
# The proxy shows certificates of its own.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def got(replay: Replay, url: str, kind: str = "document", method: str = "GET", **headers: str) -> Response:
    """What a browser would be answered with."""
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": replay.address, "https": replay.address}
        body = b"said" if method == "POST" else None
        asked = {"Sec-Fetch-Dest": kind} | headers
        return session.request(method, url, headers=asked, data=body, verify=False, allow_redirects=False, timeout=30)


def wait_until_asked(busy: Front, name: str) -> None:
    """Return when the archive has been asked for what has this in its path."""
    deadline = time.monotonic() + 30
    while not any(name in path for path in busy.paths()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody asks for {name}")
        time.sleep(0.02)


@pytest.mark.browser
@pytest.mark.timeout(120)
class TestTodaysWeb:
    """That its ways lead there where nothing stops them is seen in ``tests/capture/test_visit.py``."""

    def test_is_out_of_reach(
        self, present: Inside, news: Archive, played: Play, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Of a site that is gone, safe or not, and of one whose own address answers today."""
        caplog.set_level(logging.DEBUG, "celeb_ops.archive.replay")
        live = f"http://localhost:{present.port('itself')}"
        replay = played(news, f"{live}/tries", deadline=100)
        with open_browser(OPTIONS, "", replay.address, any_certificate=True) as driver:
            for origin in (live, "https://leak.example", "http://leak.example"):
                driver.get(f"{origin}/tries")
                assert driver.find_element("tag name", "h1").text == "A page of the past"
                time.sleep(1)
            for number in range(len(AWAY)):
                before, deadline = caplog.text.count(": not archived"), time.monotonic() + 2
                driver.get(f"{(live, 'https://leak.example')[number % 2]}/away{number}")
                # An error page of the browser's, or the page that led there: today's it is not.
                assert "inside" not in driver.find_element("tag name", "body").text
                while caplog.text.count(": not archived") == before and time.monotonic() < deadline:
                    time.sleep(0.05)
        assert not present.reached
        # It was tried: the proxy was asked for the same addresses.
        ports = set(re.findall(r"http://127\.0\.0\.1:(\d+)/: not archived", caplog.text))
        asked = {way for way, port in present.ports.items() if str(port) in ports}
        assert {"img", "background", "fetch", "EventSource", "worker", "iframe", "script", "font"} <= asked
        assert {"location", "meta refresh", "HTTP 302"} <= asked

    def test_learns_nothing(self, news: Archive, played: Play) -> None:
        replay = played(news, "http://daily.example/")
        assert got(replay, "http://daily.example/").status_code == 200
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = got(replay, "http://daily.example/", "", method)
            assert (answer.status_code, answer.content) == (404, b"")
        assert got(replay, "https://secure.example/", "", "POST").status_code == 404


class TestWhatIsShown:
    def test_is_the_page_under_its_own_address(self, news: Archive, played: Play) -> None:
        replay = played(news, "http://daily.example/")
        answer = got(replay, "http://daily.example/")
        assert (answer.status_code, answer.text) == (200, DAILY)
        assert replay.shown("http://daily.example/#top").when == MORNING
        answer = got(replay, "https://cdn.daily.example/two.jpg", "image")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert replay.missing_images == {}

    def test_is_nothing_before_the_page(self, busy: Front, played: Play) -> None:
        """A browser has start pages and clocks of its own."""
        replay = played(busy, "http://daily.example/")
        assert got(replay, "http://daily.example/one.jpg", "image").status_code == 404
        assert got(replay, "http://time.example/", "document").status_code == 404
        assert busy.requests == []

    def test_is_no_picture_of_another_time(self, news: Archive, played: Play) -> None:
        replay = played(news, "http://daily.example/")
        got(replay, "http://daily.example/")
        for name, status in (("one", 200), ("lazy", 200), ("late", 404), ("never", 404)):
            assert got(replay, f"http://daily.example/{name}.jpg", "image").status_code == status
        assert replay.missing_images == {
            "http://daily.example/late.jpg": "archived at another time",
            "http://daily.example/never.jpg": "not archived",
        }

    @pytest.mark.parametrize(
        ("away", "kind", "status"),
        [
            (12 * HOUR, "image", 200),
            (13 * HOUR, "", 404),
            (13 * HOUR, "iframe", 404),
            (13 * HOUR, "script", 404),
            (13 * HOUR, "font", 200),
            (29 * 24 * HOUR, "style", 200),
            (31 * 24 * HOUR, "style", 404),
        ],
    )
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_is_near_enough_for_its_kind(
        self, away: timedelta, kind: str, status: int, sign: int, news: Archive, played: Play
    ) -> None:
        replay = played(news, "http://daily.example/", MORNING + sign * away, begun=True)
        assert got(replay, "https://cdn.daily.example/two.jpg", kind).status_code == status

    def test_is_nothing_that_adds_nothing(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", begun=True)
        for kind in ("video", "audio", "track", "prefetch", "serviceworker", "manifest", "websocket", "report"):
            assert got(replay, "http://daily.example/one.jpg", kind).status_code == 404
        assert busy.requests == []

    def test_is_nothing_of_a_blocked_host_and_that_is_no_loss(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", begun=True, blocked=BlockList(["daily.example"]))
        assert got(replay, "http://cdn.daily.example/one.jpg", "image").status_code == 404
        assert busy.requests == []
        assert replay.missing_images == {}

    def test_is_asked_for_once_where_it_is_not_there(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", begun=True)
        for _ in range(3):
            assert got(replay, "http://daily.example/never.jpg", "image").status_code == 404
        assert len(busy.requests) == 1

    def test_is_no_script_of_another_month_unless_its_address_names_its_version(
        self, news: Archive, played: Play
    ) -> None:
        """It may write the news of its day into the page; and jQuery is jQuery."""
        replay = played(news, "https://scripts.example/", begun=True)
        for name, fixed in SCRIPTS.items():
            status = got(replay, f"https://scripts.example{name}", "script").status_code
            assert (name, status) == (name, 200 if fixed else 404)

    def test_is_distinguished_from_what_did_not_come_in_time(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", deadline=(deadline := Deadline(60)))
        got(replay, "http://daily.example/")
        assert got(replay, "http://daily.example/never.jpg", "image").status_code == 404
        busy.give(Slow(1), to="one.jpg")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(got, replay, "http://daily.example/one.jpg", "image")
            wait_until_asked(busy, "one.jpg")
            deadline.cancel()
            assert answer.result().status_code == 404
        assert replay.missing_images == {
            "http://daily.example/never.jpg": "not archived",
            "http://daily.example/one.jpg": "not there in time",
        }
        assert (replay.late_images, replay.trouble) == (1, None)
        # Nothing is asked any more.
        before = len(busy.requests)
        assert got(replay, "http://daily.example/lazy.jpg", "image").status_code == 404
        assert (replay.late_images, len(busy.requests)) == (2, before)

    def test_allows_scripts_what_sites_allowed_each_other(self, news: Archive, played: Play) -> None:
        replay = played(news, "http://daily.example/", begun=True)
        origin = {"Origin": "https://secure.example"}
        for method in ("GET", "OPTIONS"):
            answer = got(replay, "http://daily.example/one.jpg", "", method, **origin)
            assert answer.headers["Access-Control-Allow-Origin"] == "https://secure.example"

    @pytest.mark.parametrize(
        ("accept", "path", "status"),
        [
            ("image/avif,image/webp,*/*;q=0.8", "late.jpg", 404),
            ("text/css,*/*;q=0.1", "late.jpg", 404),
            ("text/css,*/*;q=0.1", "style.css", 200),
            ("*/*", "script.js?ver=6.4.2", 200),
            ("*/*", "script.js", 404),
            # Data, as far as one can tell.
            ("*/*", "style.css", 404),
        ],
    )
    def test_of_a_page_that_is_not_safe_is_known_by_what_it_accepts(
        self, accept: str, path: str, status: int, news: Archive, played: Play
    ) -> None:
        """Browsers name what they want a file for only to safe sites."""
        replay = played(news, "http://daily.example/", begun=True)
        assert got(replay, f"http://daily.example/{path}", "", Accept=accept).status_code == status
        assert bool(replay.missing_images) == accept.startswith("image/")


class TestARedirect:
    def test_leads_to_where_the_page_is_shown_with_its_own_time(self, news: Archive, played: Play) -> None:
        replay = played(news, "http://moving.example/")
        answer = got(replay, "http://moving.example/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "https://www.moving.example/front")
        answer = got(replay, "https://www.moving.example/front")
        assert (answer.status_code, WORDS in answer.text) == (200, True)
        assert replay.shown("https://www.moving.example/front") == replay.archive.memento(
            "https://www.moving.example/front", MORNING + HOUR
        )

    def test_of_a_frame_is_not_the_pages(self, news: Archive, played: Play) -> None:
        replay = played(news, "http://daily.example/")
        got(replay, "http://daily.example/")
        assert got(replay, "http://moving.example/", "iframe").status_code == 302
        got(replay, "https://www.moving.example/front", "iframe")
        assert replay.shown("http://daily.example/").when == MORNING


class TestPatience:
    def test_begins_when_the_browser_asks_for_the_page(self, busy: Front, played: Play) -> None:
        """A busy machine's browser starts slowly: that is no time of the archive's."""
        replay = played(busy, "http://daily.example/", deadline=(deadline := Deadline(60)))
        deadline.cancel()
        assert got(replay, "http://daily.example/").status_code == 200
        assert got(replay, "http://daily.example/one.jpg", "image").status_code == 200

    def test_that_ends_while_the_archive_wants_to_be_left_alone(self, busy: Front, played: Play) -> None:
        """No more is asked, and a page that lacks its pictures for that is none."""
        busy.give(Refused(429, retry_after=600), to="one.jpg")
        replay = played(busy, "http://daily.example/")
        assert got(replay, "http://daily.example/").status_code == 200
        assert got(replay, "http://daily.example/one.jpg", "image").status_code == 404
        assert isinstance(replay.trouble, ArchiveBusyError)
        before = len(busy.requests)
        assert got(replay, "http://daily.example/lazy.jpg", "image").status_code == 404
        assert set(replay.missing_images.values()) == {"not there in time"}
        assert len(busy.requests) == before

    def test_that_is_too_short_for_all_pictures_is_no_trouble_of_the_archives(self, busy: Front, played: Play) -> None:
        deadline = Deadline(60)
        replay = played(busy, "https://secure.example/", deadline=deadline, rate=1 / 3600, begun=True)
        assert got(replay, "https://secure.example/0.jpg", "image").status_code == 200
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(got, replay, "https://secure.example/1.jpg", "image")
            time.sleep(0.1)
            deadline.cancel()
            assert answer.result().status_code == 404
        assert replay.trouble is None
        assert list(replay.missing_images.values()) == ["not there in time"]

    @pytest.mark.parametrize(("failures", "trouble"), [(2, False), (3, True)])
    def test_is_lost_when_several_files_in_a_row_fail(
        self,
        failures: int,
        trouble: bool,
        busy: Front,
        played: Play,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """One may be broken at the archive."""
        monkeypatch.setattr(memento, "FIRST_PAUSE_S", 1e-6)
        replay = played(busy, "https://secure.example/")
        assert got(replay, "https://secure.example/").status_code == 200
        for n in range(failures):
            busy.give(*[Refused(500)] * 6, to=f"/{n}.jpg")
            assert got(replay, f"https://secure.example/{n}.jpg", "image").status_code == 404
        assert (replay.trouble is not None) == trouble
        assert got(replay, "https://secure.example/5.jpg", "image").status_code == (404 if trouble else 200)

    def test_is_first_for_what_the_page_needs_first(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", begun=True)
        busy.give(Slow(0.8))
        wanted = [("one.jpg", "image"), ("data", ""), ("lazy.jpg", "image"), ("style.css", "style"), ("", "document")]
        with ThreadPoolExecutor(len(wanted)) as pool:
            for path, kind in wanted:
                pool.submit(got, replay, f"http://daily.example/{path}", kind)
                time.sleep(0.1)
        paths = [path.rpartition("/")[2] for path in busy.paths()]
        assert list(dict.fromkeys(paths)) == ["one.jpg", "", "style.css", "lazy.jpg", "data"]


class TestTheEnd:
    def test_ends_all_that_wait(self, busy: Front, played: Play) -> None:
        """A browser that has ended waits for nothing, and nothing more is asked of the archive."""
        busy.give(Slow(0.5), to="one.jpg")
        replay = played(busy, "http://daily.example/", begun=True, deadline=60)
        with ThreadPoolExecutor(6) as pool:
            answers = []
            for path in ("one", "lazy", "late", "two", "three", "never"):
                answers.append(pool.submit(got, replay, f"http://daily.example/{path}.jpg", "image"))
                time.sleep(0.05)
            start = time.monotonic()
            replay.__exit__()
            assert {answer.result().status_code for answer in answers} == {404}
        assert time.monotonic() - start < 5
        assert {path.rpartition("/")[2] for path in busy.paths()} == {"one.jpg"}


@pytest.mark.parametrize("host", ["browser.invalid", f"{'a' * 70}.example"])
def test_a_remote_browser_that_is_nowhere_is_an_error(host: str) -> None:
    """Also where the name can't be one, which Python tells by another error."""
    said = rf"^The host of the browser at http://{host}:4444 was not found \(.+\): is CELEBS_BROWSER_URL right\?$"
    with pytest.raises(CaptureError, match=said):
        own_address(f"http://{host}:4444")


@pytest.fixture
def ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.browser
def test_a_remote_browser_may_be_reached_by_ipv6(ipv6: None, news: Archive, played: Play) -> None:
    assert own_address("http://[::1]:4444/wd/hub") == "::1"
    replay = played(news, "https://secure.example/", host="::1")
    assert re.fullmatch(r"http://\[::1\]:\d+", replay.address)
    assert got(replay, "https://secure.example/").status_code == 200
    with open_browser(OPTIONS, "", replay.address, any_certificate=True) as driver:
        driver.get("https://secure.example/")
        assert driver.title == "Secure"


class TestAPageThatAsksForMuch:
    """What it asks for is remembered, and this process has other things to do with its memory."""

    def test_is_refused_an_address_that_is_too_long(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", begun=True)
        for scheme in ("http", "https"):
            assert got(replay, f"{scheme}://daily.example/{'a' * 8_200}", "image").status_code == 404
        assert (busy.requests, replay._lacks, replay.missing_images) == ([], {}, {})

    def test_ends_somewhere(self, busy: Front, played: Play, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replays, "_MAX_ADDRESSES", 3)
        replay = played(busy, "http://daily.example/", begun=True)
        for n in range(6):
            assert got(replay, f"http://daily.example/no{n}.jpg", "image").status_code == 404
        assert len(busy.requests) == len(replay._lacks) == len(replay.missing_images) == 3
        # It is no fault of the archive's.
        assert (replay.late_images, replay.trouble) == (0, None)


class TestADocument:
    def test_that_is_not_had_is_the_archives_trouble(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/", deadline=0.7)
        busy.give(Slow(5))
        thread = threading.Thread(target=got, args=(replay, "http://daily.example/"))
        thread.start()
        wait_until_asked(busy, "daily.example")
        # A browser that gives up now has not seen what the archive has.
        assert "did not give http://daily.example/ in time" in str(replay.last_document.error)
        thread.join(timeout=10)
        assert "did not finish answering in time" in str(replay.last_document.error)
        assert replay.last_document.lack == "not there in time"
        assert got(replay, "http://daily.example/").status_code == 404
        assert isinstance(replay.last_document.error, ArchiveBusyError)

    def test_that_is_had_is_not(self, busy: Front, played: Play) -> None:
        replay = played(busy, "http://daily.example/")
        got(replay, "http://daily.example/")
        assert (replay.last_document.error, replay.last_document.lack) == (None, None)
        got(replay, "http://daily.example/never")
        assert (replay.last_document.error, replay.last_document.lack) == (None, Lack.NOT_ARCHIVED)


@pytest.mark.browser
def test_sound_and_what_may_come_next_are_not_asked_of_the_archive(busy: Front, played: Play) -> None:
    """Of a page that is not safe, where browsers do not say what they want something for."""
    replay = played(busy, "http://loud.example/")
    wanted: list[ProxyRequest] = []

    def noting(one: ProxyRequest) -> memento.ArchiveResponse | None:
        wanted.append(one)
        return replay.answer(one)

    with Proxy(noting) as proxy, open_browser(OPTIONS, "", proxy.address, any_certificate=True) as driver:
        driver.get("http://loud.example/")
        deadline = time.monotonic() + 10
        paths = {"/clip.mp4", "/clip", "/sound", "/next", "/one.jpg"}
        while not paths <= {urlsplit(one.url).path for one in wanted} and time.monotonic() < deadline:
            time.sleep(0.05)
    kinds = {urlsplit(one.url).path: one.kind for one in wanted if "loud.example" in one.url}
    assert {path: kinds.get(path) for path in paths} == {
        "/clip.mp4": "video",
        "/clip": "video",
        "/sound": "video",
        "/next": "prefetch",
        "/one.jpg": "image",
    }
    assert {path.partition("loud.example")[2] for path in busy.paths()} == {"/", "/one.jpg"}
