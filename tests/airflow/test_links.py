"""The buttons of a site's steps, by Airflow's API and in its UI."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

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
PAGE = f"/celebs/runs/{keys.iso(WHEN)}?site=ALPHA"
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
    links = {"Screenshot": f"{PAGE}#screenshot", "Result": f"{PAGE}#faces", "S3 console": None}
    assert up.api.ask(path)["extra_links"] == links


def test_the_files_are_there_for_who_has_logged_in(up: Up, run: str) -> None:
    headers, picture = up.api.get(PICTURE, up.api.authorization)
    assert headers["Content-Type"] == "image/jpeg"
    assert picture == up.store.read(keys.image(STEM, 1, "jpeg"))

    # As a browser asks that has logged in.
    headers, result = up.api.get(RESULT, {"Cookie": f"_token={up.api.token}"})
    assert headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert [one["name"] for one in json.loads(result)["sightings"]] == ["Grace Hopper"]


def test_nobody_else_gets_anything(up: Up, run: str) -> None:
    for path in (PAGE, PICTURE, RESULT, "/celebs/files/Celebs.csv"):
        assert status_of(up.api, path, {}) == 401
        assert status_of(up.api, path, {"Authorization": f"Bearer {up.api.token}x"}) == 403
        assert status_of(up.api, path, {"Cookie": "_token=made-up"}) == 403
    for path in ("/celebs/files/Celebs.csv", "/celebs/files/Images/%2e%2e/Celebs.csv", "/celebs/openapi.json"):
        assert status_of(up.api, path, up.api.authorization) == 404


def box(browser: WebDriver) -> str:
    """Whose face the run's page shows on the picture, which has loaded."""
    loaded = "const one = document.querySelector('.screen img'); return one?.complete && one.naturalWidth > 0"
    WebDriverWait(browser, 30).until(lambda _: browser.execute_script(loaded))
    return found(browser, ".boxes text").text


def test_a_person_comes_from_a_button_to_the_picture_and_back(up: Up, run: str, browser: WebDriver) -> None:
    # A link that a colleague has sent leads there by way of the login.
    browser.get(f"{up.api.address}{PAGE}#screenshot")
    log_in(browser, up)
    WebDriverWait(browser, 30).until(lambda _: browser.current_url.startswith(up.api.address + PAGE))
    assert box(browser) == "Grace Hopper"

    task = f"/dags/trending_celebrities/runs/{quote(run)}/tasks/{GROUP}.rekognize/mapped/0"
    browser.get(f"{up.api.address}{task}/details")
    button = found(browser, "a", "Screenshot")
    names = {one.text for one in browser.find_elements(By.CSS_SELECTOR, "a[href*='/celebs/']")}
    assert names >= {"Screenshot", "Result"}
    button.click()
    WebDriverWait(browser, 30).until(lambda _: browser.current_url == f"{up.api.address}{PAGE}#screenshot")
    assert box(browser) == "Grace Hopper"
    assert "In Airflow: manual" in found(browser, "main").text

    found(browser, "a.airflow", "rekognize").click()
    WebDriverWait(browser, 30).until(lambda _: urlsplit(browser.current_url).path == task)


def test_a_param_that_there_is_not_ends_a_run_before_any_work_with_a_sentence(up: Up) -> None:
    run = up.api.trigger(logical_date=keys.iso(WHEN - timedelta(seconds=1)), conf={"site": ["ALPHA"]})
    assert up.api.ended(run) == "failed"
    tasks = {task["task_id"]: task for task in up.api.tasks(run)}
    assert (tasks["list_sites"]["state"], tasks["list_sites"]["try_number"]) == ("failed", 1)
    log = up.api.ask(
        f"/api/v2/dags/trending_celebrities/dagRuns/{quote(run)}/taskInstances/list_sites/logs/1?map_index=-1"
    )
    assert "There is no run param 'site': did you mean sites?" in json.dumps(log)


def test_a_screenshot_s_log_can_be_read_by_a_person(up: Up, run: str) -> None:
    task = f"/api/v2/dags/trending_celebrities/dagRuns/{quote(run)}/taskInstances/{GROUP}.screenshot"
    content = up.api.ask(f"{task}/logs/1?map_index=0")["content"]
    lines = [one["event"] for one in content if "::" not in one["event"]]
    own = [one for one in lines if re.match("Opening |Opened |No consent|Loaded |Stored ", one)]
    assert len(own) == 5, lines
    # Airflow's own beside them.
    assert len(lines) < 20, lines
