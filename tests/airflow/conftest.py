"""One Airflow for all tests of this folder: it takes half a minute to start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.core.sites import CaptureOptions
from tests.airflow.running import airflow
from tests.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.airflow.running import Up

_STORIES = "".join(f'<p><a href="/ferry/{n}">The ferry came late again, day {n}</a>' for n in range(5))
WORDS = "<p>" + "All is quiet in the harbour, and nobody could say when the ferry would come. " * 8 + _STORIES


@pytest.fixture(scope="session")
def newsroom(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Iterator[dict[str, str]]:
    """The settings for two sites, ALPHA with a portrait and GAMMA with nobody."""
    portrait = (demo_folder / "www" / "pictures" / "hopper.jpeg").read_bytes()
    page = f'<h1>Alpha</h1><img src="/hopper.jpeg" width="480" height="480">{WORDS}'
    with Web({"/alpha": page, "/gamma": f"<h1>Gamma</h1>{WORDS}", "/hopper.jpeg": portrait}) as web:
        sites = tmp_path_factory.mktemp("sites") / "sites.yaml"
        entries = [{"url": f"{web.address}/{name.lower()}", "name": name} for name in ("ALPHA", "GAMMA")]
        sites.write_text(json.dumps({"sites": entries}))
        yield {"CELEBS_SITES": str(sites), "CELEBS_GALLERY": str(demo_folder / "gallery"), "CELEBS_RETRY_DELAY_S": "1"}


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, newsroom: dict[str, str]) -> Iterator[Up]:
    """The one Airflow. `test_up.py`, the last file, ends it."""
    with airflow(tmp_path_factory.mktemp("up"), newsroom) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[WebDriver]:
    with open_browser(CaptureOptions(viewport=(1440, 900))) as driver:
        yield driver
