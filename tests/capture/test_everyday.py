"""Traits of everyday news pages, each of which has left pictures out of a capture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from celeb_ops.core.exceptions import CaptureError
from tests.capture.shots import Shot, Studio, html
from tests.capture.site import WORDS

if TYPE_CHECKING:
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def blue(name: str, width: int = 120, height: int = 100, delay: float = 0) -> str:
    return f"/picture/0000ff/{width}x{height}.png?{name}" + (f"&delay={delay}" if delay else "")


def stories(number: int = 6, gap: int = 700) -> str:
    return "".join(
        f"<article style='height:{gap}px'><img src='{blue(f's{n}')}' width=120 height=100></article>"
        for n in range(number)
    )


PLACEHOLDERS = "".join(
    f"<img src='/picture/808080/20x16.png' data-src='{blue(f'q{n}')}' width=120 height=100"
    " style='display:block;margin-bottom:700px'>"
    for n in range(12)
)
THROTTLED = """let waiting; const look = () => document.querySelectorAll('img[data-src]').forEach(one => {
  const box = one.getBoundingClientRect();
  if (box.bottom > 0 && box.top < innerHeight && !one.done) { one.done = true; one.src = one.dataset.src } }); look();
addEventListener('scroll', () => { waiting ??= setTimeout(() => { waiting = undefined; look() }, 125) })"""
MORE = f"""let n = 0, busy = false;
const watch = new IntersectionObserver(all => all.forEach(one => {{
  if (one.isIntersecting) one.target.src = one.target.dataset.late }}));
addEventListener('scroll', async () => {{
  if (busy || n > 1 || innerHeight + scrollY < document.documentElement.scrollHeight - 300) return;
  busy = true; await fetch('{blue("more", delay=0.5)}'); n++;
  for (let i = 0; i < 3; i++) {{
    const image = Object.assign(new Image(120, 100), {{ className: 'more' }});
    image.dataset.late = `{blue("m")}${{n}}${{i}}`; 
    document.querySelector('main').append(image); watch.observe(image) }}
  busy = false }})"""
FRAME = f"<img src='{blue('framed', delay=1.5)}' width=120 height=100>".replace("'", "&quot;")
SHADOW = f"""document.getElementById('host').attachShadow({{ mode: 'open' }}).innerHTML =
  "<img src='{blue("shadow", delay=1.5)}' width=120 height=100>" """
CARDS = "".join(f"<a class=card>Star {n} was seen</a>" for n in range(8))
PAGES: dict[str, tuple[str, int]] = {
    "content-visibility": (
        html(
            "".join(f"<section>{stories(1)}</section>" for _ in range(8)),
            "section { content-visibility: auto; contain-intrinsic-size: auto 500px }",
        ),
        8,
    ),
    "body scrolls": (
        html(stories(), "html, body { height: 100%; overflow-x: hidden }"),
        6,
    ),
    "small placeholders": (html(PLACEHOLDERS, script=THROTTLED), 12),
    "slow background": (
        html(f"<i style=\"display:block;width:120px;height:100px;background:url('{blue('bg', delay=1.5)}')\"></i>"),
        1,
    ),
    "slow frame": (html(f'<iframe srcdoc="{FRAME}" width=300 height=200></iframe>'), 1),
    "slow shadow": (html("<div id=host></div>", script=SHADOW), 1),
    "more is fetched": (html(f"<main>{stories(3)}</main>", ".more { display: block; margin-bottom: 700px }", MORE), 9),
    "a skin": (
        html(
            f"<div style='height:7990px'>{stories(3)}</div><div style='height:300px'></div>",
            "body { background: white url('/picture/ff0000/300x100.png') no-repeat top }",
        ),
        3,
    ),
    "half a sign": (
        html(
            stories(2),
            script="document.title = 'Star \\ud83d'; document.querySelector('img').alt = 'x'.repeat(499) + '😀'",
        ),
        2,
    ),
    "broken pictures": (
        html(
            "".join(f"<img src='/gone{n}' width=120 height=100 style='display:block'>" for n in range(40)) + stories(2)
        ),
        2,
    ),
}


# `decoding=async`, which WordPress writes, lets a page be painted before its pictures.
ASYNC = "".join(
    f"<img decoding=async src='/large.jpeg?{n}' width=300 height=225 style='display:block'>" for n in range(24)
)
LATE = f"<img src='{PLACEHOLDER}' data-src='/never-asked.png' width=300 height=200>"
MANAGER = """<div id=onetrust-consent-sdk><div id=onetrust-banner-sdk style='display:none'>
<button id=onetrust-reject-all-handler>No</button></div></div>"""
KINDS = f"""<svg width=120 height=100><image href='{blue("svg")}' width=120 height=100 /></svg>
<input type=image src='{blue("input")}' width=120 height=100><i class=sign></i>
<div style="width:120px;height:100px;background:url('/picture/0000ff/9x9.png?first'),
url(/picture/0000ff/9x9.png?second)"></div>"""
SIGN = ".sign { display: block; width: 120px; height: 100px; background: url('/picture/0000ff/9x9.png?(1)') }"
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "decoded later": (html(ASYNC), {}),
    "never came": (html(LATE * 2 + stories(1)), {"load_time_s": 4}),
    "no dialog": (html(stories(2) + MANAGER), {"load_time_s": 30}),
    "kinds": (html(KINDS + WORDS, SIGN), {}),
}


@pytest.fixture(scope="module")
def shots(site: LocalSite, studio: Studio) -> dict[str, Shot]:
    noise = Image.effect_noise((2_400, 1_800), 60).convert("RGB")
    noise.paste((0, 0, 255), (0, 0, 2_400, 900))
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=92)
    site.files["/large.jpeg"] = ("image/jpeg", out.getvalue())
    urls = {name: site.page(page) for name, (page, _) in {**PAGES, **OTHERS}.items()}
    return studio.shoot_all(urls, {name: options for name, (_, options) in OTHERS.items()}, load_time_s=6)


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_is_in_the_capture(name: str, shots: dict[str, Shot]) -> None:
    pixels, (_, expected) = shots[name].pixels, PAGES[name]
    found = (pixels == (0, 0, 255)).all(axis=2).sum() / (120 * 100)
    assert found == expected
    assert not [what for what in shots[name].page.missing if "lazy" in what]


def test_pictures_that_are_decoded_later_are_there(shots: dict[str, Shot]) -> None:
    shot = shots["decoded later"]
    assert len(shot.page.pictures) == 24
    for picture in shot.page.pictures:
        middle = shot.pixels[picture.box.top + 50, picture.box.left + 150].astype(int)
        assert np.abs(middle - (0, 0, 255)).max() < 8, picture


def test_what_never_came_is_told(shots: dict[str, Shot]) -> None:
    assert shots["never came"].page.missing == ["2 lazy pictures"]


def test_a_consent_manager_without_a_dialog_costs_no_time(shots: dict[str, Shot]) -> None:
    assert shots["no dialog"].page.missing == []
    assert shots["no dialog"].seconds < 20


def test_other_kinds_of_pictures_are_facts_too(shots: dict[str, Shot]) -> None:
    found = {picture.src.partition("?")[2] for picture in shots["kinds"].page.pictures}
    assert found == {"svg", "input", "(1)", "first", "second"}


def test_a_block_page_in_a_frame_is_a_refusal(site: LocalSite, studio: Studio) -> None:
    inner = site.page("<h1>Additional security check</h1>Request unsuccessful. Incapsula incident ID: 1")
    with pytest.raises(CaptureError, match="Request unsuccessful"):
        studio.shoot(site.page(f"<iframe src='{inner}' width=100% height=500></iframe>"))
