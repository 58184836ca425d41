from __future__ import annotations

import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from selenium.common.exceptions import WebDriverException

from celeb_ops.core.exceptions import CaptureError
from celeb_ops.core.sites import CaptureOptions, Site
from celeb_ops.hooks.webdriver import WebDriverHook, airflow_addresses
from tests.browsers import running
from tests.web import Web, free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files: what a browser leaves behind would be in there."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.browser
class TestLocal:
    def test_is_reached_past_any_proxy_and_ended_whatever_happened(
        self, temporary: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        before = running(psutil.Process())
        with pytest.raises(ZeroDivisionError), WebDriverHook().browser(CaptureOptions()) as driver:
            divmod(1, driver.execute_script("return 0"))
        assert running(psutil.Process()) == before
        assert not list(temporary.iterdir())


@pytest.mark.browser
class TestRemote:
    def test_opens_a_browser_there_and_ends_it_there(self, chromedriver: psutil.Popen, temporary: Path) -> None:
        with WebDriverHook(chromedriver.url).browser(CaptureOptions()) as driver:
            driver.get("data:text/html,<title>News</title>")
            assert driver.title == "News"
            assert driver.execute_cdp_cmd("Browser.getVersion", {})["product"]
            assert running(chromedriver)
            assert not list(temporary.iterdir())
        assert chromedriver.is_running()
        psutil.wait_procs(chromedriver.children(recursive=True), timeout=5)
        assert not running(chromedriver)


class TestVisit:
    """A page reaches nothing of Airflow's, wherever its site is."""

    @pytest.mark.browser
    def test_keeps_a_page_of_a_site_on_loopback_from_the_api_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Web({"/": "Airflow"}) as airflow, Web({"/": "<title>News</title>"}) as site:
            monkeypatch.setenv("AIRFLOW__API__PORT", airflow.address.rpartition(":")[2])
            with WebDriverHook().visit(Site(url=site.address, name="NEWS")) as driver:
                driver.get(site.address)
                assert driver.title == "News"
                with suppress(WebDriverException):
                    driver.get(airflow.address)
                assert "Airflow" not in driver.page_source
            assert airflow.asked == []

    def test_knows_where_airflow_is_by_its_configuration(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {
            "API__PORT": "8081",
            "API__BASE_URL": "https://airflow.example/ui",
            "CORE__EXECUTION_API_SERVER_URL": "http://api-server:8080/execution/",
            "CORE__EXECUTOR": "CeleryExecutor",
            "CELERY__BROKER_URL": "redis://:secret@redis/0",
            "CELERY__RESULT_BACKEND": "db+postgresql+psycopg2://airflow:secret@postgres/airflow",
        }.items():
            monkeypatch.setenv(f"AIRFLOW__{name}", value)
        assert {
            ("localhost", 8081),
            ("airflow.example", 443),
            ("api-server", 8080),
            ("redis", 6379),
            ("postgres", 5432),
        } <= set(airflow_addresses())
        monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
        assert not {"redis", "postgres"} & {host for host, _ in airflow_addresses()}


class TestErrors:
    def test_an_address_where_nobody_answers(self) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        with pytest.raises(CaptureError) as error, WebDriverHook(url).browser(CaptureOptions()):
            pass
        assert str(error.value).startswith(f"The browser at {url} could not be started: ")
        assert str(error.value).endswith(" Is CELEBS_BROWSER_URL right? Is a browser free?")

    @pytest.mark.parametrize(
        ("chromedriver", "said"),
        [(None, ""), ("#!/bin/sh\nexit 3\n", "exited")],
        ids=["there is none, and none to be had", "it does not start"],
    )
    def test_a_chromedriver_that_is_of_no_use(
        self, chromedriver: str | None, said: str, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if chromedriver:
            (tmp_path / "chromedriver").write_text(chromedriver)
            (tmp_path / "chromedriver").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("SE_OFFLINE", "true")
        monkeypatch.setenv("SE_CACHE_PATH", str(tmp_path / "selenium"))
        with pytest.raises(CaptureError) as error, WebDriverHook().browser(CaptureOptions()):
            pass
        assert str(error.value).startswith("The browser here could not be started: ")
        assert said in str(error.value)
        assert str(error.value).endswith(" Try `make browser`.")
        assert not list(temporary.iterdir())
