"""A headless Chromium for one capture: a clean profile, a deadline on every layer, and no files or processes remain."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
from selenium import webdriver
from selenium.common.exceptions import UnexpectedAlertPresentException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.driver_finder import DriverFinder
from selenium.webdriver.common.proxy import Proxy, ProxyType
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.errorhandler import ErrorHandler
from selenium.webdriver.remote.remote_connection import RemoteConnection
from urllib3.exceptions import HTTPError

from celeb_ops.capture.remote_browsers import addresses
from celeb_ops.capture.resource_limits import bounded
from celeb_ops.core.exceptions import CaptureError, ReasonCode
from celeb_ops.core.processes import family, wait_gone
from celeb_ops.core.temp_folders import scratch_folder
from celeb_ops.core.text import SENTENCE_CHARS, cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions

logger = logging.getLogger(__name__)

_BINARIES = ("chromium", "google-chrome", "chromium-browser", "chrome")
_PR_SET_PDEATHSIG = 1
_START_S = 45
"""Seconds that a browser may take to start: some on a busy machine, one otherwise."""
_REMOTE_START_S = 300
"""Seconds that a remote one may take: a Grid may let it wait for a free node as long."""
_HEAP_MB = 1_024
"""Memory of a page's scripts. A page that takes more crashes, and is reported as such."""
_STORED_MB, _CACHE_MB = 200, 100
"""Limit of what pages may store in the browser (by origin), and of its cache. A front page stores some MB."""
_CONNECTIONS = 99
"""To a proxy, the most that Chromium allows."""
_SOCKET = len("/org.chromium.Chromium.XXXXXX/SingletonSocket")
_QUIT_S = 5
"""Seconds that a browser may take to end; what is left of a local one is killed then."""


@contextlib.contextmanager
def open_browser(
    options: CaptureOptions, url: str = "", proxy: str = "", any_certificate: bool = False, known_key: str = ""
) -> Iterator[WebDriver]:
    """A driver with its own browser, which ends on exit in any case.

    :param options: viewport, locale and ``timeout_s``, which bounds every single answer of the driver.
    :param url: a remote WebDriver; empty starts a local one.
    :param proxy: the one way out of the browser, for all it asks for; empty: the network of the machine it runs on.
    :param any_certificate: whether that proxy shows certificates of its own.
    :param known_key: the digest of the one key under which it does, if it does for one host alone.
    :raises CaptureError: it could not be started.
    """
    with contextlib.ExitStack() as stack:
        try:
            ways = (proxy, any_certificate, known_key)
            driver = stack.enter_context(_remote(options, url, *ways) if url else _local(options, *ways))
        except (WebDriverException, HTTPError, OSError) as error:
            where = f"at {url}" if url else "here"
            remedy = "Is CELEBS_BROWSER_URL right? Is a browser free?" if url else "Try `make browser`."
            text = f"The browser {where} could not be started: {_first_line(error)} {remedy}"
            raise CaptureError(text, ReasonCode.BROWSER) from error
        yield driver


@contextlib.contextmanager
def _local(options: CaptureOptions, *ways: Any) -> Iterator[WebDriver]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch_folder("browser"))
        # Chromium leaves temporary files of its own behind when it is killed: they go with the folder.
        environment = {**os.environ, "TMPDIR": stack.enter_context(_short(folder))}
        # A session of its own: Ctrl-C reaches the task alone, which then ends the browser in good order. A browser
        # that had the signal too would still write to its profile while that is being removed.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "linux":
            apart["preexec_fn"] = _die_with_parent
        service = Service(shutil.which("chromedriver"), env=environment, popen_kw=apart)
        chrome = _options(options, str(folder / "profile"), *ways)
        if service.path:
            chrome.binary_location = next(filter(None, map(shutil.which, _BINARIES)), "")
        else:
            # Selenium Manager finds or fetches a matching pair.
            finder = DriverFinder(service, chrome)
            service.path, chrome.binary_location = finder.get_driver_path(), finder.get_browser_path()
        driver = None
        try:
            service.start()
            # Not webdriver.Chrome: it sets no bound to the start of the browser.
            driver = _connect(service.service_url, chrome, options, direct=True)
            stack.enter_context(bounded(service.process, folder, getattr(options, "url", "The page")))
            yield driver
        finally:
            _end(driver, service.process)


@contextlib.contextmanager
def _remote(options: CaptureOptions, url: str, *ways: Any) -> Iterator[WebDriver]:
    # Profile and sandbox are the far side's own affair: chromedriver makes a fresh profile for each session.
    driver = _first_that_starts(addresses(url), _options(options, None, *ways), options)
    try:
        yield driver
    finally:
        _quit(driver)


def _first_that_starts(urls: list[str], chrome: Options, options: CaptureOptions) -> WebDriver:
    """A browser at the first of these addresses that gives one; the last one's error where none does."""
    for url in urls[:-1]:
        try:
            return _connect(url, chrome, options)
        except (WebDriverException, HTTPError, OSError) as error:
            logger.warning("No browser at %s: %s Trying the next one.", urlsplit(url).hostname, _first_line(error))
    return _connect(urls[-1], chrome, options)


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A way to the folder that leaves room for the socket that Chromium makes below it.

    A socket's path has 107 bytes at the most; with a longer one Chromium does not start, and does not say why.
    """
    if len(os.fsencode(folder)) + _SOCKET <= 107 or sys.platform != "linux":
        yield str(folder)
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)


def _connect(url: str, chrome: Options, options: CaptureOptions, direct: bool = False) -> WebDriver:
    """A browser at a WebDriver's address, no answer of which may take for ever.

    :param direct: not through the proxy of the environment, which knows nothing of this machine's loopback.
    """
    config = ClientConfig(
        remote_server_addr=url,
        timeout=_START_S if direct else _REMOTE_START_S,
        proxy=Proxy({"proxyType": ProxyType.DIRECT if direct else ProxyType.SYSTEM}),
        # urllib3 would ask a driver that hangs three times more, each for the whole time.
        init_args_for_pool_manager={"init_args_for_pool_manager": {"retries": False}},
    )
    driver = webdriver.Remote(command_executor=url, options=chrome, client_config=config)
    driver.error_handler = _Cleaned()
    # One command may last as long as the page load; some seconds more tell the two apart.
    _bound(driver, int(options.timeout_s) + 10)
    return driver


def _bound(driver: WebDriver, seconds: int) -> None:
    """Let no answer of the driver take longer."""
    executor = driver.command_executor
    if isinstance(executor, RemoteConnection):
        executor.client_config.timeout = seconds


def _quit(driver: WebDriver) -> None:
    _bound(driver, _QUIT_S)
    with contextlib.suppress(WebDriverException, HTTPError, OSError):
        driver.quit()


def _options(
    options: CaptureOptions, profile: str | None, proxy: str = "", any_certificate: bool = False, known_key: str = ""
) -> Options:
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
        "--blink-settings=lazyLoadEnabled=false,imageAnimationPolicy=2",
        # Pictures are decoded before a frame is painted: those of `decoding=async` would come out white.
        "--disable-checker-imaging",
        # Frames of other sites share the page's process, or nothing of what is set over CDP would reach them. The
        # profile is thrown away, so there is nothing in it that one site could take from another.
        "--disable-site-isolation-trials",
        # A page that is prerendered comes up as another tab, without all that is set here.
        "--disable-features=IsolateOrigins,site-per-process,Prerender2",
        f"--enable-features=StorageQuotaSettings:PoolSizeBytes/{_STORED_MB * 1_000_000}",
        f"--disk-cache-size={_CACHE_MB * 1_000_000}",
        f"--js-flags=--max-old-space-size={_HEAP_MB}",
        "--renderer-process-limit=2",
    ):
        chrome.add_argument(argument)
    if profile:
        chrome.add_argument(f"--user-data-dir={profile}")
        # With a pipe instead of a port Chromium ends as soon as its driver does, however that died.
        chrome.add_argument("--remote-debugging-pipe")
        if os.geteuid() == 0:
            # Chromium refuses its sandbox to root; for everybody else it stays on.
            chrome.add_argument("--no-sandbox")
    if proxy:
        for argument in (
            f"--proxy-server={proxy}",
            # Loopback is no way round it, …
            "--proxy-bypass-list=<-loopback>",
            # … nor is a name that is resolved, …
            f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {urlsplit(proxy).hostname}",
            # … nor what is sent past proxies. (Older Chromiums know the second name alone, today's only the first.)
            "--webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--disable-quic",
        ):
            chrome.add_argument(argument)
        # By itself Chromium has 32 connections to a proxy, and 256 without one.
        chrome.add_experimental_option("localState", {"net.max_connections_per_proxy": _CONNECTIONS})
    if any_certificate:
        chrome.add_argument("--ignore-certificate-errors")
    if known_key:
        chrome.add_argument(f"--ignore-certificate-errors-spki-list={known_key}")
    chrome.add_experimental_option("excludeSwitches", ["enable-automation", "disable-popup-blocking"])
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


class _Cleaned(ErrorHandler):
    """Errors whose words, which may be a page's, are cut and cleaned before anything logs them."""

    def check_response(self, response: dict[str, Any]) -> None:
        try:
            super().check_response(response)
        except WebDriverException as error:
            lines = (error.msg or "")[: 10 * SENTENCE_CHARS].splitlines()[:5]
            error.msg = "\n".join(map(cleaned, lines))
            if isinstance(error, UnexpectedAlertPresentException):
                error.alert_text = cleaned(error.alert_text or "")
            raise


def _die_with_parent() -> None:
    """In the driver's process, before it starts: it ends when the task's process does, even by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(driver: WebDriver | None, process: subprocess.Popen[Any] | None) -> None:
    """Quit, then end what is still there of the process tree."""
    started = family(process)
    if driver is not None:
        _quit(driver)
    # The profile is thrown away, so nobody needs to wait for Chromium to tidy it up.
    for one in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    if process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    wait_gone(started, timeout_s=5)


def _first_line(error: Exception) -> str:
    message = getattr(error, "msg", None) or str(error)
    return message.splitlines()[0].rstrip(".") + "." if message else type(error).__name__ + "."


def browser_name(driver: WebDriver) -> str:
    """``chrome 156.0.8078.79``, for the sidecar."""
    return f"{driver.capabilities.get('browserName')} {driver.capabilities.get('browserVersion')}"
