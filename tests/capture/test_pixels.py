"""The picture of a page against one that is computed: right in every row, whatever the page does to prevent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from celeb_ops.capture import loading, readiness
from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.strips import heighten, join, photograph, resize
from tests.capture.shots import HEIGHT, WIDTH, Shot, Studio, band_rows, bands, html, pixels, site_at, wrong_rows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

RED = "position:fixed;background:red;z-index:9"
PAGES = {
    "tall": html(bands(99_000)),
    "100vh": html(
        "".join(f"<section>{bands(500)}</section>" for _ in range(20)), "section { height: 100vh; background: white }"
    ),
    "bars": html(
        f"<header></header>{bands(9_000)}<nav></nav>{bands(9_000)}<footer></footer>"
        f"<div style='{RED};top:0;left:0;right:0;height:50px'></div>"
        f"<div style='{RED};bottom:0;left:0;right:0;height:90px'></div>"
        f"<div style='{RED};top:100px;right:0;width:80px;height:300px'><b style='visibility:visible'>Chat</b></div>",
        "header, nav, footer { position: sticky; top: 0; bottom: 0; height: 60px; background: #090807; z-index: 8 }",
    ),
    "fixed app": html(
        f"<div id=app>{bands(9_000, 'All is quiet.')}</div>", "#app { position: fixed; inset: 0; overflow: auto }"
    ),
    "app in a box": html(
        f"<div id=app><main>{bands(9_000, 'All is quiet.')}</main></div>",
        "body, #app { height: 100vh; overflow: hidden } main { height: 100%; overflow-y: auto }",
    ),
    "beyond": html(f"<div style='width:3000px;height:200px;background:rgb(9,8,7)'></div>{bands(3_000)}"),
}
GREY = (9, 8, 7)


@pytest.fixture(scope="module")
def shots(site: LocalSite, studio: Studio) -> dict[str, Shot]:
    urls = {name: site.page(page) for name, page in PAGES.items()}
    return studio.shoot_all(urls, {"beyond": {"max_height": 2_000}})


def plain(height: int, rgb: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.full((height, WIDTH, 3), rgb, np.uint8)


def test_every_row_of_a_page_of_99000_px(shots: dict[str, Shot]) -> None:
    shot = shots["tall"]
    assert [part.rows for part in shot.page.parts] == [(0, 65_500), (65_500, 99_000)]
    assert [part.path.name for part in shot.page.parts] == ["part-1.png", "part-2.png"]
    assert (shot.page.page_height, shot.page.captured_height, shot.page.truncated) == (99_000, 99_000, False)
    assert wrong_rows(shot.pixels, band_rows(99_000)) == []


def test_sections_as_tall_as_the_window_stay_so(shots: dict[str, Shot]) -> None:
    section = np.concatenate([band_rows(500), plain(HEIGHT - 500, (255, 255, 255))])
    assert wrong_rows(shots["100vh"].pixels, np.concatenate([section] * 20)) == []


def test_fixed_bars_cover_no_row_and_sticky_ones_stand_where_the_page_has_them(shots: dict[str, Shot]) -> None:
    bar = plain(60, GREY)
    expected = np.concatenate([bar, band_rows(9_000), bar, band_rows(9_000), bar])
    assert wrong_rows(shots["bars"].pixels, expected) == []


@pytest.mark.parametrize("name", ["fixed app", "app in a box"])
def test_a_page_that_scrolls_inside_a_layer_is_seen_whole(name: str, shots: dict[str, Shot]) -> None:
    assert wrong_rows(shots[name].pixels, band_rows(9_000)) == []
    assert [line for line in shots[name].page.consent.done if line.startswith("unrolled ")]


def test_a_page_beyond_the_limits_is_cut_there_and_says_so(shots: dict[str, Shot]) -> None:
    shot = shots["beyond"]
    assert (shot.page.page_height, shot.page.captured_height, shot.page.truncated) == (3_200, 2_000, True)
    assert shot.page.page_width == WIDTH
    assert wrong_rows(shot.pixels, np.concatenate([plain(200, GREY), band_rows(1_800)])) == []


RESTLESS = html(
    f"<div id=belt></div><div id=grow></div>{bands(17_000)}<i></i><img src=/moving.gif>",
    """#belt { height: 300px; background: linear-gradient(90deg, red, blue); animation: run 0.7s linear infinite }
    @keyframes run { to { transform: translateX(300px); opacity: 0.3 } }
    #grow { transition: height 0.3s; background: green }
    i { display: block; height: 300px; background: conic-gradient(red, lime, blue); animation: turn 1s infinite }
    @keyframes turn { to { rotate: 360deg } }""",
    """let step = 0, changes = 0;
    const change = () => {
      step += 1; document.getElementById('grow').style.height = `${step * 13 % 200}px`;
      const band = document.querySelectorAll('body > div')[3 + step * 7 % 400]; band.style.background = 'red';
    };
    setInterval(change, 20); addEventListener('resize', change); addEventListener('scroll', change);
    const paint = () => { change(); requestAnimationFrame(paint) }; paint();""",
)


def test_nothing_moves_from_strip_to_strip(site: LocalSite, tmp_path: Path) -> None:
    shot = site_at(site.page(RESTLESS))
    with open_browser(shot) as driver:
        loading.open_page(driver, shot)
        readiness.settle(driver, 0)
        loading.scripts_off(driver)
        loading.hold_still(driver, shot)
        pictures = []
        # Strips of different heights: what two of them show of the same row was taken at different times.
        for rows in (HEIGHT, 310, HEIGHT):
            resize(driver, shot, rows)
            taken = photograph(driver, (WIDTH, rows), 17_600, lambda _: [], tmp_path)
            pictures.append(pixels(*(part.path for part in join(taken, tmp_path, "png", 0))))
        # The whole page is one view: nothing on it is as tall as the window.
        assert heighten(driver, shot, 17_600) == (WIDTH, 17_600)
        taken = photograph(driver, (WIDTH, 17_600), 17_600, lambda _: [], tmp_path)
        pictures.append(pixels(*(part.path for part in join(taken, tmp_path, "png", 0))))
    assert len(taken) == 1
    assert wrong_rows(pictures[3], pictures[0]) == []
    assert wrong_rows(pictures[1], pictures[0]) == []
    assert wrong_rows(pictures[2], pictures[0]) == []
    assert (pictures[0] == (255, 0, 0)).all(axis=2).any(), "the page never changed"
