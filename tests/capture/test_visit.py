"""What a page reaches from the browser that shows it: nothing inside the network, whatever it tries."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.support.wait import WebDriverWait

from celeb_ops.capture import allowed_addresses, browser, site_proxy
from celeb_ops.capture.page import capture_page
from celeb_ops.capture.visit import visit
from celeb_ops.core.exceptions import FinalCaptureError
from tests.capture import attack
from tests.capture.attack import AWAY, HOSTS, IN_PAGE, UNSEEN, WITHIN_CHROMIUM, Inside
from tests.capture.shots import html, site_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psutil

    from tests.capture.site import LocalSite

GOSSIP = "http://gossip.test"
PUBLIC = "93.184.215.14"
"""Of gossip.test, whose connections end at the site on loopback: nothing leaves the machine."""
NAMES = {"gossip.test": [PUBLIC], "inside.test": ["127.0.0.1"], "mixed.test": [PUBLIC, "127.0.0.1"]}
ALL = {*IN_PAGE, *HOSTS, *AWAY}


def resolve(host: str) -> list[str]:
    if found := NAMES.get(host.rstrip(".")):
        return found
    if host.endswith("localhost"):
        return ["127.0.0.1"]
    return [str(one[4][0]) for one in socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)]


@pytest.fixture
def connect(site: LocalSite) -> Any:
    port_of_site = urlsplit(site.address).port

    async def connect(addresses: list[str], port: int) -> socket.socket:
        inner = [one for one in addresses if one != PUBLIC]
        return await site_proxy.connect(inner or ["127.0.0.1"], port if inner else port_of_site)

    return connect


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Service workers and others want TLS, or an origin that is taken for as good."""
    plain = browser._options

    def taken_for_secure(*arguments: Any) -> Any:
        chrome = plain(*arguments)
        chrome.add_argument(f"--unsafely-treat-insecure-origin-as-secure={GOSSIP}")
        return chrome

    monkeypatch.setattr(browser, "_options", taken_for_secure)


@pytest.fixture
def inside() -> Iterator[Inside]:
    with attack.inside() as inside:
        yield inside


@pytest.fixture
def attacked(
    site: LocalSite, inside: Inside, connect: Any, secure: None, caplog: pytest.LogCaptureFixture
) -> Callable[..., set[str]]:
    """Shows all of the attack under an address; the ways that the proxy has refused."""
    caplog.set_level(logging.DEBUG, site_proxy.__name__)

    def refused() -> set[str]:
        ports = set(re.findall(r":(\d+): (?:at|a name)", caplog.text))
        return {way for way, port in inside.ports.items() if str(port) in ports}

    def attacked(address: str, browser_url: str = "") -> set[str]:
        site.files["/service.js"] = ("text/javascript", attack.SERVICE.encode())
        site.page(attack.page(inside), "/attack")
        shown = site_at(f"{address}/attack", timeout_s=30)
        with visit(shown, browser_url, (), resolve=resolve, connect=connect) as driver:
            driver.get(shown.url)
            _until(lambda: refused() | set(inside.reached) >= {*IN_PAGE, *HOSTS} - UNSEEN)
            for way in AWAY:
                start, there = attack.away(way, inside)
                path = urlsplit(site.page(start)).path if start.startswith("<") else start
                with contextlib.suppress(WebDriverException):
                    driver.get(address + path)
                WebDriverWait(driver, 10, 0.02).until(lambda driver, there=there: driver.current_url.startswith(there))
        return refused()

    return attacked


def _until(done: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.browser
@pytest.mark.timeout(120)
class TestAPageThatTriesEveryWay:
    def test_reaches_all_from_a_site_on_loopback(
        self, site: LocalSite, inside: Inside, attacked: Callable[..., set[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # It looks through all processes, for each of so many ports.
        monkeypatch.setattr(allowed_addresses, "_browser_listens", lambda _: False)
        refused = attacked(site.address)
        assert ALL - set(inside.reached) - WITHIN_CHROMIUM == set()
        assert refused == set()

    @pytest.mark.parametrize("where", ["local", "remote"])
    def test_reaches_nothing_from_a_public_site(
        self, where: str, inside: Inside, attacked: Callable[..., set[str]], request: pytest.FixtureRequest
    ) -> None:
        url = request.getfixturevalue("chromedriver").url if where == "remote" else ""
        refused = attacked(GOSSIP, url)
        assert len(ALL) >= 30
        assert ALL - refused - UNSEEN == set(), "not tried"
        assert not inside.reached


@pytest.mark.browser
@pytest.mark.timeout(120)
class TestAPageThatLeadsInside:
    """It fails with a sentence, and nothing is photographed."""

    @pytest.fixture
    def ends(self, connect: Any) -> Callable[..., str]:
        def ends(url: str, browser_url: str = "") -> str:
            site = site_at(url)
            with (
                pytest.raises(FinalCaptureError) as error,
                TemporaryDirectory() as folder,
                visit(site, browser_url, (), resolve=resolve, connect=connect) as driver,
            ):
                capture_page(driver, site, Path(folder))
            return str(error.value)

        return ends

    def test_by_a_redirect_or_later(self, site: LocalSite, ends: Callable[..., str]) -> None:
        script = "setTimeout(() => { location = 'https://169.254.169.254/latest/' }, 700)"
        later = urlsplit(site.page(html("<p>news</p>", script=script))).path
        for path, place in (
            ("/redirect/302?http://169.254.169.254/latest/meta-data/", "169.254.169.254:80 (at 169.254.169.254)"),
            (later, "169.254.169.254:443 (at 169.254.169.254)"),
        ):
            assert ends(GOSSIP + path).startswith(f"{GOSSIP}{path} led to {place}, which its pages may not reach, and ")

    @pytest.mark.parametrize("where", ["local", "remote"])
    def test_to_a_driver_also_from_a_site_on_loopback(
        self, where: str, site: LocalSite, chromedriver: psutil.Popen, ends: Callable[..., str]
    ) -> None:
        """The driver is another capture's, or its own; a page's GET of this address ends it."""
        url = site.page(html("", script=f"location = '{chromedriver.url}/shutdown'"))
        there = urlsplit(chromedriver.url).netloc
        assert f" led to {there} (" in ends(url, chromedriver.url if where == "remote" else "")
        assert chromedriver.is_running()
        assert chromedriver.poll() is None


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_a_picture_inside_is_missing_and_named_once(
    site: LocalSite, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = "<img src='http://169.254.169.254/a.png'><img src='http://inside.test/b.png'>" * 3
    path = urlsplit(site.page(html(f"{pictures}<img src='/picture/cc4444/300x300.png'>"))).path
    shown = site_at(GOSSIP + path)
    with visit(shown, "", (), resolve=resolve, connect=connect) as driver, TemporaryDirectory() as folder:
        page = capture_page(driver, shown, Path(folder))
    assert (page.images_loaded, page.images_total) == (1, 7)
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "Blocked as internal: 169.254.169.254, inside.test."
    ]


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_a_page_gets_to_no_file_and_none_of_chromium_s_own_pages(site: LocalSite, connect: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("<script>parent.postMessage('inside', '*')</script>")
    with visit(site_at(GOSSIP), "", (), resolve=resolve, connect=connect) as driver:
        for there in (f"file://{tmp_path}/secret.html", "chrome://version", f"view-source:{site.address}/"):
            script = f"const said = []; onmessage = one => said.push(one.data); setTimeout(() => location = '{there}')"
            url = GOSSIP + urlsplit(site.page(html(f"<iframe src='{there}'></iframe>", script=script))).path
            driver.get(url)
            time.sleep(0.3)
            assert driver.current_url == url
            assert driver.execute_script("return said") == []
