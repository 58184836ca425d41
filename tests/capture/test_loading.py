"""A page is photographed when it is ready, and no later than its budget allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capture.shots import Shot, Studio, html
from tests.capture.site import STORIES

if TYPE_CHECKING:
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

BLUE = "/picture/0000ff/120x100.png"


def article(attributes: str, element: str = "img") -> str:
    """A picture of 120x100 px, and nothing below it for more than a window's height."""
    return f"<{element} {attributes} width=120 height=100></{element}><div style='height:800px'></div>"


LAZY = {
    "native": ("".join(article(f"loading=lazy src='{BLUE}?n{n}'") for n in range(6)), ""),
    "debounced scroll listener": (
        "".join(article(f"data-src='{BLUE}?d{n}'") for n in range(6)),
        """let waiting;
        const look = () => document.querySelectorAll('img').forEach(one => {
          const box = one.getBoundingClientRect();
          if (box.bottom > 0 && box.top < innerHeight && !one.src) one.src = one.dataset.src });
        look();
        addEventListener('scroll', () => { clearTimeout(waiting); waiting = setTimeout(look, 150) })""",
    ),
    "background": (
        "".join(
            article(f"data-bg='{BLUE}?b{n}' style='display:block;width:120px;height:100px'", "i") for n in range(6)
        ),
        """const watch = new IntersectionObserver(all => all.forEach(one => { if (one.isIntersecting)
          setTimeout(() => { one.target.style.backgroundImage = `url(${one.target.dataset.bg})` }, 100) }));
        document.querySelectorAll('[data-bg]').forEach(one => watch.observe(one))""",
    ),
}


CLOCK = "setInterval(() => { document.querySelector('b').textContent = performance.now() }, 50)"
RESTLESS = "let n = 0; setInterval(() => { document.querySelector('b').style.paddingTop = `${++n % 9}0px` }, 50)"
BACKGROUNDS = f"<style>i {{ display: block; width: 120px; height: 100px; background: url({BLUE}) }}</style><i></i>" * 3
SLOW = "".join(f"<img src='{BLUE}?delay=2&{n}'><br>" for n in range(4))
TOO_SLOW = "".join(f"<img src='{BLUE}?delay=30&{n}' width=120 height=100>" for n in range(2))
FETCHED = f"setTimeout(() => {{ document.body.innerHTML = `<img src={BLUE}>{STORIES}` }}, 2000)"
ENDLESS = html(
    "<main></main>",
    script=f"""let n = 0;
    const more = () => document.querySelector('main').insertAdjacentHTML(
      'beforeend', `<img src='{BLUE}?${{n++}}' style='display:block;margin-bottom:600px'>`);
    more(); more();
    addEventListener('scroll', () => {{
      if (innerHeight + scrollY > document.documentElement.scrollHeight - 300) setTimeout(more, 60) }})""",
)
PAGES = {
    "ready": (html(f"<img src={BLUE}>"), {"load_time_s": 30}),
    "clock": (html("<b></b>", script=CLOCK), {"load_time_s": 30}),
    "backgrounds": (f"<title>News</title>{BACKGROUNDS}{STORIES}", {"load_time_s": 30}),
    "restless": (html(f"<b style='display:block'></b><img src={BLUE}>", script=RESTLESS), {"load_time_s": 30}),
    "slow": (html(SLOW), {"load_time_s": 20}),
    "too slow": (html(f"<img src={BLUE}>{TOO_SLOW}"), {"load_time_s": 1}),
    "fetched": (f"<title>News</title><body><script>{FETCHED}</script>", {"load_time_s": 20}),
    "endless": (ENDLESS, {"load_time_s": 2}),
    "endless, with a limit": (ENDLESS, {"load_time_s": 20, "max_height": 3_000}),
    "away": (
        html(
            "<div style='height:9000px'></div>",
            script="addEventListener('scroll', () => { location = '/where-it-ends' })",
        ),
        {},
    ),
}


@pytest.fixture(scope="module")
def shots(site: LocalSite, studio: Studio) -> dict[str, Shot]:
    ends = html("<div style='height:5000px'></div><img loading=lazy src='/picture/00ff00/120x100.png'>")
    site.page(ends, "/where-it-ends")
    urls = {name: site.page(page) for name, (page, _) in PAGES.items()}
    lazy = {name: site.page(html(body, script=script)) for name, (body, script) in LAZY.items()}
    return studio.shoot_all(urls | lazy, {name: options for name, (_, options) in PAGES.items()})


@pytest.mark.parametrize("name", LAZY)
def test_lazy_pictures_are_all_there(name: str, shots: dict[str, Shot]) -> None:
    shot = shots[name]
    assert [picture.box.top for picture in shot.page.pictures] == pytest.approx([900 * n for n in range(6)], abs=60)
    for picture in shot.page.pictures:
        assert (shot.pixels[picture.box.top + 50, picture.box.left + 60] == (0, 0, 255)).all()
    assert shot.page.missing == []


# The seconds are far below the budgets, and far above what a capture takes on a busy machine.
@pytest.mark.parametrize("name", ["ready", "clock", "backgrounds"])
def test_a_page_that_is_ready_is_photographed_at_once(name: str, shots: dict[str, Shot]) -> None:
    assert shots[name].seconds < 12
    assert shots[name].page.missing == []
    assert list(shots[name].page.timings) == ["open", "load", "consent", "scroll", "hold", "photograph", "join"]


def test_a_layout_that_never_rests_is_not_waited_for(shots: dict[str, Shot]) -> None:
    assert shots["restless"].page.missing == ["a stable layout"]
    assert shots["restless"].seconds < 16


def test_slow_pictures_are_waited_for(shots: dict[str, Shot]) -> None:
    page = shots["slow"].page
    assert (page.images_loaded, page.images_total, page.missing) == (4, 4, [])
    assert shots["slow"].seconds < 16


def test_beyond_the_budget_the_page_is_captured_and_says_what_was_missing(shots: dict[str, Shot]) -> None:
    page = shots["too slow"].page
    assert (page.images_loaded, page.images_total, page.missing) == (1, 3, ["2 pictures"])
    assert shots["too slow"].seconds < 12


def test_an_app_that_fetches_its_content_first_is_waited_for(shots: dict[str, Shot]) -> None:
    assert [picture.box for picture in shots["fetched"].page.pictures] == [(8, 8, 120, 100)]
    assert shots["fetched"].seconds < 14


def test_an_endless_page_ends_with_its_budget_and_says_so(shots: dict[str, Shot]) -> None:
    shot = shots["endless"]
    assert "the end of the page" in shot.page.missing
    assert shot.page.captured_height == shot.page.page_height > 5_000
    assert shot.seconds < 14


def test_an_endless_page_ends_at_its_height_limit_and_says_so(shots: dict[str, Shot]) -> None:
    shot = shots["endless, with a limit"]
    assert (shot.page.truncated, shot.page.captured_height, shot.page.missing) == (True, 3_000, [])
    assert shot.seconds < 14


def test_a_page_that_a_script_sends_elsewhere_is_the_one_it_ends_at(shots: dict[str, Shot]) -> None:
    shot = shots["away"]
    assert shot.page.final_url.endswith("/where-it-ends")
    assert (shot.page.http_status, shot.page.images_loaded) == (200, 1)
    assert shot.page.captured_height < 6_000
