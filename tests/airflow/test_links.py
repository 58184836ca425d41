"""The buttons of a site's steps, by Airflow's API and in its UI."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from celeb_ops.core import keys
from celeb_ops.operators.run_steps import GROUP, STEPS
from tests.airflow.screens import found, log_in

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.airflow.running import Airflow, Up

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

# Not that of test_up.py's run.
WHEN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
STEM = keys.stem("ALPHA", WHEN)
SCREENSHOT = f"/celebs/screenshots/{STEM}"
PICTURE = f"/celebs/files/{keys.image(STEM, 1, 'jpeg')}"
RESULT = f"/celebs/files/{keys.result(STEM)}"


@pytest.fixture(scope="module")
def run(up: Up) -> str:
    """A run of one site that came through."""
    run = up.api.trigger(logical_date=keys.iso(WHEN), conf={"sites": ["ALPHA"]})
    assert up.api.ended(run) == "success"
    return run


def status_of(api: Airflow, path: str, headers: dict[str, str]) -> int:
    with pytest.raises(HTTPError) as refused:
        api.get(path, headers)
    return refused.value.code


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_them(up: Up, run: str, step: str) -> None:
    path = f"/api/v2/dags/trending_celebrities/dagRuns/{run}/taskInstances/{GROUP}.{step}/links?map_index=0"
    # The store is a folder: AWS's console has nothing to show, and an address of null makes no button.
    assert up.api.ask(path)["extra_links"] == {"Screenshot": SCREENSHOT, "Result": RESULT, "S3 console": None}


def test_they_lead_to_the_picture_and_the_result(up: Up, run: str) -> None:
    headers, picture = up.api.get(SCREENSHOT, up.api.authorization)
    assert headers["Content-Type"] == "image/jpeg"
    assert picture == up.store.read(keys.image(STEM, 1, "jpeg"))

    # As a browser asks that has logged in.
    headers, result = up.api.get(RESULT, {"Cookie": f"_token={up.api.token}"})
    assert headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert [one["name"] for one in json.loads(result)["sightings"]] == ["Grace Hopper"]


def test_nobody_else_gets_anything(up: Up, run: str) -> None:
    for path in (SCREENSHOT, PICTURE, RESULT, "/celebs/files/Celebs.csv"):
        assert status_of(up.api, path, {}) == 401
        assert status_of(up.api, path, {"Authorization": f"Bearer {up.api.token}x"}) == 403
        assert status_of(up.api, path, {"Cookie": "_token=made-up"}) == 403
    for path in ("/celebs/files/Celebs.csv", "/celebs/files/Images/%2e%2e/Celebs.csv", "/celebs/openapi.json"):
        assert status_of(up.api, path, up.api.authorization) == 404


def shown(browser: WebDriver) -> bool:
    """Whether the browser shows a picture, and nothing else."""
    return browser.execute_script("return document.images.length === 1 && document.images[0].naturalWidth > 0")


def test_a_person_comes_from_a_button_to_the_picture(up: Up, run: str, browser: WebDriver) -> None:
    # A link that a colleague has sent leads there by way of the login.
    browser.get(up.api.address + SCREENSHOT)
    log_in(browser, up)
    WebDriverWait(browser, 30).until(lambda _: browser.current_url == up.api.address + PICTURE)
    assert shown(browser)

    browser.get(f"{up.api.address}/dags/trending_celebrities/runs/{run}/tasks/{GROUP}.rekognize/mapped/0/details")
    button = found(browser, "a", "Screenshot")
    assert {one.text for one in browser.find_elements(By.CSS_SELECTOR, "a[href*='/celebs/']")} == {
        "Screenshot",
        "Result",
    }
    button.click()
    WebDriverWait(browser, 30).until(lambda _: browser.current_url == up.api.address + PICTURE)
    assert shown(browser)
