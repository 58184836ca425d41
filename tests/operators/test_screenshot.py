from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops import keys
from celeb_ops.exceptions import BrowserError, CaptureError
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.records import Outcome, Screenshot
from celeb_ops.removed import Person, add
from tests.factories import a_picture, a_screenshot, saved
from tests.web import Web, free_port

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore

NOW = datetime.now(UTC).replace(microsecond=0)
STEM = keys.stem("TMZ", NOW)
SIDECAR = f"Images/{STEM}.json"
PAGE = f"""<title>News</title><body style="margin: 0; background: tan">
<h1>Nothing new</h1><p>{"All is quiet in the harbour. " * 40}</p><div style="height: 2000px">"""


def screenshot(url: str = "https://www.tmz.com/", **options: Any) -> ScreenshotOperator:
    return ScreenshotOperator(task_id="screenshot", site={"name": "TMZ", "url": url, "load_time_s": 2} | options)


@pytest.fixture
def context() -> dict[str, Any]:
    """A run time of now: only now's page can be photographed."""
    return {"logical_date": NOW}


def reason_left(store: FolderStore) -> str:
    return Outcome.load(store, keys.outcome(STEM)).reason


@pytest.mark.browser
@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_the_sidecar_is_written_last_and_its_key_handed_on(
    format: str, context: dict[str, Any], folder_store: FolderStore, written: list[str]
) -> None:
    with Web({"/": PAGE}) as web:
        key = screenshot(f"{web.address}/", format=format).execute(context)

    assert key == SIDECAR
    assert written == [f"Images/{STEM}.{format}", SIDECAR]
    shot = Screenshot.load(folder_store, key)
    assert (shot.site, shot.time, shot.title, shot.http_status, shot.source) == ("TMZ", NOW, "News", 200, "live")
    assert shot.captured_height == shot.parts[0].rows.stop >= 2000
    assert abs(shot.captured_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.browser
def test_its_facts_name_nobody_who_asked_not_to_be_there(context: dict[str, Any], folder_store: FolderStore) -> None:
    add(folder_store, Person("Grace Hopper"))
    page = PAGE.replace("News", "Grace Hopper today") + (
        '<a href="/grace-hopper"><img src="/ship.png" alt="Grace Hopper’s ship" width=200 height=200></a>'
    )
    with Web({"/": page, "/ship.png": a_picture(200, 200, "PNG")}) as web:
        key = screenshot(f"{web.address}/").execute(context)
        ship = f"{web.address}/ship.png"
    shot = Screenshot.load(folder_store, key)
    assert shot.title == ""
    assert [(one.src, one.alt, one.link) for one in shot.pictures] == [(ship, "", "")]


def test_a_screenshot_in_the_store_is_used_again(
    context: dict[str, Any], folder_store: FolderStore, written: list[str], no_browser: None
) -> None:
    saved(folder_store, a_screenshot(time=NOW), a_picture())
    written.clear()
    assert screenshot().execute(context) == SIDECAR
    assert written == []


def test_a_picture_without_its_sidecar_is_not_a_screenshot(
    context: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    folder_store.write(f"Images/{STEM}.jpeg", a_picture())
    with pytest.raises(BrowserError):
        screenshot().execute(context)


def test_a_screenshot_that_lacks_a_part_is_taken_anew(
    context: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    saved(folder_store, a_screenshot(time=NOW), a_picture())
    folder_store.delete(f"Images/{STEM}.jpeg")
    with pytest.raises(BrowserError):
        screenshot().execute(context)


def test_a_damaged_sidecar_is_no_screenshot(
    context: dict[str, Any], folder_store: FolderStore, no_browser: None
) -> None:
    folder_store.write(SIDECAR, b"{}")
    with pytest.raises(BrowserError):
        screenshot().execute(context)


@pytest.mark.parametrize("away", [timedelta(hours=-3.2), timedelta(days=4)])
def test_a_run_time_far_from_now_is_skipped(away: timedelta, folder_store: FolderStore, no_browser: None) -> None:
    when = datetime.now(UTC) + away
    with pytest.raises(AirflowSkipException, match=f"The run time {keys.iso(when)} is more than 3 h from now: "):
        screenshot().execute({"logical_date": when})

    left = Outcome.load(folder_store, keys.outcome(keys.stem("TMZ", when)))
    assert left.outcome == "skipped"
    assert "today's page is not that time's page" in left.reason


def test_an_old_screenshot_is_used_whatever_the_time(folder_store: FolderStore, no_browser: None) -> None:
    when = NOW - timedelta(days=30)
    key = saved(folder_store, a_screenshot(time=when), a_picture())
    assert screenshot().execute({"logical_date": when}) == key


@pytest.mark.browser
def test_a_dead_site_fails_with_a_sentence(context: dict[str, Any], folder_store: FolderStore) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(CaptureError):
        screenshot(url).execute(context)
    assert reason_left(folder_store).startswith(f"{url} could not be reached")
    assert list(folder_store.list("Images/")) == []


@pytest.mark.browser
@pytest.mark.parametrize("status", [403, 500])
def test_an_error_page_is_no_page(status: int, context: dict[str, Any], folder_store: FolderStore) -> None:
    with Web({"/": status}) as web, pytest.raises(CaptureError):
        screenshot(f"{web.address}/").execute(context)
    assert f"answered with HTTP {status}" in reason_left(folder_store)
    assert list(folder_store.list("Images/")) == []
