"""The Trending page in Airflow's own UI, by way of its login and its menu."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest
from PIL import Image, ImageStat
from selenium.webdriver.support.wait import WebDriverWait

from celeb_ops import trends
from celeb_ops.core import keys
from tests.airflow.screens import found, log_in
from tests.report.pages import charts

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.airflow.running import Up

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

# Not those of the other files' runs.
WHEN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=9)


@pytest.fixture(scope="module")
def run(up: Up) -> str:
    """A run of one site that came through, and its trends."""
    run = up.api.trigger(logical_date=keys.iso(WHEN), conf={"sites": ["ALPHA"]})
    assert up.api.ended(run) == "success"
    trends.build(up.store)
    return run


@pytest.mark.parametrize("path", ["/", "/people/Grace%20Hopper", "/sites", "/runs", "/about", "/nothing/at/all"])
def test_nobody_without_a_login_sees_anything(up: Up, run: str, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        up.api.get(f"/celebs{path}", {})
    assert refused.value.code == (404 if "nothing" in path else 401)
    assert b"Grace" not in refused.value.read()


def test_a_person_finds_it_in_the_menu(up: Up, run: str, browser: WebDriver) -> None:
    browser.get(up.api.address)
    log_in(browser, up)
    found(browser, "nav a, nav button, a", "Trending").click()
    WebDriverWait(browser, 30).until(lambda _: "/plugin/trending" in browser.current_url)
    browser.switch_to.frame(found(browser, "iframe"))
    assert found(browser, "h1").text == "Who the press shows"
    assert found(browser, ".board .who a").text == "Grace Hopper"

    # The crop came through Airflow's login too.
    face = found(browser, ".board .face img")
    WebDriverWait(browser, 30).until(lambda _: browser.execute_script("return arguments[0].naturalWidth", face))
    found(browser, ".board .who a").click()
    WebDriverWait(browser, 30).until(lambda _: found(browser, "h1").text == "Grace Hopper")
    assert charts(browser) == ["yes", "yes"]

    # Airflow keeps the frame's address in its own: a colleague gets there by it.
    browser.switch_to.default_content()
    WebDriverWait(browser, 30).until(lambda _: "Hopper" in browser.current_url)
    browser.refresh()
    browser.switch_to.frame(found(browser, "iframe"))
    WebDriverWait(browser, 30).until(lambda _: found(browser, "h1").text == "Grace Hopper")

    # What is on another site opens beside Airflow, whose frame itself opens no window.
    # Drawn charts move nothing any more.
    assert charts(browser) == ["yes", "yes"]
    found(browser, ".proof a", "See it on the page").click()
    before = browser.window_handles
    assert (
        browser.execute_script("return document.querySelector('.boxes a:target text')?.textContent") == "Grace Hopper"
    )
    found(browser, "#screenshot a.out").click()
    WebDriverWait(browser, 30).until(lambda _: len(browser.window_handles) == len(before) + 1)

    # And back on the first page as well.
    found(browser, ".brand a").click()
    WebDriverWait(browser, 30).until(lambda _: found(browser, "h1").text == "Who the press shows")
    browser.switch_to.default_content()
    WebDriverWait(browser, 30).until(lambda _: browser.current_url.endswith("/celebs/"))
    browser.refresh()
    browser.switch_to.frame(found(browser, "iframe"))
    WebDriverWait(browser, 30).until(lambda _: found(browser, "h1").text == "Who the press shows")


def brightness(png: bytes) -> tuple[float, float]:
    """Mean, and how far the darkest and the brightest pixel are apart, of 255."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    low, high = picture.getextrema()
    return ImageStat.Stat(picture).mean[0], high - low


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_follows_airflow_s_light_and_dark(up: Up, run: str, browser: WebDriver, theme: str) -> None:
    # The system's is the other one.
    other = {"light": "dark", "dark": "light"}[theme]
    media = {"features": [{"name": "prefers-color-scheme", "value": other}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(up.api.address)
    log_in(browser, up)
    found(browser, "nav a, nav button, a", "Trending")
    browser.execute_script("localStorage.setItem('theme', arguments[0])", theme)
    browser.get(f"{up.api.address}/plugin/trending")
    frame = found(browser, "iframe")
    browser.switch_to.frame(frame)
    found(browser, ".board .who a")
    browser.switch_to.default_content()
    mean, _ = brightness(frame.screenshot_as_png)
    assert mean > 200 if theme == "light" else mean < 60
    # In the menu, where it is selected now.
    icon = next(one for one in browser.find_elements("css selector", "nav img, a img") if one.is_displayed())
    assert "/celebs/assets/" in icon.get_attribute("src")
    assert brightness(icon.screenshot_as_png)[1] > 90

    # Switched while the page is there, and on a page of its own.
    browser.execute_script("document.documentElement.className = arguments[0]", other)
    WebDriverWait(browser, 10).until(lambda _: (brightness(frame.screenshot_as_png)[0] > 128) is (other == "light"))
    browser.get(f"{up.api.address}/celebs/")
    assert (brightness(browser.get_screenshot_as_png())[0] > 128) is (theme == "light")
