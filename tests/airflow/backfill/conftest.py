"""One Airflow for all backfills, filled from its UI once; it is ended before the other tests of Airflow begin."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.core import keys
from celeb_ops.core.sites import CaptureOptions
from tests.airflow.backfill.dialog import run_backfill
from tests.airflow.backfill.newsroom import SITES, TIMES, TODAY, newsroom
from tests.airflow.backfill.past import Past
from tests.airflow.backfill.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver


@contextmanager
def _browser_in_utc() -> Iterator[WebDriver]:
    """Airflow's UI takes times as the browser's clock tells them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        with open_browser(CaptureOptions(viewport=(1440, 1000))) as driver:
            yield driver


@pytest.fixture
def browser() -> Iterator[WebDriver]:
    with _browser_in_utc() as driver:
        yield driver


@pytest.fixture(scope="package")
def past(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Iterator[Past]:
    """The Airflow with its archive, the backfill from its UI done, and beside that a run of today's site."""
    folder = tmp_path_factory.mktemp("past")
    with newsroom(folder, demo_folder) as made, Past(folder / "up", made) as running:
        with _browser_in_utc() as browser:
            run_backfill(browser, running.up, TIMES, "none", SITES)
        running.live = datetime.now(UTC).replace(microsecond=0)
        live = running.up.api.trigger(logical_date=keys.iso(running.live), conf={"sites": [TODAY]})
        with running.watched() as running.browsers_at_once:
            running.ended()
        running.up.api.ended(live)
        yield running


@pytest.fixture(scope="package")
def clean(past: Past) -> State:
    """What that first backfill, which nothing disturbed, has left."""
    return State.of(past.store)
