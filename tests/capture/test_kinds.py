"""All that a page shows to a visitor is on its picture, and nothing else: kinds of pages, each with some relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capture.kinds import BEGIN, FILL, FOREIGN, KINDS, PAGES_FOR_FRAMES, Page

if TYPE_CHECKING:
    from tests.capture.shots import Shot, Studio
    from tests.capture.site import LocalSite

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

BLUE_RGB = (0, 0, 255)
FIRST = {kind: next(iter(pages)) for kind, pages in KINDS.items()}
OTHERS = [(kind, name) for kind, pages in KINDS.items() for name in pages if name != FIRST[kind]]
SCRIPTS = {
    "/fill.js": FILL,
    "/begin.js": "document.querySelectorAll('img[data-src]').forEach(one => { one.src = one.dataset.src })",
    "/wait.js": BEGIN % "['mousemove']",
}


@pytest.fixture(scope="module")
def address(site: LocalSite) -> str:
    """Of the site by another name, another host to the browser."""
    foreign = site.address.replace("127.0.0.1", "localhost")
    for path, page in PAGES_FOR_FRAMES.items():
        site.page(page, path)
    for path, script in SCRIPTS.items():
        site.files[path] = ("text/javascript", script.encode())
    return foreign


@pytest.fixture(scope="module")
def firsts(site: LocalSite, studio: Studio, address: str) -> dict[str, Shot]:
    pages = {kind: KINDS[kind][name] for kind, name in FIRST.items()}
    urls = {kind: site.page(page.html.replace(FOREIGN, address)) for kind, page in pages.items()}
    return studio.shoot_all(urls, {kind: page.options for kind, page in pages.items()}, load_time_s=6)


def check(page: Page, shot: Shot) -> None:
    blue = (shot.pixels == BLUE_RGB).all(axis=2)
    assert blue.sum() / (120 * 100) == pytest.approx(page.pictures, abs=0.01)
    assert not (shot.pixels == (255, 0, 0)).all(axis=2).any(), "there is what no visitor sees"
    if page.facts:
        boxes = [one.box for one in shot.page.pictures if "0000ff" in one.src]
        on_it = [box for box in boxes if blue[box.top : box.bottom, box.left : box.right].mean() > 0.9]
        assert len(on_it) == page.pictures, boxes
    assert shot.page.missing == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_each_kind(kind: str, firsts: dict[str, Shot]) -> None:
    check(KINDS[kind][FIRST[kind]], firsts[kind])


@pytest.mark.pages
@pytest.mark.parametrize(("kind", "name"), OTHERS)
def test_its_relatives(kind: str, name: str, site: LocalSite, studio: Studio, address: str) -> None:
    page = KINDS[kind][name]
    url = site.page(page.html.replace(FOREIGN, address))
    check(page, studio.shoot(url, **({"load_time_s": 6} | page.options)))
