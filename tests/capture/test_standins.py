"""A page that stands in for the site's own fails the site; a small one of its own does not; a cut one says so."""

from __future__ import annotations

import contextlib
import gzip
import time
import zlib
from hashlib import sha512
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core.exceptions import CaptureError, ReasonCode
from tests.capture.shots import Shot, Studio, html
from tests.capture.site import STORIES, WORDS, LocalSite
from tests.capture.standins import OWN, PICTURE, STAND_INS, login, page

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

IN_TIME = {"load_time_s": 2, "timeout_s": 15}
AT_LEISURE = {"load_time_s": 20, "timeout_s": 30}
REFUSALS = (ReasonCode.BLOCKED_PAGE, ReasonCode.BLANK_PAGE)
VARIANTS = [(kind, n) for kind, pages in STAND_INS.items() for n in range(1, len(pages))]


@pytest.fixture(scope="module")
def firsts(site: LocalSite, studio: Studio) -> Mapping[str, Shot | CaptureError]:
    pages = {kind: pages[0] for kind, pages in STAND_INS.items()} | OWN
    return studio.try_all({name: site.page(page) for name, page in pages.items()}, **IN_TIME)


@pytest.mark.parametrize("kind", STAND_INS)
def test_a_page_that_stands_in_is_a_refusal(kind: str, firsts: Mapping[str, Shot | CaptureError]) -> None:
    assert getattr(firsts[kind], "reason_code", None) in REFUSALS, firsts[kind]


@pytest.mark.pages
@pytest.mark.parametrize(("kind", "n"), VARIANTS)
def test_so_it_is_in_any_language(kind: str, n: int, site: LocalSite, studio: Studio) -> None:
    with pytest.raises(CaptureError, check=lambda error: error.reason_code in REFUSALS):
        studio.shoot(site.page(STAND_INS[kind][n]), **IN_TIME)


@pytest.mark.parametrize("name", OWN)
def test_a_small_page_of_its_own_is_seen(name: str, firsts: Mapping[str, Shot | CaptureError]) -> None:
    shot = firsts[name]
    assert isinstance(shot, Shot), shot
    assert shot.page.missing == []
    assert len(shot.page.pictures) == OWN[name].count(PICTURE)


LONG = page("News", PICTURE + "".join(f"{STORIES}{sha512(bytes([n])).hexdigest()}" for n in range(100))).encode()
PACKED, DEFLATED = gzip.compress(LONG), zlib.compress(LONG)
GZIP, CHUNKED = {"Content-Encoding": "gzip"}, {"Transfer-Encoding": "chunked"}


def length(body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body))}


def chunks(body: bytes, size: int = 1_000) -> bytes:
    """Without the last one, which is empty."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def half(body: bytes) -> bytes:
    return body[: len(body) // 2]


CUT: dict[str, tuple[dict[str, str], bytes]] = {
    "gzip": (GZIP | length(half(PACKED)), half(PACKED)),
    "length": (length(LONG), half(LONG)),
    "chunks": (CHUNKED, chunks(half(LONG))),
}
LED_TO = "gzip, where a script leads to"
CUT_TOO: dict[str, tuple[dict[str, str], bytes]] = {
    "gzip, near its end": (GZIP | length(PACKED[:-40]), PACKED[:-40]),
    "gzip in chunks": (GZIP | CHUNKED, chunks(half(PACKED), 100) + b"0\r\n\r\n"),
    "gzip, without a length": (GZIP, half(PACKED)),
    "gzip, shorter than its length": (GZIP | length(PACKED), half(PACKED)),
    "deflate": ({"Content-Encoding": "deflate"} | length(half(DEFLATED)), half(DEFLATED)),
    "a chunk": (CHUNKED, chunks(LONG)[: len(LONG) // 2]),
    "chunks, the last one only": (CHUNKED, chunks(LONG)),
    "length, by one byte": (length(LONG), LONG[:-1]),
    "a tag": (length(LONG), LONG[: LONG.index(b"<img") + 9]),
}
WHOLE: dict[str, tuple[dict[str, str], bytes]] = {
    "gzip": (GZIP | length(PACKED), PACKED),
    "gzip in chunks": (GZIP | CHUNKED, chunks(PACKED, 100) + b"0\r\n\r\n"),
    "length": (length(LONG), LONG),
    # Nothing tells that it is cut.
    "without a length": ({}, half(LONG)),
    "length, without end tags": (length(half(LONG)), half(LONG)),
}


@pytest.fixture(scope="module")
def documents(site: LocalSite, studio: Studio) -> Mapping[str, Shot | CaptureError]:
    answers = {f"cut {name}": answer for name, answer in CUT.items()}
    answers |= {f"whole {name}": answer for name, answer in WHOLE.items()}
    urls = {name: site.answer_with(*answer) for name, answer in answers.items()}
    urls[f"cut {LED_TO}"] = site.page(html("", script=f"location = '{urls['cut gzip']}'"))
    return studio.try_all(urls, **AT_LEISURE)


@pytest.mark.parametrize("how", [*CUT, LED_TO])
def test_a_document_that_ends_in_the_middle_says_so(how: str, documents: Mapping[str, Shot | CaptureError]) -> None:
    shot = documents[f"cut {how}"]
    assert isinstance(shot, Shot), shot
    assert shot.page.missing == ["the end of the document"]
    assert shot.page.captured_height > 1_000


@pytest.mark.parametrize("how", WHOLE)
def test_a_whole_one_does_not(how: str, documents: Mapping[str, Shot | CaptureError]) -> None:
    shot = documents[f"whole {how}"]
    assert isinstance(shot, Shot), shot
    assert shot.page.missing == []


@pytest.mark.pages
@pytest.mark.parametrize("how", CUT_TOO)
def test_so_does_any_that_ends_early(how: str, site: LocalSite, studio: Studio) -> None:
    assert studio.shoot(site.answer_with(*CUT_TOO[how]), **AT_LEISURE).page.missing == ["the end of the document"]


FOR_EVER = """addEventListener('DOMContentLoaded', () => setTimeout(() => {
  document.open();
  document.write('<title>News</title><h1>News</h1>');
  setInterval(() => document.write('<p>A word more'), 200);
}));"""


def test_a_document_that_writes_itself_for_ever_ends_in_time(site: LocalSite, studio: Studio) -> None:
    start = time.monotonic()
    with contextlib.suppress(CaptureError):
        studio.shoot(site.page(html(WORDS, script=FOR_EVER)), load_time_s=1, timeout_s=4)
    assert time.monotonic() - start < 40


def test_a_link_that_is_no_address_ends_nothing(site: LocalSite, studio: Studio) -> None:
    words = WORDS.replace("href='/", "href='https://[email protected]/")
    with contextlib.suppress(CaptureError):
        studio.shoot(
            site.page(f"<title>News</title><a href='https://[email protected]/'>Write to us</a>{words}"), **IN_TIME
        )


LOGIN = login("Members", "Name", "Word", "In", "Lost it?|Join")
HEAD = b"<!doctype html><html><head><title>News</title><style>body { margin: 0 }</style></head>"
NOWHERE = "http://localhost:9"
NOTICE = "document.body.innerHTML = '<h1>Please turn your blocker off</h1>' + 'We live by ads. '.repeat(20)"
BROKE, NOTHING = "its connection broke", "almost nothing on it"
DOCUMENTS: dict[str, tuple[str, dict[str, str], bytes]] = {
    "cut before its body": (BROKE, length(LONG), HEAD + b"<bo"),
    "cut in its first script": (BROKE, length(LONG), HEAD + b"<body><script>let a = "),
    "cut in a comment": (BROKE, length(LONG), HEAD + b"<body><!-- stories: "),
    "gzip, cut before its body": (BROKE, GZIP | length(PACKED[:90]), PACKED[:90]),
    "empty": (NOTHING, length(b""), b""),
    "empty, compressed": (NOTHING, GZIP | length(b""), b""),
    "not compressed, though it says so": (BROKE, GZIP | length(LONG), LONG),
    "shorter than its chunk": (BROKE, CHUNKED, b"fffff\r\n<title>News</title>"),
}


def reload(address: str) -> str:
    return page("", "", f"<meta http-equiv=refresh content='0; url={address}'>")


PAGES: dict[str, tuple[str, str]] = {
    "a script that should build it throws": (
        NOTHING,
        "<title>News</title><main></main><script>document.querySelector('main').innerHTML = stories()</script>",
    ),
    "a script that should build it is from nowhere": (
        NOTHING,
        f"<title>News</title><div id=root></div><script src='{NOWHERE}/app.js'></script>",
    ),
    "its body is hidden until a script runs": (
        "too little for a front page",
        f"<title>News</title><style>body {{ display: none }}</style>{WORDS}<script>show()</script>",
    ),
    "a script puts a notice in its place": (
        "too little for a front page",
        html(WORDS, script=NOTICE),
    ),
    "a script leads to a login": (
        "it asks for a password",
        html("", script="location = '/login?next=/'"),
    ),
    "it reloads to a parked page": ("all its links lead to other sites", reload("/parked")),
    "it reloads to an error": ("HTTP 503", reload("/status/503")),
    "a frameset of another owner": (
        NOTHING,
        f"<title>News</title><frameset cols='100%'><frame src='{NOWHERE}/'></frameset>",
    ),
}


@pytest.mark.pages
@pytest.mark.parametrize("name", [*DOCUMENTS, *PAGES, "redirects to another host's login"])
def test_what_is_broken_is_a_refusal_with_its_reason(name: str, site: LocalSite, studio: Studio) -> None:
    site.page(LOGIN, "/login")
    site.page(STAND_INS["parked"][0], "/parked")
    if name in DOCUMENTS:
        said, headers, body = DOCUMENTS[name]
        url = site.answer_with(headers, body)
    elif name in PAGES:
        said, markup = PAGES[name]
        url = site.page(markup)
    else:
        said = "it is another site"
        url = f"{site.address}/redirect/302?{site.address.replace('127.0.0.1', 'localhost')}/login"
    with pytest.raises(CaptureError, match=said):
        studio.shoot(url, **IN_TIME)
