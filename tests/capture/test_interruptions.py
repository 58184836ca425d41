"""What a page does to stop, leave or get out of its browser neither stops a capture nor leaks from it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.page import capture_page
from tests.capture.shots import band_rows, bands, html, pixels, site_at, wrong_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celeb_ops.capture.page import PageCapture
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NUISANCE = """
window.said = {};
const dialogs = when => { said[when] = [alert('Subscribe!'), confirm('Leave?'), prompt('Name?')]; print() };
dialogs('load');
setTimeout(() => dialogs('timer'), 300);
addEventListener('scroll', () => dialogs('scroll'));
const stay = event => { event.preventDefault(); return event.returnValue = 'Stay!' };
addEventListener('beforeunload', stay); window.onbeforeunload = stay;
said.popup = window.open('/popup-by-script');
const click = attributes => {
  const link = document.createElement('a'); Object.assign(link, attributes); document.body.append(link); link.click() };
const nag = () => {
  window.open('/popup-by-timer');
  click({ href: '/popup-by-link', target: '_blank' });
  click({ href: '/file', download: 'gift.zip' });
  click({ href: URL.createObjectURL(new Blob(['PK'])), download: 'gift.zip' });
};
nag(); setTimeout(nag, 400);
Notification.requestPermission().then(answer => { said.notifications = answer });
navigator.geolocation.getCurrentPosition(() => { said.place = 'told' }, error => { said.place = error.code });
"""
PAGE = html(
    f"{bands(2_000)}<meta http-equiv=refresh content='60;url=/elsewhere'>"
    "<iframe hidden srcdoc='<script>alert(1); print(); parent.said.frame = confirm(2)</script>'></iframe>",
    script=NUISANCE,
    attributes="onbeforeunload=\"return 'Stay!'\"",
)


class Endured:
    """A capture of the nuisance, and its browser right after it."""

    def __init__(self, site: LocalSite, folder: Path) -> None:
        options = site_at(site.page(PAGE))
        with open_browser(options) as driver:
            start = time.monotonic()
            self.page: PageCapture = capture_page(driver, options, folder)
            self.seconds = time.monotonic() - start
            self.said: dict[str, Any] = driver.execute_script("return window.said")
            self.windows: list[str] = driver.window_handles
            places = (Path(tempfile.gettempdir()), Path.home(), Path.cwd())
            self.downloads = [one for place in places for one in place.glob("**/*gift*")]
            self.started = time.monotonic()
        self.end_s = time.monotonic() - self.started


@pytest.fixture(scope="module")
def endured(site: LocalSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endured]:
    with pytest.MonkeyPatch.context() as patch:
        # What goes to the user's own folders would go here.
        home = tmp_path_factory.mktemp("home")
        patch.setattr(tempfile, "tempdir", str(home))
        patch.setenv("HOME", str(home))
        patch.chdir(home)
        yield Endured(site, home)


def test_the_page_is_captured_as_if_nothing_was(endured: Endured) -> None:
    assert wrong_rows(pixels(*(part.path for part in endured.page.parts))[:2_000], band_rows(2_000)) == []
    assert endured.page.missing == []
    assert endured.seconds < 12


def test_dialogs_are_answered_at_once(endured: Endured) -> None:
    for when in ("load", "timer", "scroll"):
        assert endured.said[when] == [None, False, None]
    assert endured.said["frame"] is False


def test_no_window_opens(endured: Endured, site: LocalSite) -> None:
    assert endured.said["popup"] is None
    assert len(endured.windows) == 1
    assert not [path for path in site.paths() if path.startswith("/popup")]


def test_nothing_is_downloaded(endured: Endured) -> None:
    assert endured.downloads == []


def test_permissions_are_refused_without_a_question(endured: Endured) -> None:
    assert endured.said["notifications"] == "denied"
    # GeolocationPositionError.PERMISSION_DENIED
    assert endured.said["place"] == 1


def test_the_end_is_not_held_up(endured: Endured) -> None:
    assert endured.end_s < 5
