"""Walls before a page are answered or removed, and what was done is recorded; the page itself stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from celeb_ops.capture.consent import AUTOCONSENT, autoconsent
from tests.capture.shots import Shot, Studio, html, site_at
from tests.capture.site import WORDS

if TYPE_CHECKING:
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.timeout(120)]
installed = pytest.mark.skipif(not AUTOCONSENT.is_file(), reason="autoconsent is not installed: run `make setup`")

PINK = (255, 0, 255)
WALL = "position:fixed;z-index:99;background:rgb(255,0,255);color:black"
STORIES = "".join(
    f"<article style='height:700px'><img src='/picture/0000ff/300x200.png?{n}'><h2>Story {n}</h2></article>"
    for n in range(4)
)


def page(wall: str, attributes: str = "", script: str = "", style: str = "") -> str:
    return html(f"<main>{STORIES}</main>{wall}", script=script, attributes=attributes, style=style)


def onetrust(asked: str) -> str:
    """A dialog with the names by which OneTrust's are known; its buttons tell the site that they were used."""
    answer = f"fetch('/{asked}/' + this.textContent); document.getElementById('onetrust-consent-sdk').remove()"
    return page(
        "<div id=onetrust-consent-sdk><div id=onetrust-banner-sdk role=dialog "
        f"style='{WALL};bottom:0;left:0;right:0;height:200px'>We value your privacy."
        f'<button id=onetrust-accept-btn-handler onclick="{answer}">accept</button>'
        f'<button id=onetrust-reject-all-handler onclick="{answer}">reject</button></div></div>'
        "<script>OnetrustActiveGroups = ',C0001,'</script>"
    )


WALLED = {
    "full wall": page(f"<div id=wall style='{WALL};inset:0'>We value your privacy</div>", "style='overflow:hidden'"),
    "small dialog": page(
        f"<div id=ask role=dialog style='{WALL};top:150px;left:60px;width:280px;height:300px'>Sign up!</div>",
        script="document.documentElement.style.overflow = 'hidden'",
    ),
    "modal dialog": page(
        "<dialog id=ask>Subscribe!</dialog>",
        script="document.getElementById('ask').showModal()",
        style="dialog { background: rgb(255, 0, 255); width: 200px; height: 120px; padding: 0; border: 0 }",
    ),
    "late wall": page(
        "",
        script=f"""setTimeout(() => document.body.insertAdjacentHTML('beforeend',
          "<div class=late style='{WALL};inset:0'>Hello</div>"), 700)""",
    ),
    "absolute wall": page(
        f"<div id=over style='{WALL};position:absolute;z-index:1000;top:0;left:0;width:100%;height:700px'>Ask</div>"
    ),
    "in a shadow tree": page(
        "<div id=host></div>",
        script=f"""document.getElementById('host').attachShadow({{ mode: 'open' }}).innerHTML =
          "<div id=inner style='{WALL};inset:0'>We value your privacy</div>" """,
    ),
    "blurred and fixed body": page(
        f"<div id=wall style='{WALL};inset:0'>Log in to read on</div>",
        "style='position:fixed;top:-90px;left:0;width:100%'",
        style="main { filter: blur(8px) }",
    ),
}
PAGES = {
    **WALLED,
    "decoration": page("<div style='position:fixed;inset:0;z-index:99;pointer-events:none;border:1px solid'></div>"),
    "fixed page": html(
        "<div style='position:fixed;inset:0;background:rgb(0,255,0)'>"
        f"{'<img src=/picture/0000ff/100x100.png>' * 4}{WORDS}</div>"
    ),
    "opt out": onetrust("out"),
    "opt in": onetrust("in"),
    "leave": onetrust("leave"),
    "leave a wall": WALLED["full wall"],
}
OPTIONS = {"opt in": {"consent": "opt_in"}, "leave": {"consent": "leave"}, "leave a wall": {"consent": "leave"}}


@pytest.fixture(scope="module")
def shots(site: LocalSite, studio: Studio) -> dict[str, Shot]:
    return studio.shoot_all({name: site.page(page) for name, page in PAGES.items()}, OPTIONS)


def has(shot: Shot, colour: tuple[int, int, int]) -> bool:
    return bool(np.all(shot.pixels == colour, axis=2).any())


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "found", "done"),
    [
        ("full wall", ["a layer over 100 % of the view: #wall", "scrolling locked on body"],
         ["removed #wall", "unlocked scrolling on body"]),
        ("small dialog", ["a layer over 35 % of the view: #ask", "scrolling locked on html"],
         ["removed #ask", "unlocked scrolling on html"]),
        ("modal dialog", ["a layer over 10 % of the view: #ask"], ["removed #ask"]),
        ("late wall", ["a layer over 100 % of the view: div.late"], ["removed div.late"]),
        ("absolute wall", ["a layer over 100 % of the view: #over"], ["removed #over"]),
        ("in a shadow tree", ["a layer over 100 % of the view: #inner"], ["removed #inner"]),
        ("blurred and fixed body", ["a layer over 100 % of the view: #wall", "scrolling locked on body"],
         ["removed #wall", "unlocked scrolling on body"]),
    ],
)  # fmt: skip
def test_a_wall_is_removed_and_recorded(name: str, found: list[str], done: list[str], shots: dict[str, Shot]) -> None:
    shot = shots[name]
    assert (shot.page.consent.found, shot.page.consent.done) == (found, done)
    assert not has(shot, PINK)
    assert shot.page.captured_height == 2_800
    assert [picture.box.top for picture in shot.page.pictures] == [0, 700, 1_400, 2_100]
    # Sharp to its edges.
    for picture in shot.page.pictures:
        left, top, width, height = picture.box
        assert (shot.pixels[top : top + height, left : left + width] == (0, 0, 255)).all()


@pytest.mark.browser
def test_a_layer_that_hides_nothing_is_no_wall(shots: dict[str, Shot]) -> None:
    assert shots["decoration"].page.consent.found == []
    assert len(shots["decoration"].page.pictures) == 4


@pytest.mark.browser
def test_a_page_that_is_a_fixed_layer_itself_stays(shots: dict[str, Shot]) -> None:
    shot = shots["fixed page"]
    assert (shot.page.consent.found, shot.page.consent.done) == ([], [])
    assert len(shot.page.pictures) == 4
    assert has(shot, (0, 255, 0))
    assert has(shot, (0, 0, 255))


@installed
@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "clicked", "done"),
    [
        ("opt out", "/out/reject", "autoconsent opted out of Onetrust: done"),
        ("opt in", "/in/accept", "autoconsent opted in to Onetrust: done"),
    ],
)
def test_a_consent_dialog_is_answered_as_set(
    name: str, clicked: str, done: str, shots: dict[str, Shot], site: LocalSite
) -> None:
    consent = shots[name].page.consent
    assert [path for path in site.paths() if path.startswith(clicked[:4])] == [clicked]
    assert (consent.found, consent.done) == (["consent dialog: Onetrust"], [done])
    assert not has(shots[name], PINK)


@pytest.mark.browser
def test_leave_touches_nothing(shots: dict[str, Shot], site: LocalSite) -> None:
    for name in ("leave", "leave a wall"):
        assert (shots[name].page.consent.found, shots[name].page.consent.done) == ([], [])
    assert not [path for path in site.paths() if path.startswith("/leave/")]
    assert has(shots["leave a wall"], PINK)


def test_without_the_script_walls_are_only_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr("celeb_ops.capture.consent.AUTOCONSENT", tmp_path_factory.getbasetemp() / "none.js")
    assert autoconsent(site_at("https://a.example/")) == ""
