"""What a capture knows of a page's pictures: where, which, and the words beside them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.facts import collect, completed
from celeb_ops.core.geometry import Box
from tests.capture.shots import Shot, Studio, html, site_at

if TYPE_CHECKING:
    from celeb_ops.core.records import Picture
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def src(name: str, width: int = 100, height: int = 80) -> str:
    return f"/picture/0000ff/{width}x{height}.png?{name}"


def at(top: int, body: str) -> str:
    """Something at a place of its own."""
    return f"<div style='position:absolute;left:20px;top:{top}px;width:300px'>{body}</div>"


FRAME = (
    "<body style='margin:0'><article><h2>Inside</h2>"
    f"<img src='{src('framed')}' style='position:absolute;left:10px;top:20px'>"
    f"<img src='{src('cut by its frame')}' style='position:absolute;left:150px;top:100px'>"
    f"<img src='{src('below its frame')}' style='position:absolute;left:0;top:300px'>"
).replace("'", "&quot;")
SMALL, LARGE = src("small"), src("large", 200, 160)
SLIDES = "".join(f"<img src='{src(f'slide {n}', 150)}'>" for n in range(3))
CARD = f"<a href='/story?1'><img src='{src('card')}' alt='  Ann  Other '></a><h2>Ann\n was seen</h2>"
PLACES = {
    0: f"<article>{CARD}</article>",
    200: f"<img srcset='{SMALL} 1x, {LARGE} 2x' width=100 height=80>",
    300: "<i class=background aria-label='A star'></i>",
    400: "<b class=before>Words</b>",
    500: f'<iframe srcdoc="{FRAME}" style="border:5px solid;width:200px;height:150px"></iframe>',
    700: "<div id=host></div>",
    800: f"<video poster='{src('poster')}' width=160 height=90 controls></video>",
    900: "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=' width=50 height=50>",
    1000: f"<div class=carousel><div>{SLIDES}</div></div>",
    1100: f"<div style='height:5px;overflow:hidden'><img src='{src('escapes')}' style='position:absolute'></div>",
    1200: f"<figure><img src='{src('figure')}'><figcaption>Bob Late</figcaption></figure>",
    1400: f"<img src='{src('none')}' style='display:none'><p hidden><img src='{src('hidden')}'></p>",
    1410: f"<img src='{src('invisible')}' style='visibility:hidden'>",
    1420: f"<i style='opacity:0'><img src='{src('clear')}'></i>",
    1430: f"<img src='{src('flat')}' style='height:0'>",
    1500: "<img src='/missing.png' width=100 height=80>",
}
STYLE = f"""
.background {{ display: block; width: 90px; height: 70px; background: url('{src("background")}') }}
.before::before {{ content: ''; display: block; width: 60px; height: 40px; background: url('{src("pseudo")}') }}
.carousel {{ width: 150px; height: 80px; overflow: hidden }} .carousel div {{ width: 450px; font-size: 0 }}
"""
SHADOW = f"""document.getElementById('host').attachShadow({{ mode: 'open' }}).innerHTML =
  "<a href='/shadow'><img src='{src("shadow")}'></a>" """
WORDS = (
    "<div style='position:absolute;left:500px;top:100px;width:300px'><h3><a href='/told'>Bea is told of</a></h3>"
    "<a href='/told'>Bea is told of</a> <a href='/more'>More</a> <h2>Cleo, in words <i>alone</i></h2>"
    "<h2 hidden>Nobody reads of Dot</h2><nav><a href='/menu'>A menu's entry that is as long as a title</a></nav>"
    "<a href='/story?1'>Ann was seen</a></div>"
)
PAGE = html(
    "".join(at(top, body) for top, body in PLACES.items())
    + WORDS
    + f"<div style='position:absolute;left:900px;top:0'><img src='{src('aside')}'></div>"
    + f"<div style='position:fixed;bottom:0'><img src='{src('bar')}'></div>",
    style=STYLE,
    script=SHADOW,
)


@pytest.fixture(scope="module")
def shot(site: LocalSite, studio: Studio) -> Shot:
    return studio.shoot(site.page(PAGE))


@pytest.fixture(scope="module")
def pictures(shot: Shot) -> dict[str, Picture]:
    """By the name in their address."""
    return {picture.src.partition("?")[2].replace("%20", " "): picture for picture in shot.page.pictures}


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("card", (20, 0, 100, 80)),
        ("small", (20, 200, 100, 80)),
        ("background", (20, 300, 90, 70)),
        # Behind the frame's own border.
        ("framed", (35, 525, 100, 80)),
        ("cut by its frame", (175, 605, 50, 50)),
        ("shadow", (20, 700, 100, 80)),
        ("poster", (20, 800, 160, 90)),
        ("slide 0", (20, 1000, 150, 80)),
        ("escapes", (20, 1100, 100, 80)),
    ],
)
def test_a_picture_has_its_box_on_the_page(name: str, box: tuple[int, ...], pictures: dict[str, Picture]) -> None:
    assert pictures[name].box == box


def test_a_picture_before_an_element_is_somewhere_on_it(pictures: dict[str, Picture]) -> None:
    assert Box(20, 400, 60, 40).ios(pictures["pseudo"].box) > 0.9


@pytest.mark.parametrize(
    "name",
    ["large", "below its frame", "slide 1", "slide 2", "none", "hidden", "invisible", "clear", "flat", "aside", "bar"],
)
def test_what_is_not_seen_is_left_out(name: str, pictures: dict[str, Picture]) -> None:
    assert name not in pictures


def test_the_words_beside_a_picture(pictures: dict[str, Picture], site: LocalSite) -> None:
    card = pictures["card"]
    assert (card.alt, card.link, card.headline) == ("Ann Other", f"{site.address}/story?1", "Ann was seen")
    assert pictures["background"].alt == "A star"
    # A caption is no headline.
    assert pictures["figure"].headline == ""
    assert pictures["framed"].headline == "Inside"
    assert pictures["shadow"].link == f"{site.address}/shadow"


def test_headlines_beside_no_picture(shot: Shot, site: LocalSite) -> None:
    headlines = [(one.text, one.link) for one in shot.page.headlines]
    assert headlines == [("Bea is told of", f"{site.address}/told"), ("Cleo, in words alone", "")]


def test_a_source_is_an_address_but_never_the_data_itself(shot: Shot, site: LocalSite) -> None:
    sources = [picture.src for picture in shot.page.pictures]
    assert site.address + src("card") in sources
    assert [one for one in sources if one.startswith("data:")] == ["data:"]


def test_pictures_are_counted_with_those_that_are_broken(shot: Shot) -> None:
    shown = 18
    assert (shot.page.images_loaded, shot.page.images_total) == (shown - 1, shown)
    assert not [picture for picture in shot.page.pictures if "missing" in picture.src]


def test_the_page_itself(shot: Shot, site: LocalSite) -> None:
    page = shot.page
    assert (page.title, page.http_status, page.final_url) == (
        "News",
        200,
        site.address + "/" + page.final_url.rpartition("/")[2],
    )
    assert page.browser.startswith(("chrome ", "chromium "))
    assert page.captured_at.tzinfo is not None


def test_a_picture_that_comes_while_the_page_is_photographed_is_where_it_stands(site: LocalSite) -> None:
    url = site.page(html(f"<div style='height:3000px'></div><img src='{src('late')}&delay=2' width=100 height=80>"))
    with open_browser(site_at(url)) as driver:
        driver.get(url)
        before = collect(driver)
        assert before.pictures == []
        driver.execute_script("scrollTo(0, 9999)")
        after, deadline = before, time.monotonic() + 20
        while not after.pictures and time.monotonic() < deadline:
            after = completed(driver, before)
    assert [one.box for one in after.pictures] == [[0, 3000, 100, 80]]
