"""A headless Chromium for one capture: a clean profile, a deadline on every layer, nothing left behind."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import psutil
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from urllib3.exceptions import HTTPError

from celeb_ops.exceptions import BrowserError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.sites import CaptureOptions

logger = logging.getLogger(__name__)

_BINARIES = ("chromium", "google-chrome", "chromium-browser", "chrome")
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def open_browser(options: CaptureOptions, url: str = "") -> Iterator[WebDriver]:
    """A driver with a browser of its own, ended on leaving whatever happened.

    :param options: viewport, locale and ``timeout_s``, which bounds every single answer of the driver.
    :param url: a remote WebDriver; empty starts a local one.
    :raises BrowserError: it could not be started.
    """
    with contextlib.ExitStack() as stack:
        try:
            driver = stack.enter_context(_remote(options, url) if url else _local(options))
        except (WebDriverException, HTTPError, OSError) as error:
            where = f"at {url}" if url else "here"
            raise BrowserError(
                f"The browser {where} could not be started: {_first_line(error)} "
                + ("Is CELEBS_BROWSER_URL right, and a browser free there?" if url else "Try `make browser`.")
            ) from error
        yield driver


@contextlib.contextmanager
def _local(options: CaptureOptions) -> Iterator[WebDriver]:
    chromedriver = shutil.which("chromedriver")
    # Without one, Selenium Manager finds or fetches a matching pair.
    service = Service(chromedriver, popen_kw={"preexec_fn": _die_with_parent} if sys.platform == "linux" else {})
    with tempfile.TemporaryDirectory(prefix="celebs-browser-", ignore_cleanup_errors=True) as profile:
        chrome = _options(options, profile)
        binary = next(filter(None, map(shutil.which, _BINARIES)), None)
        if chromedriver and binary:
            chrome.binary_location = binary
        driver = None
        try:
            driver = webdriver.Chrome(options=chrome, service=service)
            _bound(driver, _answer_timeout(options))
            yield driver
        finally:
            _end(driver, service.process)


@contextlib.contextmanager
def _remote(options: CaptureOptions, url: str) -> Iterator[WebDriver]:
    # The profile folder is the far side's own affair: chromedriver makes a fresh one for each session.
    config = ClientConfig(remote_server_addr=url, timeout=_answer_timeout(options))
    driver = webdriver.Remote(command_executor=url, options=_options(options, None), client_config=config)
    try:
        yield driver
    finally:
        with contextlib.suppress(WebDriverException, HTTPError, OSError):
            driver.quit()


def _bound(driver: WebDriver, seconds: int) -> None:
    """Let no answer of the driver take longer: without this a hung driver blocks for ever."""
    executor = driver.command_executor
    if isinstance(executor, RemoteConnection):
        executor.client_config.timeout = seconds


def _answer_timeout(options: CaptureOptions) -> int:
    # One WebDriver command may last as long as the page load; some seconds more tell the two apart.
    return int(options.timeout_s) + 15


def _options(options: CaptureOptions, profile: str | None) -> Options:
    chrome = Options()
    chrome.page_load_strategy = "eager"
    chrome.unhandled_prompt_behavior = "dismiss"
    width, height = options.viewport
    for argument in (
        "--headless=new",
        f"--window-size={width},{height}",
        f"--lang={options.locale}",
        "--force-device-scale-factor=1",
        "--hide-scrollbars",
        "--mute-audio",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--no-first-run",
        "--no-default-browser-check",
        "--blink-settings=lazyLoadEnabled=false",
        # With a pipe instead of a port Chromium ends as soon as its driver does, however that died.
        "--remote-debugging-pipe",
    ):
        chrome.add_argument(argument)
    if profile:
        chrome.add_argument(f"--user-data-dir={profile}")
    if os.geteuid() == 0 and profile:
        # Chromium refuses its sandbox to root; for everybody else it stays on.
        chrome.add_argument("--no-sandbox")
    chrome.add_experimental_option("excludeSwitches", ["enable-automation"])
    chrome.add_experimental_option(
        "prefs",
        {
            "intl.accept_languages": f"{options.locale},{options.locale.split('-')[0]}",
            # 2 = never ask, refuse.
            "profile.default_content_setting_values.notifications": 2,
            "profile.default_content_setting_values.geolocation": 2,
            "profile.default_content_setting_values.popups": 2,
            "download_restrictions": 3,
        },
    )
    return chrome


def _die_with_parent() -> None:
    """In the driver's process, before it starts: it ends when the task's process does, even by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(driver: WebDriver | None, process: subprocess.Popen[Any] | None) -> None:
    """Quit, then end whatever of the process tree is still there."""
    family = _family(process)
    if driver is not None:
        # A hung renderer must not hold the end up: the processes are ended below in any case.
        _bound(driver, 10)
        with contextlib.suppress(WebDriverException, HTTPError, OSError):
            driver.quit()
    _, alive = psutil.wait_procs(family, timeout=2)
    for one in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(alive, timeout=5)


def _family(process: subprocess.Popen[Any] | None) -> list[psutil.Process]:
    if process is None:
        return []
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def _first_line(error: Exception) -> str:
    message = getattr(error, "msg", None) or str(error)
    return message.splitlines()[0].rstrip(".") + "." if message else type(error).__name__ + "."


def browser_name(driver: WebDriver) -> str:
    """``chrome 156.0.8078.79``, for the sidecar."""
    return f"{driver.capabilities.get('browserName')} {driver.capabilities.get('browserVersion')}"
