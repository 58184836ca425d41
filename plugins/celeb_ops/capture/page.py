"""The way of one capture: open, let it load, clear the view, scroll, hold still, photograph."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from selenium.common.exceptions import TimeoutException, WebDriverException
from urllib3.exceptions import HTTPError

from celeb_ops.capture.browser import browser_name
from celeb_ops.capture.strips import Strip, join, photograph
from celeb_ops.exceptions import BrowserError, CaptureError, PageRefusedError
from celeb_ops.geometry import Box
from celeb_ops.records import Consent, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.sites import Site

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_QUIET_S = 0.4
"""The document must have been still for this long to count as ready."""


@dataclass(frozen=True)
class PageCapture:
    """A page as it was seen: facts, and the picture's parts as files in the folder that was given."""

    final_url: str
    title: str
    http_status: int
    captured_at: datetime
    page_width: int
    page_height: int
    captured_height: int
    truncated: bool
    parts: list[Strip]
    pictures: list[Picture]
    images_loaded: int
    images_total: int
    missing: list[str]
    consent: Consent
    timings: dict[str, float]
    browser: str


@dataclass
class _Clock:
    """Seconds spent by step."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.spent[name] = round(time.monotonic() - start, 3)


def capture_page(driver: WebDriver, site: Site, folder: Path) -> PageCapture:
    """Photograph the whole page of ``site`` into ``folder``.

    :raises PageRefusedError: the site answered with a status of 400 or more.
    :raises EmptyPictureError: the browser gave no usable picture, twice.
    :raises BrowserError: the browser died or did not answer within ``timeout_s``.
    :raises CaptureError: there was no answer from the site.
    """
    clock = _Clock()
    try:
        with clock.step("open"):
            _prepare(driver, site)
            _open(driver, site)
            status = _check_answer(driver, site)
        with clock.step("load"):
            deadline = time.monotonic() + site.load_time_s
            _settle(driver, deadline)
        with clock.step("consent"):
            consent = Consent.model_validate(_run(driver, "clear_view"))
        with clock.step("scroll"):
            # Scrolling has a budget of its own: a page that took long to load has lazy pictures too.
            scrolled_until = time.monotonic() + site.load_time_s
            _scroll(driver, site, scrolled_until)
            missing = _settle(driver, max(deadline, scrolled_until))
        with clock.step("hold"):
            _run(driver, "hold_still")
            # A late wall may have come up while the page was scrolled.
            consent = _both(consent, Consent.model_validate(_run(driver, "clear_view")))
            facts = _run(driver, "facts")
        captured_at = datetime.now(UTC)
        width, height = facts["width"], min(facts["height"], site.max_height)
        pictures = _pictures(facts["pictures"], width, height)
        with clock.step("photograph"):
            strips = photograph(driver, width, height, [picture.box for picture in pictures], folder)
        with clock.step("join"):
            parts = join(strips, folder, site.format, site.jpeg_quality)
    except WebDriverException as error:
        raise BrowserError(
            f"The browser failed on {site.url}: {(error.msg or type(error).__name__).splitlines()[0]}"
        ) from error
    except (HTTPError, OSError) as error:
        raise BrowserError(
            f"The browser gave no answer on {site.url} for {site.timeout_s:g} s: {error}. "
            "A page that keeps it busy may need a larger timeout_s."
        ) from error
    return PageCapture(
        final_url=facts["url"],
        title=facts["title"],
        http_status=status,
        captured_at=captured_at,
        page_width=width,
        page_height=facts["height"],
        captured_height=height,
        truncated=facts["height"] > height,
        parts=parts,
        pictures=pictures,
        images_loaded=facts["images_loaded"],
        images_total=facts["images_total"],
        missing=missing,
        consent=consent,
        timings=clock.spent,
        browser=browser_name(driver),
    )


def _script(name: str) -> str:
    return files("celeb_ops.capture").joinpath("scripts", f"{name}.js").read_text(encoding="utf-8")


def _run(driver: WebDriver, name: str, *arguments: Any) -> Any:
    return driver.execute_script(_script(name), *arguments)


def _prepare(driver: WebDriver, site: Site) -> None:
    """What must stand before the page's own first script."""
    agent = driver.execute_script("return navigator.userAgent").replace("Headless", "")
    width, height = site.viewport
    for command, parameters in (
        ("Page.addScriptToEvaluateOnNewDocument", {"source": _script("before_page")}),
        ("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": site.locale}),
        ("Emulation.setTimezoneOverride", {"timezoneId": site.timezone}),
        (
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        ),
    ):
        driver.execute_cdp_cmd(command, parameters)


def _open(driver: WebDriver, site: Site) -> None:
    driver.set_page_load_timeout(site.timeout_s)
    driver.set_script_timeout(site.timeout_s)
    try:
        driver.get(site.url)
    except TimeoutException:
        # The document may be there and only a script be late: stop it, and look at what has come.
        driver.execute_script("window.stop()")
        if driver.execute_script("return location.protocol") not in {"http:", "https:"}:
            raise CaptureError(
                f"{site.url} sent no page within {site.timeout_s:g} s (timeout_s). Is the site up?"
            ) from None
        logger.warning("%s was still loading after %g s and was stopped.", site.url, site.timeout_s)
    except WebDriverException as error:
        reason = (error.msg or "").splitlines()[0]
        if "net::" not in reason:
            raise
        raise CaptureError(
            f"{site.url} could not be reached: {reason[reason.index('net::') :]}. Is the address right and the site up?"
        ) from error


def _check_answer(driver: WebDriver, site: Site) -> int:
    """The HTTP status of the page that is shown."""
    status = int(driver.execute_script("return performance.getEntriesByType('navigation')[0]?.responseStatus || 0"))
    if status >= 400:
        raise PageRefusedError(
            f"{site.url} answered with HTTP {status}"
            + (" (it may refuse automated browsers)." if status in {401, 403, 429} else ".")
        )
    here = driver.current_url
    if urlsplit(here).scheme not in {"http", "https"}:
        raise CaptureError(f"{site.url} led to {here!r}, which is no web page.")
    return status


def _settle(driver: WebDriver, deadline: float) -> list[str]:
    """Wait until the page is ready and still, or the deadline is past; what was still missing then."""
    still_since = None
    while True:
        state = _run(driver, "ready")
        now = time.monotonic()
        if state["missing"]:
            still_since = None
        else:
            still_since = still_since or now - state["quiet_s"]
            if now - still_since >= _QUIET_S:
                return []
        if now >= deadline:
            return list(state["missing"]) or ["the document kept changing"]
        time.sleep(_POLL_S)


def _scroll(driver: WebDriver, site: Site, deadline: float) -> None:
    """Down the page in steps and back, so that loaders that watch the viewport see every picture."""
    budget_ms = max(deadline - time.monotonic(), 0) * 1000
    driver.execute_async_script(_script("scroll"), site.max_height, budget_ms)


def _both(first: Consent, second: Consent) -> Consent:
    return Consent(
        found=list(dict.fromkeys(first.found + second.found)), done=list(dict.fromkeys(first.done + second.done))
    )


def _pictures(raw: list[dict[str, Any]], width: int, height: int) -> list[Picture]:
    """The pictures that are inside the captured page, their boxes clipped to it."""
    pictures = []
    for entry in raw:
        box = Box(*entry.pop("box")).clipped(width, height)
        if box.area:
            pictures.append(Picture(box=box, **entry))
    return pictures
