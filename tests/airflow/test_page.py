"""The Trending page in Airflow's own UI, by way of its login and its menu."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest
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
    assert found(browser, "h1").text == "Whom the press shows"
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
    found(browser, "#screenshot a.out").click()
    WebDriverWait(browser, 30).until(lambda _: len(browser.window_handles) == len(before) + 1)

    # And back on the first page as well.
    found(browser, ".brand a").click()
    WebDriverWait(browser, 30).until(lambda _: found(browser, "h1").text == "Whom the press shows")
    browser.switch_to.default_content()
    WebDriverWait(browser, 30).until(lambda _: browser.current_url.endswith("/celebs/"))
    browser.refresh()
    browser.switch_to.frame(found(browser, "iframe"))
    WebDriverWait(browser, 30).until(lambda _: found(browser, "h1").text == "Whom the press shows")
