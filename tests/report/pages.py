"""A browser that tells what a page did: its scripts' errors, and what its content security policy refused."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from selenium.webdriver.support.wait import WebDriverWait

from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.remote.webdriver import WebDriver
    from starlette.types import ASGIApp

_WATCH = """
window.page_errors = [];
document.addEventListener("securitypolicyviolation", (e) => page_errors.push(`${e.violatedDirective} ${e.blockedURI}`));
window.addEventListener("error", (e) => e.message && page_errors.push(e.message));
"""
_CHARTS = """
const figures = [...document.querySelectorAll("figure[data-chart]")].filter((one) => one.offsetParent);
// One at a time, as a person scrolls: of several in one go the page gets to see the last alone.
figures.find((one) => !one.dataset.drawn)?.scrollIntoView();
return figures.every((one) => one.dataset.drawn) && figures.map((one) => one.dataset.drawn);
"""


def watch(browser: WebDriver) -> None:
    """From now on every page keeps what went wrong on it."""
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})


def page_errors(browser: WebDriver) -> list[str]:
    """What went wrong on the page; also that a hostile text ran as a script."""
    return browser.execute_script("return [...page_errors, ...(window.hacked ? ['a hostile script ran'] : [])]")


def charts(browser: WebDriver) -> list[str]:
    """Whether each chart that is shown was drawn, when all were tried."""
    return WebDriverWait(browser, 30).until(lambda _: browser.execute_script(_CHARTS) or None)


def narrow(browser: WebDriver, width: int = 360) -> None:
    """As on a phone."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    )


def too_wide(browser: WebDriver) -> int:
    """By how many px the page is wider than its window."""
    return browser.execute_script("return document.documentElement.scrollWidth - innerWidth")


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The app's address, for as long as the context lasts."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True, name="pages")
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
