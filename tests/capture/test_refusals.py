"""Every way in which a site refuses its page, or breaks the browser: its own error, in time, with a sentence."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from celeb_ops.capture import refusals
from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.facts import Link, PageState
from celeb_ops.capture.page import capture_page
from celeb_ops.core.exceptions import CaptureError, PermanentError, ReasonCode
from tests.capture.shots import Studio, html, shoot, site_at
from tests.capture.site import WORDS, LocalSite, self_signed, served
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TIMEOUT_S = 5
AGAIN, NEVER_AGAIN = False, True

HOSTILE: dict[str, tuple[ReasonCode, bool, str]] = {
    "403 with a body": (
        ReasonCode.PAGE_REFUSED,
        NEVER_AGAIN,
        "answered with HTTP 403 (it may refuse automated browsers)",
    ),
    "500": (ReasonCode.SERVER_FAILED, AGAIN, "answered with HTTP 500: it is down or overloaded"),
    "500 without a body": (ReasonCode.SERVER_FAILED, AGAIN, "answered with HTTP 500: it is down or overloaded"),
    "script leads to 404": (ReasonCode.PAGE_REFUSED, NEVER_AGAIN, "answered with HTTP 404"),
    "redirects in a circle": (ReasonCode.REDIRECT_LOOP, NEVER_AGAIN, "it redirects in a loop"),
    "nothing listens": (ReasonCode.NO_ANSWER, AGAIN, "nothing listens at its address"),
    "unknown host": (ReasonCode.UNKNOWN_HOST, AGAIN, "its host name was not found"),
    "self-signed certificate": (ReasonCode.CERTIFICATE, NEVER_AGAIN, "its TLS certificate is invalid"),
    "no TLS where it should be": (ReasonCode.CERTIFICATE, NEVER_AGAIN, "no secure connection to it is possible"),
    "never answers": (ReasonCode.NO_ANSWER, AGAIN, f"sent no page within {TIMEOUT_S} s (timeout_s)"),
    "almost nothing, and no end": (
        ReasonCode.BLANK_PAGE,
        AGAIN,
        f"It was incomplete after {TIMEOUT_S} s (timeout_s)",
    ),
    "a download": (ReasonCode.OTHER, AGAIN, "not a web page"),
    "busy from the start": (ReasonCode.BROWSER, AGAIN, f"no answer on {{url}} within {TIMEOUT_S} s (timeout_s)"),
    "busy when scrolled": (ReasonCode.BROWSER, AGAIN, f"no answer on {{url}} within {TIMEOUT_S} s (timeout_s)"),
    "crashes": (ReasonCode.BROWSER, AGAIN, "The browser died on chrome://crash"),
    "blank": (ReasonCode.BLANK_PAGE, AGAIN, "almost nothing on it (0 letters, no picture)"),
    "captcha": (
        ReasonCode.BLOCKED_PAGE,
        AGAIN,
        "a substitute for its page (title 'Hold on'): it says 'Are you a robot'",
    ),
    "access denied": (ReasonCode.BLOCKED_PAGE, AGAIN, "it says 'Access Denied'"),
}


@dataclass(frozen=True)
class Refusal:
    """How a capture ended."""

    url: str
    error: CaptureError | None
    seconds: float


def refused(urls: dict[str, str]) -> dict[str, Refusal]:
    """How these pages refuse themselves to one browser, one after another, each in a new tab."""
    found = {}
    with open_browser(site_at("http://127.0.0.1/", timeout_s=TIMEOUT_S)) as driver, TemporaryDirectory() as folder:
        for name, url in urls.items():
            driver.switch_to.new_window("tab")
            start, error = time.monotonic(), None
            try:
                capture_page(driver, site_at(url, timeout_s=TIMEOUT_S, load_time_s=1), Path(folder))
            except CaptureError as caught:
                error = caught
            found[name] = Refusal(url, error, time.monotonic() - start)
    return found


@pytest.fixture(scope="module")
def hostile(site: LocalSite, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Refusal]:
    forever = "while (true);"
    host = site.address.removeprefix("http://")
    urls = {
        "403 with a body": f"{site.address}/status/403",
        "500": f"{site.address}/status/500",
        "500 without a body": f"{site.address}/bare/500",
        "script leads to 404": site.page(html("", script="setTimeout(() => { location = '/nowhere' }, 900)")),
        "redirects in a circle": f"{site.address}/loop",
        "nothing listens": f"http://127.0.0.1:{free_port()}/",
        "unknown host": "http://nobody.invalid/",
        "no TLS where it should be": f"https://{host}/status/200",
        "never answers": f"{site.address}/never",
        "almost nothing, and no end": f"{site.address}/trickle/150",
        "a download": f"{site.address}/file",
        "busy from the start": site.page(html(f"<script>{forever}</script>")),
        "busy when scrolled": site.page(
            html("<div style='height:9000px'>", script=f"addEventListener('scroll', () => {{ {forever} }})")
        ),
        "crashes": "chrome://crash",
        "blank": site.page("<title>News</title><div style='height:3000px'></div>"),
        "captcha": site.page("<title>Hold on</title><h1>Are you a robot?</h1><input type=checkbox> No"),
        "access denied": site.page("<title>News</title><h1>Access Denied</h1>You don't have permission.<p>Reference 1"),
    }
    with served(self_signed(tmp_path_factory.mktemp("tls"))) as secure:
        urls["self-signed certificate"] = f"{secure.address.replace('127.0.0.1', 'localhost')}/status/200"
        # Pages that keep a browser busy need one each; the others share two, and what kills its browser comes last.
        own = ("busy", "never answers", "almost nothing, and no end")
        busy = [{name: urls.pop(name)} for name in list(urls) if name.startswith(own)]
        names = sorted(urls, key="crashes".__eq__)
        sharing = [{name: urls[name] for name in names[start::2]} for start in range(2)]
        with ThreadPoolExecutor(4) as pool:
            return {name: one for found in pool.map(refused, [*busy, *sharing]) for name, one in found.items()}


@pytest.mark.browser
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_refusal_is_its_own_error_with_a_sentence_in_time(name: str, hostile: dict[str, Refusal]) -> None:
    code, permanent, said = HOSTILE[name]
    shown = hostile[name]
    assert shown.error
    assert shown.error.reason_code is code
    assert isinstance(shown.error, PermanentError) is permanent
    assert shown.url in str(shown.error)
    assert said.format(url=shown.url) in str(shown.error)
    assert "\n" not in str(shown.error)
    # The page's time, the time of one more answer, and some on a busy machine.
    assert shown.seconds < TIMEOUT_S + (TIMEOUT_S + 10) + 5


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_a_page_that_never_ends_is_captured_as_far_as_it_came(site: LocalSite, studio: Studio) -> None:
    shot = studio.shoot(f"{site.address}/flood", timeout_s=2, load_time_s=0.5)
    assert shot.page.missing[0] == "the end of the document"
    assert shot.page.title == "Endless"
    assert shot.page.captured_height > 2_000
    assert shot.seconds < 15


def renderers(family: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [one for one in family if "--type=renderer" in one.cmdline()]


def drivers(family: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [one for one in family if one.name() == "chromedriver"]


@pytest.mark.browser
@pytest.mark.timeout(60)
@pytest.mark.parametrize("victims", [renderers, drivers])
def test_a_kill_in_the_middle_is_a_crash(
    victims: Callable[[Iterable[psutil.Process]], list[psutil.Process]], site: LocalSite
) -> None:
    others = set(psutil.Process().children(recursive=True))
    slow = f"/picture/000000/300x300.png?delay=9&{victims.__name__}"
    url = site.page(html(f"<img src='{slow}'>"))

    killed_at = []

    def kill() -> None:
        while slow not in site.paths():
            time.sleep(0.05)
        time.sleep(0.5)
        for process in victims(set(psutil.Process().children(recursive=True)) - others):
            process.kill()
        killed_at.append(time.monotonic())

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with pytest.raises(CaptureError, match=f"(died|crashed) on {url}") as error:
        shoot(url, load_time_s=15)
    killer.join()
    assert not isinstance(error.value, PermanentError)
    assert time.monotonic() - killed_at[0] < 10


def page_state(**given: Any) -> PageState:
    good = PageState(
        url="https://www.tmz.com/", title="News", status=200, error="", text=WORDS, text_length=5_000, pictures=20
    )
    return PageState(**(good.model_dump() | given))


SITE = site_at("https://www.tmz.com/")


@pytest.mark.parametrize(
    ("code", "statuses"),
    [
        (ReasonCode.PAGE_REFUSED, (400, 401, 404, 410, 418, 451)),
        (ReasonCode.SERVER_FAILED, (408, 425, 429, 500, 503, 520, 599)),
    ],
)
def test_a_status_that_will_stay_is_told_from_one_that_may_pass(code: ReasonCode, statuses: tuple[int, ...]) -> None:
    refusals.check_status(SITE, page_state(status=203))
    for status in statuses:
        with pytest.raises(CaptureError, match=f"HTTP {status}", check=lambda error: error.reason_code is code):
            refusals.check_status(SITE, page_state(status=status))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("net::ERR_NAME_NOT_RESOLVED", ReasonCode.UNKNOWN_HOST),
        ("ERR_CERT_DATE_INVALID", ReasonCode.CERTIFICATE),
        ("ERR_SSL_VERSION_OR_CIPHER_MISMATCH", ReasonCode.CERTIFICATE),
        ("ERR_EMPTY_RESPONSE", ReasonCode.NO_ANSWER),
        ("ERR_CONNECTION_RESET", ReasonCode.NO_ANSWER),
        ("ERR_INTERNET_DISCONNECTED", ReasonCode.NO_ANSWER),
    ],
)
def test_a_network_error_is_told_by_its_code(text: str, code: ReasonCode) -> None:
    error = refusals.reached(SITE, f"unknown error: {text} (Session info: chrome)")
    assert error
    assert error.reason_code is code
    assert SITE.url in str(error)
    assert text.removeprefix("net::") in str(error)


def links(number: int, words: int = 30, **given: Any) -> list[Link]:
    link = Link(url="", words=words, picture=False, file=False)
    return [link.model_copy(update={"url": f"https://www.tmz.com/{n}", **given}) for n in range(number)]


@pytest.mark.parametrize(
    "given",
    [
        {"title": "Star accused of being a robot: are you human?", "text_length": 9_000},
        {"text": "The band behind Captcha plays tonight", "pictures": 12, "text_length": 900},
        {"text": "", "text_length": 0, "pictures": 1, "links": links(3, 0, picture=True)},
        {"text_length": 250, "pictures": 0, "links": links(5)},
        {"text_length": 900, "pictures": 1, "password": True, "links": links(9), "titles": 9},
        {"text_length": 9_000, "pictures": 9, "unlisted": True, "reloads": True},
        {"text_length": 900, "pictures": 0, "links": links(60, url="https://else.example/")},
        {"text_length": 2_000, "pictures": 0, "links": links(9, file=True) + links(9)},
    ],
    ids=[
        "a story about robots",
        "few words, many pictures",
        "pictures only",
        "words only",
        "a box to log in",
        "for nobody to find, and it reloads",
        "others' headlines",
        "some files",
    ],
)
def test_a_page_of_its_own_passes(given: dict[str, Any]) -> None:
    refusals.check_content(SITE, page_state(**given))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            {"pictures": 1},
            "it shows too little for a front page (340 letters, 0 links, 0 stories, 0 titles, 1 pictures)",
        ),
        ({"password": True, "links": links(4, 12)}, "it asks for a password"),
        ({"password": True, "links": links(9), "url": "https://www.tmz.com/sign-in?to=/"}, "it is a login address"),
        ({"links": links(4), "url": "https://consent.example/"}, "it is https://consent.example/, another site"),
        ({"links": links(4, url="https://shop.example/")}, "all its links lead to other sites"),
        ({"text_length": 5_000, "links": links(30, file=True)}, "it is a list of files"),
        ({"text_length": 1_900, "unlisted": True}, "search engines must skip it"),
        ({"text_length": 1_900, "reloads": True}, "it reloads within a minute"),
    ],
    ids=["little", "password", "login", "another site", "links that lead away", "files", "noindex", "reloads"],
)
def test_a_page_that_stands_in_is_told_by_its_shape(given: dict[str, Any], why: str) -> None:
    with pytest.raises(CaptureError, match=re.escape(why)):
        refusals.check_content(SITE, page_state(**({"text_length": 340, "pictures": 0} | given)))


@pytest.mark.parametrize(
    "given",
    [
        {"title": "Just a moment..."},
        {"title": "Attention Required! | Cloudflare"},
        {"text": "Verify you are human by completing the action below."},
        {"text": "Please verify that you are a human"},
        {"title": "Pardon Our Interruption"},
        {"title": "ERROR: The request could not be satisfied"},
        {"title": "503 Service Temporarily Unavailable"},
    ],
)
def test_an_interstitial_is_told_by_its_makers_words(given: dict[str, Any]) -> None:
    with pytest.raises(CaptureError, match="showed a substitute for its page"):
        refusals.check_content(SITE, page_state(text_length=300, pictures=1, **given))
