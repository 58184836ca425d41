"""What a page says of itself is bounded, and what its scripts say is not believed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from selenium.common.exceptions import UnexpectedAlertPresentException

from celeb_ops.capture import browser, facts
from celeb_ops.capture.facts import Facts
from celeb_ops.core.geometry import Box
from celeb_ops.core.text import SENTENCE_CHARS
from tests.capture.shots import HEIGHT, WIDTH, Shot, Studio, html, shoot

if TYPE_CHECKING:
    import psutil

    from celeb_ops.core.records import Picture
    from tests.capture.site import LocalSite

browsing = [pytest.mark.browser, pytest.mark.timeout(120)]

PICTURE = "/picture/0000ff/120x100.png"
STORY = f"<article><a href='/story'><img src='{PICTURE}?card' alt='Ann Other'></a><h2>Ann was seen</h2></article>"
NAMES = re.findall(
    r"\w+",
    "matches children getBoundingClientRect getClientRects parentElement tagName localName id classList style remove "
    "querySelector querySelectorAll closest getAttribute checkVisibility isConnected shadowRoot innerText textContent "
    "scrollHeight clientHeight clientWidth getRootNode complete",
)
FIELDS = "".join(f"<input type=hidden name={name}>" for name in NAMES)
FORM = (
    f"<form style='background:url({PICTURE}?form);height:100px'>{FIELDS}{STORY}</form>"
    f"<form style='position:fixed;inset:0;background:red'>{FIELDS}</form>"
    f"<form style='position:sticky;top:0'>{FIELDS}</form>"
    "<form name=body></form><img name=querySelectorAll><form name=documentElement></form><a id=celebs></a>"
)
LIES = """
const huge = 'x'.repeat(2e7), lie = (owner, name, value) => {
  try { Object.defineProperty(owner, name, { get: () => value, set() {}, configurable: true }) } catch {} };
lie(window, 'innerWidth', 90000); lie(window, 'innerHeight', -9); lie(window, 'devicePixelRatio', 7);
lie(Element.prototype, 'scrollHeight', -5); lie(Element.prototype, 'localName', huge);
lie(HTMLImageElement.prototype, 'currentSrc', 'javascript:alert(1)'); lie(HTMLImageElement.prototype, 'src', huge);
lie(HTMLAnchorElement.prototype, 'href', 'https://elsewhere.example/'); lie(Node.prototype, 'textContent', huge);
lie(Document.prototype, 'title', '\\x1b[2J' + huge); lie(PerformanceNavigationTiming.prototype, 'responseStatus', 500);
lie(Document.prototype, 'readyState', 'loading'); lie(HTMLElement.prototype, 'innerText', huge);
Object.defineProperty(Object.prototype, 'box', { get() { throw new Error(huge) }, set() { throw new Error(huge) } });
Object.defineProperty(Object.prototype, 'url', { get() { throw new Error(huge) }, set() { throw new Error(huge) } });
Object.prototype.toJSON = Array.prototype.toJSON = String.prototype.toJSON = () => huge;
Element.prototype.getBoundingClientRect = () => ({ left: NaN, top: -1e300, right: 1e300, bottom: 1e308, width: 9 });
Element.prototype.matches = Element.prototype.closest = Element.prototype.checkVisibility = () => { throw huge };
Element.prototype.getAttribute = () => huge; window.getComputedStyle = () => ({});
document.querySelectorAll = Document.prototype.querySelectorAll = () => [];
performance.now = Date.now = () => 0; performance.getEntriesByType = () => [{ responseStatus: 500 }];
window.requestAnimationFrame = window.setTimeout = () => 0; window.scrollTo = () => { throw huge };
JSON.stringify = JSON.parse = String = () => huge; Array.prototype[Symbol.iterator] = function* () { yield huge };
window.autoconsentStandalone = { instance: { state: { lifecycle: huge } }, get messages() {
  return Array(1e6).fill({ type: 'popupFound', cmp: huge, result: { toString() { throw huge } } }) } };
Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw huge };
"""
WORDS = """
document.title = 'News\\x1b[31m\\x9b2J\\x07\\u202egod\\0 \\ud800' + 't'.repeat(1e6);
const [story] = document.images;
story.alt = '\\x1b]0;owned\\x07Ann' + 'a'.repeat(1e6);
story.closest('a').href = 'javascript:alert(1)//https://';
document.querySelector('h2').textContent = 'Ann\\x1b[8m' + 'h'.repeat(1e6);
document.querySelector('video').poster = 'javascript:alert(1)';
"""
LONG = "w" * 600
MANY = f"""<style>
i {{ float: left; width: 40px; height: 30px; background: url('/picture/00ff00/9x9.png?{LONG}') }}
</style>
{f"<i aria-label='{LONG}'></i>" * (facts.MOST_PICTURES + 500)}<div style='clear:both'></div>{STORY}"""


@pytest.fixture(scope="module")
def shots(site: LocalSite, studio: Studio) -> dict[str, Shot]:
    pages = {
        "honest": html(STORY),
        "liar": html(f"<script>{LIES}</script>{STORY}"),
        "fields": html(FORM),
        "words": html(f"{STORY}<video width=100 height=80></video>", script=WORDS),
        "many": html(MANY),
    }
    return studio.shoot_all({name: site.page(page) for name, page in pages.items()}, timeout_s=30)


def named(shot: Shot, name: str) -> Picture:
    [found] = [one for one in shot.page.pictures if one.src.endswith(f"?{name}")]
    return found


class TestAPage:
    pytestmark = browsing

    def test_that_lies_is_seen_as_it_is(self, shots: dict[str, Shot]) -> None:
        page, honest = shots["liar"].page, shots["honest"].page
        assert page.pictures == honest.pictures
        assert (page.title, page.http_status) == ("News", 200)
        assert (page.page_width, page.page_height, page.captured_height) == (WIDTH, HEIGHT, HEIGHT)
        assert (page.images_loaded, page.images_total, page.missing) == (1, 1, [])
        assert len(json.dumps(page.consent.model_dump())) < 2_000
        assert (shots["liar"].pixels == shots["honest"].pixels).all()

    def test_that_lies_is_seen_as_it_is_by_a_remote_browser(
        self, shots: dict[str, Shot], site: LocalSite, chromedriver: psutil.Popen
    ) -> None:
        url = site.page(html(f"<script>{LIES}</script>{STORY}"), "/for-remote")
        page = shoot(url, browser_url=chromedriver.url, timeout_s=30).page
        assert page.pictures == shots["honest"].page.pictures
        assert (page.title, page.page_width, page.page_height) == ("News", WIDTH, HEIGHT)

    def test_whose_form_has_fields_named_as_methods_is_seen(self, shots: dict[str, Shot]) -> None:
        page = shots["fields"].page
        card = named(shots["fields"], "card")
        assert (card.alt, card.headline) == ("Ann Other", "Ann was seen")
        assert card.link.endswith("/story")
        assert named(shots["fields"], "form").box.width == WIDTH
        assert [one for one in page.consent.done if "removed form" in one]
        assert page.captured_height >= HEIGHT

    def test_says_no_control_characters_and_leads_into_the_web_alone(self, shots: dict[str, Shot]) -> None:
        page = shots["words"].page
        card = named(shots["words"], "card")
        for text in (page.title, card.alt, card.headline):
            assert text.isprintable()
            assert len(text) <= 500
        assert page.title.startswith("News [31m")
        assert (card.link, {one.src for one in page.pictures} - {card.src}) == ("", {""})

    def test_of_very_many_pictures_keeps_the_largest_and_counts_the_others(self, shots: dict[str, Shot]) -> None:
        page = shots["many"].page
        assert named(shots["many"], "card").headline == "Ann was seen"
        assert len(page.pictures) == facts.MOST_PICTURES
        assert len(max((one.model_dump_json(indent=1) for one in page.pictures), key=len)) < 6_000
        assert f"metadata of the 501 smallest of {facts.MOST_PICTURES + 501:,} pictures" in page.missing


WHOLE: dict[str, object] = {
    "url": "https://a.example/",
    "title": "",
    "height": 600,
    "pictures": [],
    "left_out": 0,
    "images_loaded": 0,
    "images_total": 0,
}


class TestAnAnswer:
    @pytest.mark.parametrize(
        "told",
        [{"height": -5}, {"height": float("nan")}, {"height": "9" * 9}, {"pictures": [None]}, {"left_out": -1}],
        ids=str,
    )
    def test_that_no_page_can_give_is_refused(self, told: dict[str, object]) -> None:
        assert Facts.model_validate(WHOLE).height == 600
        with pytest.raises(ValidationError):
            Facts.model_validate(WHOLE | told)


def test_boxes_are_clipped_to_the_page() -> None:
    told = {"sure": True, "src": "https://a.example/", "alt": "", "link": "ftp://a.example/", "headline": ""}
    pictures = [told | {"box": [-50, -50, 10**8, 10**8]}, told | {"box": [900, 0, 10, 10]}]
    [picture] = Facts.model_validate(WHOLE | {"pictures": pictures}).on(Box(0, 0, 400, 600))
    assert (picture.box, picture.link) == (Box(0, 0, 400, 600), "")


def test_the_drivers_words_are_cut_and_cleaned_before_they_are_logged() -> None:
    page = "\x1b[2J" + "x" * 10**6
    answer = {"error": "unexpected alert open", "message": f"alert open\n{page}", "data": {"text": page}}
    with pytest.raises(UnexpectedAlertPresentException) as error:
        browser._Cleaned().check_response({"status": 500, "value": json.dumps({"value": answer})})
    assert len(str(error.value)) < 4 * SENTENCE_CHARS
    assert "\x1b" not in str(error.value)
    assert str(error.value.msg).startswith("alert open\n")
