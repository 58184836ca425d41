"""A store with half a year of history, made once: nobody writes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.capture.browser import open_browser
from celeb_ops.core.sites import CaptureOptions
from celeb_ops.core.store import FolderStore
from celeb_ops.report.app import create_app
from celeb_ops.report.host import Host
from celeb_ops.report.table_cache import Tables
from tests.report import history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.store import Store
    from celeb_ops.report.table_cache import Load


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    store = FolderStore(tmp_path_factory.mktemp("past"))
    history.fill(store)
    history.newest_records(store)
    return store


@pytest.fixture
def load(past: FolderStore) -> Load:
    return Tables(past).now()


def app_of(store: Store, **host: Any) -> FastAPI:
    """The app, open to everybody, in an Airflow that knows this."""
    return create_app(authorize=lambda: None, open_store=lambda: store, host=Host("/login", **host))


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    with open_browser(CaptureOptions(viewport=(1200, 900))) as driver:
        yield driver
