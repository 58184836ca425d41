"""Each option of an odd site, on a page that comes out wrong without it."""

from __future__ import annotations

import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from celeb_ops.capture.access import Access
from celeb_ops.capture.page import capture_page
from celeb_ops.capture.visit import visit
from celeb_ops.core.exceptions import CaptureError, SitesError
from tests.capture.shots import Shot, Studio, html, site_at
from tests.capture.site import LocalSite, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

BLUE = "<img src='/picture/0000ff/120x100.png?{}' width=120 height=100 style='display:block'>"
RED = "<div class='{}' style='height:100px;background:red'></div>"
SHADOW = """const host = document.getElementById('host').attachShadow({ mode: 'open' });
host.innerHTML = '<button class=enter>Enter</button>';
host.querySelector('button').onclick = () => { document.querySelector('main').hidden = false; host.host.remove() }"""
LATE = f"""setTimeout(() => {{
  document.querySelector('main').innerHTML = `<section class=stories>{BLUE.format("late")}</section>` }}, 3000)"""
WIDE = """<div style='height:700px'></div><div style='display:flex'><i style='width:90px'></i>
<main style='width:200px'>{}</main></div><div style='height:900px'></div>"""
STORY = f"{BLUE.format('a')}<div style='height:300px;background:#00ff00'></div>"
PHONE = """<meta name=viewport content='width=device-width'><main></main>
<style>main { height: 100px; background: red } @media (max-width: 500px) { main { background: blue } }</style>"""
TELL = """document.querySelector('main').outerHTML += `<a href=/told title='${[innerWidth, devicePixelRatio,
  navigator.maxTouchPoints, 'ontouchstart' in window, /Mobile/.test(navigator.userAgent),
  navigator.userAgentData?.mobile].join(" ")}'><img src=/picture/0000ff/90x90.png></a>`"""
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "click": (html(f"<main hidden>{BLUE}</main><div id=host></div>", script=SHADOW), {"click": [".enter", "#gone"]}),
    "javascript": (
        html(f"<main data-stories='{BLUE.replace(chr(39), '&quot;')}'></main>"),
        {"javascript": "const main = document.querySelector('main'); await 0; main.innerHTML = main.dataset.stories"},
    ),
    "broken javascript": (html(BLUE), {"javascript": "document.querySelector('.pop-up').click()"}),
    "wait_for": (html(f"<main>{RED}</main>", script=LATE), {"wait_for": ".stories img", "load_time_s": 6}),
    "hide": (html(f"{RED.format('ad')}<main>{BLUE}</main>"), {"hide": [".ad"]}),
    "css": (html(f"{RED.format('bar')}<main>{BLUE}</main>"), {"css": ".bar { background: none !important }"}),
    "selector": (html(WIDE.format(STORY)), {"selector": "main"}),
    "mobile": (html(PHONE, script=TELL), {"mobile": True, "viewport": (390, 844)}),
    "agent": (html(BLUE), {"user_agent": "Mozilla/5.0 Our Browser", "contact": "press@example.org"}),
}


@pytest.fixture(scope="module")
def shots(site: LocalSite, studio: Studio) -> dict[str, Shot]:
    urls = {name: site.page(page, f"/odd/{name.replace(' ', '-')}") for name, (page, _) in PAGES.items()}
    return studio.shoot_all(urls, {name: options for name, (_, options) in PAGES.items()})


def found(shot: Shot, colour: tuple[int, int, int]) -> int:
    return int((shot.pixels == colour).all(axis=2).sum())


@pytest.mark.parametrize("name", ["click", "javascript", "wait_for", "hide", "css"])
def test_the_option_brings_the_picture_and_takes_what_stood_before_it(name: str, shots: dict[str, Shot]) -> None:
    assert found(shots[name], (0, 0, 255)) == 120 * 100
    assert found(shots[name], (255, 0, 0)) == 0
    assert shots[name].page.missing == []


def test_what_was_done_is_said(shots: dict[str, Shot]) -> None:
    assert shots["click"].page.consent.done == ["clicked .enter"]
    assert shots["hide"].page.consent.done == ["hid 1 × .ad"]


def test_a_script_that_fails_leaves_the_page_and_is_missing(shots: dict[str, Shot]) -> None:
    (what,) = shots["broken javascript"].page.missing
    assert what.startswith("what the site's javascript would have done (TypeError: ")
    assert found(shots["broken javascript"], (0, 0, 255)) == 120 * 100


def test_a_part_of_the_page_is_all_that_there_is(shots: dict[str, Shot]) -> None:
    page = shots["selector"].page
    assert shots["selector"].pixels.shape == (400, 200, 3)
    assert (page.page_width, page.page_height, page.captured_height, page.truncated) == (200, 400, 400, False)
    assert [tuple(one.box) for one in page.pictures] == [(0, 0, 120, 100)]
    assert found(shots["selector"], (0, 255, 0)) == 200 * 300


def test_a_phone_is_one_in_all_that_a_page_can_ask(shots: dict[str, Shot]) -> None:
    page = shots["mobile"].page
    assert page.viewport == (780, 1688)
    assert shots["mobile"].pixels.shape == (page.captured_height, 780, 3)
    assert found(shots["mobile"], (0, 0, 255)) >= 780 * 200
    (picture,) = page.pictures
    assert tuple(picture.box)[2:] == (180, 180)
    left, top, width, height = picture.box
    assert (shots["mobile"].pixels[top : top + height, left : left + width] == (0, 0, 255)).all()


def test_who_asks_is_said(site: LocalSite, shots: dict[str, Shot]) -> None:
    assert shots["agent"].page.missing == []
    agents = {one.path: one.headers["User-Agent"] for one in site.asked}
    assert agents["/odd/agent"] == "Mozilla/5.0 Our Browser TrendingCelebrities (+press@example.org)"
    assert "Android" in agents["/odd/mobile"]
    assert "Mobile Safari" in agents["/odd/mobile"]
    assert "Headless" not in agents["/odd/hide"]


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (
            {"wait_for": ".never", "load_time_s": 1},
            CaptureError,
            "showed no .never within 1 s (wait_for, ",
        ),
        ({"selector": ".never"}, CaptureError, "showed no .never (selector)"),
        ({"selector": "main"}, CaptureError, "is 20x20 px on the page; it must have 80 a side at least"),
        ({"hide": "a:knows-nobody"}, SitesError, "hide of TEST: the browser knows no such selector: a:knows-nobody."),
        ({"javascript": "if ("}, SitesError, "javascript of TEST is no JavaScript: SyntaxError: "),
    ],
)
def test_what_the_browser_alone_can_tell(
    options: dict[str, Any], kind: type[Exception], said: str, site: LocalSite, studio: Studio
) -> None:
    with pytest.raises(kind) as error:
        studio.shoot(site.page(html(f"<main style='width:20px;height:20px'></main>{BLUE}"), "/odd/wrong"), **options)
    assert said in str(error.value)


SECRET = Access(headers={"Authorization": "Bearer s3cret", "Accept": "text/ours"}, cookies={"session": "c00kie"})


def visited(url: str, access: Access, folder: Path, **options: Any) -> Any:
    site = site_at(url, **options)
    with visit(site, access=access) as driver:
        return capture_page(driver, site, folder)


class TestSecrets:
    def test_go_to_the_sites_own_host_alone(self, site: LocalSite, tmp_path: Path) -> None:
        with served() as other:
            # Another name of this machine: cookies and headers belong to a host, whatever its port.
            elsewhere = other.address.replace("127.0.0.1", "localhost")
            frame = f"<iframe src='{elsewhere}/status/200'></iframe><img src='{elsewhere}/picture/0000ff/99x99.png'>"
            script = f"fetch('/mine', {{ method: 'POST', body: 'x'.repeat(99999) }}); fetch('{elsewhere}/theirs')"
            before = len(site.asked)
            page = visited(site.page(html(BLUE + frame, script=script), "/odd/secret"), SECRET, tmp_path)
            mine, theirs = {one.path: one for one in site.asked[before:]}, other.asked
        assert {"/odd/secret", "/mine"} <= set(mine)
        for one in mine.values():
            assert (one.headers["Authorization"], one.headers["Cookie"]) == ("Bearer s3cret", "session=c00kie")
            assert one.headers["Accept"] == "text/ours"
        assert {"/status/200", "/theirs", "/picture/0000ff/99x99.png"} <= {one.path for one in theirs}
        for one in theirs:
            assert not {"Authorization", "Cookie"} & set(one.headers)
        assert not [secret for secret in ("s3cret", "c00kie") if secret in repr(page) or secret in repr(SECRET)]

    def test_go_within_tls_whose_other_end_is_checked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        authority = trustme.CA()
        pem = tmp_path / "site.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        with served(pem) as site:
            url = site.page(html(BLUE), "/odd/tls").replace("127.0.0.1", "localhost")
            with pytest.raises(CaptureError, match="its TLS certificate is invalid"):
                visited(url, SECRET, tmp_path)
            assert site.asked == []
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
            page = visited(url, SECRET, tmp_path)
            asked = {one.path: one.headers for one in site.asked}
        assert page.images_loaded == 1
        assert {headers["Authorization"] for headers in asked.values()} == {"Bearer s3cret"}
        assert asked["/odd/tls"]["Cookie"] == "session=c00kie"


class SmallProxy(BaseHTTPRequestHandler):
    """A proxy that wants a login, and notes what it was asked for."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        answer = requests.get(self.path, timeout=5, proxies={"http": ""})
        self.send_response(answer.status_code)
        for name in ("Content-Type", "Content-Length"):
            self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[str]:
    """Its place; it is behind the user's name ``us``, whose password is ``s3cret/``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SmallProxy)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_proxy_of_the_sites_own(site: LocalSite, proxy: str, tmp_path: Path) -> None:
    access = Access(proxy=urlsplit(f"http://us:s3cret%2F@{proxy}"))
    url = site.page(html(BLUE), "/odd/proxied")
    assert visited(url, access, tmp_path).images_loaded == 1
    assert (url, f"Basic {b64encode(b'us:s3cret/').decode()}") in SmallProxy.asked
    with pytest.raises(CaptureError) as error:
        visited(url, Access(proxy=urlsplit("http://us:s3cret@127.0.0.1:9")), tmp_path)
    assert "its proxy (option proxy, else HTTPS_PROXY" in str(error.value)
    assert "s3cret" not in str(error.value)
