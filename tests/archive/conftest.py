"""One archive of a made-up news site for all tests of this folder, and a front before it for each."""

import contextlib
from collections.abc import Callable, Container, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from celeb_ops.archive import memento
from celeb_ops.archive.rate_limiter import Deadline, RateLimiter
from celeb_ops.archive.replay import Replay
from celeb_ops.archive.response_cache import ResponseCache
from tests.archive.front import Front, front
from tests.archive.recording import CHALLENGE, Recording
from tests.archive.server import Archive, archive
from tests.capture import attack
from tests.factories import a_picture

SITE = "http://news.example"
MORNING = datetime(2026, 11, 20, 8, 3, 7, tzinfo=UTC)
EVENING = datetime(2026, 11, 20, 20, 3, 7, tzinfo=UTC)
NEXT_DAY = datetime(2026, 11, 21, 8, 3, 7, tzinfo=UTC)
PAGE = '<!doctype html><html><head><title>News</title></head><body><img src="/harbour.jpg"></body></html>'
_STORIES = "".join(f'<p><a href="/ferry/{n}">The ferry came late again, day {n}</a>' for n in range(5))
WORDS = "<p>" + "All is quiet in the harbour, and nobody could say when the ferry would come. " * 8 + _STORIES
DAILY = f"""<!doctype html><title>Daily</title><link rel=stylesheet href="/style.css">
<h1>News</h1>{WORDS}<article><h2>At the harbour</h2><a href="/story?id=7"><img src="/one.jpg" alt="A boat" width=300
height=200></a></article><img src="https://cdn.daily.example/two.jpg" width=300 height=200>
<div style="height: 2500px"></div><img loading=lazy src="/lazy.jpg" width=300 height=200>
<img src="/late.jpg" width=300 height=200><img src="/never.jpg" width=300 height=200>
<script src="/script.js?ver=6.4.2"></script>"""
LOUD = f"""<!doctype html><title>Loud</title><link rel=prefetch href="/next"><h1>News</h1>{WORDS}
<video src="/clip.mp4" autoplay muted width=300 height=200></video><video src="/clip" autoplay muted></video>
<audio src="/sound" autoplay muted></audio><img src="/one.jpg">"""
SCRIPTS = {
    "/latest.js": False,
    "/20261120/latest.js": False,
    "/12345678/latest.js": False,
    "/v2.0/latest.js": False,
    "/latest.js?callback=show": False,
    "/app.js?ver=6.4.2": True,
    "/app.js?a=1&v=17": True,
    "/app.3f2a9bcd.js": True,
    "/app-3F2A9BCD01.min.js": True,
    "/5d41402abc4b2a76/app.js": True,
    "/jquery-3.7.min.js": True,
    "/jquery/3.7.1/jquery.js": True,
    "/npm/vue@3.4.1/vue.js": True,
}
"""Addresses of scripts, and whether each names its version."""
PICTURE = b"\xff\xd8\xff\xe0 a harbour"


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page in the morning and in the evening, sent compressed on the next day; and what it has beside it."""
    path = tmp_path_factory.mktemp("recordings") / "news.warc.gz"
    with Recording(path) as made:
        made.page(f"{SITE}/", MORNING, PAGE, headers={"Cache-Control": "no-store", "Set-Cookie": "seen=1"})
        made.page(f"{SITE}/", EVENING, PAGE)
        made.page(f"{SITE}/", NEXT_DAY, "<h1>Another day</h1>", gzipped=True)
        made.page(f"{SITE}/harbour.jpg", MORNING, PICTURE, "image/jpeg")
        made.page(f"{SITE}/picture?id=1&width=2", MORNING, PICTURE, "image/jpeg")
        made.page(f"{SITE}/style.css", MORNING, "body { background: url(/harbour.jpg) }", "text/css")
        made.page(f"{SITE}/gone", MORNING, "<h1>Not found</h1>", status=404)
        made.page(f"{SITE}/busy", MORNING, "<h1>Come again</h1>", status=503)
        made.page(f"{SITE}/robots", MORNING, CHALLENGE, status=403)
        made.redirect(f"{SITE}/old", MORNING, "https://www.news.example/new")
        made.redirect(f"{SITE}/older", MORNING, "/", status=301)
        made.redirect(f"{SITE}/section/oldest", MORNING, "new")
        made.redirect(f"{SITE}/by-scheme", MORNING, "//cdn.news.example/new")
        made.page(f"{SITE}/section/", MORNING, "<h1>A section</h1>")
        made.page(f"{SITE}/flaky", MORNING - timedelta(hours=3), "<h1>Here</h1>")
        made.page(f"{SITE}/flaky", MORNING, "<h1>Come again</h1>", status=503)
        made.page(f"{SITE}/flaky", MORNING + timedelta(hours=5), "<h1>Here again</h1>")
        made.redirect("http://moved.example/", MORNING, "https://moved.example/", status=301)
    return path


@pytest.fixture(scope="session")
def present() -> Iterator[attack.Inside]:
    """Today's web, which no page of the past may reach."""
    with attack.inside() as listeners:
        yield listeners


@pytest.fixture(scope="session")
def leaks(tmp_path_factory: pytest.TempPathFactory, present: attack.Inside) -> Path:
    """Pages that try to reach it: of a site that is gone, and of one whose own address answers today."""
    path = tmp_path_factory.mktemp("recordings") / "leaks.warc.gz"
    with Recording(path) as made:
        for origin in (f"http://localhost:{present.port('itself')}", "https://leak.example"):
            made.page(f"{origin}/tries", MORNING, f"{attack.page(present)}<h1>A page of the past</h1>")
            for number, way in enumerate(attack.AWAY):
                start, there = attack.away(way, present)
                if start.startswith("<"):
                    made.page(f"{origin}/away{number}", MORNING, start)
                else:
                    made.redirect(f"{origin}/away{number}", MORNING, there)
    return path


@pytest.fixture(scope="session")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Front pages as they are in archives: with and without their pictures, moved, broken, behind a challenge."""
    path = tmp_path_factory.mktemp("recordings") / "daily.warc.gz"
    hour, old = timedelta(hours=1), MORNING - timedelta(days=10)
    with Recording(path) as made:
        made.page("http://daily.example/", MORNING, DAILY)
        made.page("http://daily.example/style.css", old, "h1 { color: maroon }", "text/css", gzipped=True)
        for address in ("script.js", "script.js?ver=6.4.2"):
            made.page(f"http://daily.example/{address}", old, "document.title = 'Scripted'", "text/javascript")
        made.page("http://daily.example/one.jpg", MORNING, a_picture(300, 200, seed=1), "image/jpeg")
        made.page("https://cdn.daily.example/two.jpg", MORNING, a_picture(300, 200, seed=2), "image/jpeg")
        made.page("http://daily.example/lazy.jpg", MORNING - 5 * hour, a_picture(300, 200, seed=3), "image/jpeg")
        made.page("http://daily.example/late.jpg", MORNING + 21_600 * hour, a_picture(300, 200), "image/jpeg")

        pictures = "".join(f'<img src="/{n}.jpg" width=200 height=100>' for n in range(6))
        made.page("https://secure.example/", MORNING, f"<title>Secure</title>{pictures}{WORDS}")
        for n in range(6):
            made.page(f"https://secure.example/{n}.jpg", MORNING, a_picture(200, 100, seed=n), "image/jpeg")

        gallery = "".join(f'<img src="/{n}.jpg" width=200 height=100>' for n in range(12))
        made.page("https://gallery.example/", MORNING, f"<title>Gallery</title>{gallery}{WORDS}")
        for n in range(12):
            made.page(f"https://gallery.example/{n}.jpg", MORNING, a_picture(200, 100, seed=n), "image/jpeg")
        made.page(
            "https://backed.example/",
            MORNING,
            f"<title>Backed</title>{WORDS}<div style='width: 300px; height: 200px; background: url(/back.jpg)'></div>",
        )
        made.page("https://backed.example/back.jpg", MORNING + 21_600 * hour, a_picture(300, 200), "image/jpeg")
        made.page("http://loud.example/", MORNING, LOUD)
        for name in SCRIPTS:
            made.page(f"https://scripts.example{name}", MORNING + timedelta(days=29), "news()", "text/javascript")

        clock = "<script>document.title = new Date().toDateString()</script>"
        frames = "<iframe src=/frame></iframe><iframe src=https://other.example/frame></iframe>"
        made.page("https://clock.example/", MORNING, f"{clock}{WORDS}{frames}")
        for host in ("clock", "other"):
            made.page(f"https://{host}.example/frame", MORNING, clock)

        onward = {
            "scripted": "<script>location = '/other'</script>",
            "refreshed": "<meta http-equiv=refresh content='0; /other'>",
        }
        for scheme in ("http", "https"):
            for name, how in onward.items():
                made.page(f"{scheme}://{scheme}.{name}.example/", MORNING, f"<title>First</title>{how}{WORDS}")
                made.page(
                    f"{scheme}://{scheme}.{name}.example/other", MORNING + 10 * hour, f"<title>Other</title>{WORDS}"
                )
        made.redirect("http://moving.example/", MORNING, "https://www.moving.example/front")
        made.page("https://www.moving.example/front", MORNING + hour, f"<title>Front</title>{WORDS}")

        made.page("http://guarded.example/", MORNING, CHALLENGE)
        made.page("http://guarded.example/", MORNING + 2 * hour, f"<title>Let in</title>{WORDS}")
        made.page("http://broken.example/", MORNING, "<h1>Not found</h1>", status=404)
        made.page("http://broken.example/", MORNING - 2 * hour, "<h1>Trouble</h1>", status=500)
    return path


@pytest.fixture(scope="session")
def news(tmp_path_factory: pytest.TempPathFactory, recording: Path, leaks: Path, daily: Path) -> Iterator[Archive]:
    """The archive with all of them."""
    with archive(tmp_path_factory.mktemp("news"), [recording, leaks, daily]) as running:
        yield running


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory, recording: Path) -> Iterator[Archive]:
    """Another that answers at once with the record that is nearest, without leading to its own address."""
    with archive(tmp_path_factory.mktemp("straight"), [recording], redirect_to_exact=False) as running:
        yield running


@pytest.fixture
def busy(news: Archive) -> Iterator[Front]:
    """The archive behind a front that can misbehave."""
    with front(news) as before:
        yield before


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Callable[..., Replay]]:
    """Opens replays of an archive's pages."""
    with contextlib.ExitStack() as stack:

        def play(
            server: Archive | Front,
            url: str,
            when: datetime = MORNING,
            deadline: Deadline | float = 20,
            rate: float = 1000,
            begun: bool = False,
            host: str = "127.0.0.1",
            blocked: Container[str] = (),
        ) -> Replay:
            limiter = RateLimiter(tmp_path, server.timegate, rate)
            archive = stack.enter_context(memento.Archive(server.timegate, limiter))
            copy = archive.memento(url, MORNING)
            cache = ResponseCache(tmp_path, copy)
            end = deadline if isinstance(deadline, Deadline) else Deadline(deadline)
            replay = Replay(archive, copy, when, timedelta(hours=12), end, cache, host, blocked)
            replay.begun = begun
            return stack.enter_context(replay)

        yield play
