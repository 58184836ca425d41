"""Pages of the past from end to end: a real archive, a real browser, and what it is photographed as."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from celeb_ops.archive import memento, past
from celeb_ops.archive.past import PastPage, capture_past
from celeb_ops.capture import readiness
from celeb_ops.capture.browser import open_browser
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError, CaptureError, NotArchivedError
from celeb_ops.core.settings import Settings
from celeb_ops.core.sites import CaptureOptions, Site
from tests.archive.conftest import MORNING, NEXT_DAY
from tests.archive.front import Front, Refused, Slow
from tests.archive.server import Archive
from tests.web import free_port

RUN = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Darkroom:
    """Captures in folders of their own, and what the browsers showed at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.opened = 0
        self.proxy = ""
        """The browsers', in place of the one that they are given."""
        self.sources: list[str] = []

    @contextmanager
    def browser(self, options: CaptureOptions, proxy: str) -> Iterator[WebDriver]:
        self.opened += 1
        with open_browser(options, "", self.proxy or proxy, any_certificate=True) as driver:
            yield driver
            self.sources.append(driver.page_source)

    @property
    def cache(self) -> Path:
        return self._folder / "cache"

    def capture(self, timegate: str, url: str, when: datetime = RUN, browser_url: str = "") -> PastPage:
        settings = Settings(archive_url=timegate, cache=str(self.cache), browser_url=browser_url)
        folder = self._folder / f"pictures{self.opened}"
        folder.mkdir(exist_ok=True)
        return capture_past(Site(url=url, name="DAILY"), when, settings, self.browser, folder)


@pytest.fixture
def darkroom(tmp_path: Path) -> Darkroom:
    return Darkroom(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that has trouble is asked again soon."""
    monkeypatch.setattr(memento, "FIRST_PAUSE_S", 0.01)


@pytest.mark.browser
class TestAPage:
    def test_is_that_of_its_time_and_no_more(self, news: Archive, darkroom: Darkroom) -> None:
        seen = darkroom.capture(news.timegate, "http://daily.example/")
        assert seen.memento.address == f"{news.timegate}20261120080307/http://daily.example/"
        assert seen.memento.when == MORNING
        page = seen.page
        assert (page.title, page.final_url, page.http_status) == ("Scripted", "http://daily.example/", 200)
        assert page.page_height > 2500
        assert (page.images_loaded, page.images_total) == (3, 5)
        assert seen.missing_images == {
            "http://daily.example/late.jpg": "archived at another time",
            "http://daily.example/never.jpg": "not archived",
        }
        assert seen.missing[-2:] == ["1 picture is archived at another time", "1 picture is not archived"]
        # The site's own addresses and words, and the style sheet of ten days before.
        boat = next(one for one in page.pictures if one.src == "http://daily.example/one.jpg")
        assert (boat.alt, boat.headline, boat.link) == (
            "A boat",
            "At the harbour",
            "http://daily.example/story?id=7",
        )
        assert "https://cdn.daily.example/two.jpg" in {one.src for one in page.pictures}
        # Nothing of the archive's own is on it.
        (source,) = darkroom.sources
        assert not [word for word in ("wombat", "__wb", "_wm", "toolbar", "127.0.0.1") if word in source]

    def test_is_looked_for_behind_a_challenge(
        self, news: Archive, darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(readiness, "_EMPTY_S", 0.5)
        seen = darkroom.capture(news.timegate, "http://guarded.example/")
        assert (seen.page.title, seen.memento.when, darkroom.opened) == ("Let in", MORNING + 2 * HOUR, 2)

    def test_that_was_never_there_is_reported(self, news: Archive, darkroom: Darkroom) -> None:
        with pytest.raises(NotArchivedError) as caught:
            darkroom.capture(news.timegate, "http://broken.example/")
        assert darkroom.opened == 2
        said = str(caught.value)
        assert said.startswith("No copy of http://broken.example/ in 127.0.0.1:")
        assert "near that time shows its page: " in said
        assert "that of 2026-11-20T08:03:07Z, 0.1 h after the run's time, shows an error page (HTTP 404); " in said
        assert said.endswith("h before the run's time, shows an error page (HTTP 500).")

    def test_that_the_archive_fails_to_give_is_not_looked_for_elsewhere(
        self, busy: Front, darkroom: Darkroom, quick: None
    ) -> None:
        busy.give(*[Refused(500)] * 6, to="id_/http://daily.example/")
        with pytest.raises(ArchiveError, match="answered with HTTP 500 5 times"):
            darkroom.capture(busy.timegate, "http://daily.example/")
        assert darkroom.opened == 1

    @pytest.mark.parametrize(("scheme", "how"), [("http", "scripted"), ("https", "refreshed")])
    def test_that_leads_on_is_dated_by_where_it_leads(
        self, scheme: str, how: str, news: Archive, darkroom: Darkroom
    ) -> None:
        seen = darkroom.capture(news.timegate, f"{scheme}://{scheme}.{how}.example/")
        there = f"{scheme}://{scheme}.{how}.example/other"
        assert (seen.page.title, seen.page.final_url) == ("Other", there)
        assert seen.memento.when == MORNING + 10 * HOUR
        assert seen.memento.address == f"{news.timegate}20261120180307/{there}"

    def test_lacks_a_background_too_and_leaves_no_thread_behind(self, news: Archive, darkroom: Darkroom) -> None:
        before = set(threading.enumerate())
        seen = darkroom.capture(news.timegate, "https://backed.example/")
        assert (seen.page.images_total, seen.images_missing) == (0, 1)
        assert seen.missing[-1:] == ["1 picture is archived at another time"]
        deadline = time.monotonic() + 5
        while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert left == set()

    def test_is_the_browsers_fault_if_that_does_not_reach_the_proxy(self, news: Archive, darkroom: Darkroom) -> None:
        darkroom.proxy = f"http://127.0.0.1:{free_port()}"
        with pytest.raises(CaptureError, match=r"did not reach the proxy at http://127.+ If CELEBS_BROWSER_URL is a"):
            darkroom.capture(news.timegate, "http://daily.example/")

    def test_that_lacks_too_much_goes_on_from_there_at_the_next_try(
        self, busy: Front, darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(past, "PATIENCE_S", 9)
        busy.give(*[Slow(1.2)] * 12, to=".jpg")
        with pytest.raises(ArchiveBusyError) as caught:
            darkroom.capture(busy.timegate, "https://gallery.example/")
        said = re.fullmatch(
            r"The archive did not give (\d+) of the page's pictures within 9 s\. What it gave is kept for a day: "
            r"clear the task, and it goes on from there\.",
            str(caught.value),
        )
        assert said
        late = int(said[1])
        assert 2 <= late <= 11
        assert len(list((darkroom.cache / "archive").iterdir())) == 1

        monkeypatch.setattr(past, "PATIENCE_S", 60)
        busy.orders.clear()
        before = len(busy.requests)
        seen = darkroom.capture(busy.timegate, "https://gallery.example/")
        assert (seen.page.images_loaded, seen.missing_images) == (12, {})
        asked = [path for path in busy.paths()[before:] if "id_/" in path]
        assert len(asked) == late
        assert all(path.endswith(".jpg") for path in asked)
        assert list((darkroom.cache / "archive").iterdir()) == []


class TestWithoutABrowser:
    """What is known before one is opened."""

    @pytest.mark.parametrize(
        ("when", "nearest"),
        [
            (datetime(2026, 10, 1, 8, tzinfo=UTC), "2026-11-20T08:03:07Z, 1200.1 h after the run's time"),
            (NEXT_DAY, "2026-11-20T08:03:07Z, 24.0 h before the run's time"),
        ],
    )
    def test_a_time_without_a_copy_names_the_nearest(
        self, when: datetime, nearest: str, news: Archive, darkroom: Darkroom
    ) -> None:
        with pytest.raises(NotArchivedError) as caught:
            darkroom.capture(news.timegate, "http://daily.example/", when)
        assert str(caught.value) == (
            f"{news.address.removeprefix('http://')} has no copy of http://daily.example/ within 12 h "
            f"(CELEBS_ARCHIVE_WINDOW_H): the nearest is from {nearest}."
        )
        assert darkroom.opened == 0

    def test_a_site_that_was_never_archived_is_reported(self, news: Archive, darkroom: Darkroom) -> None:
        with pytest.raises(NotArchivedError, match=r"has no copy of https://unknown\.example/ at all\."):
            darkroom.capture(news.timegate, "https://unknown.example/")
        assert darkroom.opened == 0

    def test_a_site_that_the_archive_does_not_show_is_reported(self, busy: Front, darkroom: Darkroom) -> None:
        busy.give(Refused(403))
        with pytest.raises(NotArchivedError, match=r"does not show http://daily\.example/ \(HTTP 403\)\."):
            darkroom.capture(busy.timegate, "http://daily.example/")
        assert darkroom.opened == 0

    def test_a_browser_that_is_nowhere_is_reported(self, busy: Front, darkroom: Darkroom) -> None:
        with pytest.raises(CaptureError, match="is CELEBS_BROWSER_URL right"):
            darkroom.capture(busy.timegate, "http://daily.example/", browser_url="http://browser.invalid:4444")
        assert (darkroom.opened, busy.requests) == (0, [])
