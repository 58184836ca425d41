"""Open a page and bring it to where it can be photographed: loaded, scrolled through, standing still."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import TimeoutException, WebDriverException

from celeb_ops.capture import consent, refusals, scripts
from celeb_ops.capture.document import broken_off
from celeb_ops.capture.facts import MOST_LINKS, Answer, Ready, WayDown
from celeb_ops.core.exceptions import NoAnswerError

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions, Site

logger = logging.getLogger(__name__)


_POLL_S = 0.1
_STILL_S = 0.4
"""The layout must have been still for this long to count as ready."""
_GROWN_PX = 200
_ROUNDS = 4
"""Ways down a page whose bottom moves on while its pictures come."""
_EMPTY_S = 30
"""A page that shows nothing, and to which nothing more comes for so long, stays empty, if it is given minutes."""
_RESTLESS_S = 1.5
"""A layout that moves on for this long though nothing more comes will not rest: an advertisement, a carousel."""


def open_page(driver: WebDriver, site: Site, today: datetime | None = None) -> bool:
    """Open the site; whether its document arrived whole within ``timeout_s``.

    :param today: the time that the page is told; None: the real one.
    :raises CaptureError: nothing came, or an HTTP error.
    """
    _prepare(driver, site, today)
    whole = _get(driver, site)
    refusals.check_status(site, answer(driver))
    return whole


def answer(driver: WebDriver) -> Answer:
    """What the page shows now."""
    return Answer.model_validate(scripts.run(driver, "answer", MOST_LINKS))


def _prepare(driver: WebDriver, site: CaptureOptions, today: datetime | None) -> None:
    """What must stand before the page's own first script."""
    width, height = site.viewport
    commands: list[tuple[str, dict[str, Any]]] = [
        ("Page.addScriptToEvaluateOnNewDocument", {"source": scripts.source("before_page")}),
        ("Emulation.setUserAgentOverride", {**_agent(driver), "acceptLanguage": site.locale}),
        ("Emulation.setTimezoneOverride", {"timezoneId": site.timezone}),
        (
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        ),
        ("Browser.setDownloadBehavior", {"behavior": "deny"}),
    ]
    if today:
        shift_ms = round((today - datetime.now(UTC)).total_seconds() * 1000)
        source = scripts.source("clock").replace("SHIFT_MS", str(shift_ms))
        commands.append(("Page.addScriptToEvaluateOnNewDocument", {"source": source}))
    if source := consent.autoconsent(site):
        commands.append(("Page.addScriptToEvaluateOnNewDocument", {"source": source}))
    if site.block_hosts:
        commands.append(("Network.enable", {}))
        patterns = [
            f"*://{host}{port}/*" for one in site.block_hosts for host in (one, f"*.{one}") for port in ("", ":*")
        ]
        commands.append(("Network.setBlockedURLs", {"urls": patterns}))
    for command, parameters in commands:
        driver.execute_cdp_cmd(command, parameters)
    # A second tab of one process finds it set already, and that is an error to Chromium.
    with contextlib.suppress(WebDriverException):
        driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": site.locale.replace("-", "_")})


def _agent(driver: WebDriver) -> dict[str, Any]:
    """This browser's own user agent without the word Headless, in the header and in the client hints."""
    body = "const data = navigator.userAgentData; return [navigator.userAgent, data?.brands ?? [], data?.platform]"
    agent, brands, platform = json.loads(json.dumps(scripts.evaluate(driver, body)).replace("Headless", ""))
    hints = {"platform": platform or "Linux", "platformVersion": "", "architecture": "x86", "model": ""}
    found = {"userAgent": agent}
    return found | ({"userAgentMetadata": {"brands": brands, "mobile": False, **hints}} if brands else {})


def _get(driver: WebDriver, site: Site) -> bool:
    """Whether the document came whole; if not, what has come of it is shown."""
    driver.set_page_load_timeout(site.timeout_s)
    driver.set_script_timeout(site.timeout_s)
    try:
        driver.get(site.url)
        whole = not broken_off(driver)
        if not whole and scripts.evaluate(driver, "return document.documentElement === null"):
            raise NoAnswerError(f"{site.url} sent no page: its connection broke before any of it could be shown.")
        return whole
    except TimeoutException:
        # The document may be there and only its end, or a script, be late: stop it, and look at what has come.
        driver.execute_cdp_cmd("Page.stopLoading", {})
        if scripts.evaluate(driver, "return location.protocol") not in {"http:", "https:"}:
            raise NoAnswerError(
                f"{site.url} sent no page within {site.timeout_s:g} s (timeout_s). Is the site up?"
            ) from None
        logger.warning("%s was still loading after %g s and was stopped.", site.url, site.timeout_s)
        return False
    except WebDriverException as error:
        if trouble := refusals.reached(site, error.msg or ""):
            raise trouble from error
        raise


def settle(driver: WebDriver, deadline: float) -> list[str]:
    """Wait until fonts and pictures are there and the layout is still, or the deadline (monotonic) is past.

    A layout that never rests is not waited for when all else is there: it is brought to rest for the picture.

    :return: what was still missing; empty for a page that was ready.
    """
    signature, arrived, files = None, None, None
    moved = grew = came = time.monotonic()
    # Long enough to see it stand still, whatever is left of the budget.
    deadline = max(deadline, moved + 2 * _STILL_S)
    while True:
        state = Ready.model_validate(scripts.run(driver, "ready", consent.state(driver)))
        now = time.monotonic()
        if state.missing or state.arrived != arrived:
            arrived, grew, moved = state.arrived, now, now
        if state.signature != signature:
            signature, moved = state.signature, now
        if state.files != files or state.missing != ["any content"]:
            files, came = state.files, now
        if now - moved >= _STILL_S:
            return []
        if now >= deadline or now - grew >= _RESTLESS_S or now - came >= _EMPTY_S:
            return state.missing or ["a layout at rest"]
        time.sleep(_POLL_S)


def scroll(driver: WebDriver, site: CaptureOptions, deadline: float) -> tuple[str, list[str]]:
    """Down the page and back, so that loaders that watch the viewport see it all, then wait for what that has begun.

    :return: where it ended (``bottom``, ``max_height``, ``budget``, or an error of the page's), and what was missing.
    """
    top, rounds = 0, 0
    while True:
        budget_s = max(deadline - time.monotonic(), 0)
        told = scripts.run_long(
            driver, "scroll", site.max_height, budget_s * 1000, top, within_s=budget_s + site.timeout_s
        )
        if told is None and budget_s:
            # A script sent the page elsewhere on its way: the new one gets what is left of the time.
            settle(driver, deadline)
            continue
        down = WayDown.model_validate(told or {"stopped": "budget", "height": 0, "late": 0})
        missing = settle(driver, deadline)
        height = int(scripts.run(driver, "height"))
        rounds += 1
        if down.stopped != "bottom" or height <= down.height + _GROWN_PX or rounds == _ROUNDS:
            break
        # What was fetched at the bottom came only now.
        top = down.height
    if down.late:
        missing.append("1 lazy picture" if down.late == 1 else f"{down.late} lazy pictures")
    return down.stopped, missing


def hold_still(driver: WebDriver, site: CaptureOptions) -> None:
    """Switch the page's own scripts off, stop all motion and hide bars; this project's still run."""
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    scripts.run(driver, "hold_still", site.consent == "leave")
    # What begins after this (a style that starts an animation anew) stands at its start.
    driver.execute_cdp_cmd("Animation.enable", {})
    driver.execute_cdp_cmd("Animation.setPlaybackRate", {"playbackRate": 0})
