"""Open a page and bring it to where it can be photographed: loaded, scrolled through, standing still."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import TimeoutException, WebDriverException

from celeb_ops.capture import consent, refusals, scripts
from celeb_ops.capture.document import broken_off
from celeb_ops.capture.facts import MOST_LINKS, Answer, WayDown
from celeb_ops.capture.readiness import settle
from celeb_ops.core.exceptions import NoAnswerError

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions, Site

logger = logging.getLogger(__name__)


_GROWN_PX = 200
"""More than a page grows by as its pictures come."""


@dataclass(frozen=True)
class Scrolled:
    """How the way down a page ended."""

    stopped: str
    """``bottom``, ``max_height``, ``budget``, or an error of the page's."""
    missing: list[str]
    bound: bool
    """Some pictures are there only while they are in the view."""


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
        *(
            ("Page.addScriptToEvaluateOnNewDocument", {"source": scripts.source(name)})
            for name in ("before_page", "stay_seen", "requests")
        ),
        ("Page.addScriptToEvaluateOnNewDocument", {"source": scripts.source("watch"), "worldName": scripts.WORLD}),
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
    deadline = time.monotonic() + site.timeout_s
    try:
        driver.get(site.url)
        whole = not broken_off(driver, deadline)
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


def interact(driver: WebDriver, site: CaptureOptions) -> None:
    """Move the mouse and the wheel, press a key, touch: some sites start their scripts when somebody is there.

    Nothing is clicked, and no element stays under the mouse.
    """
    x, y = 1, site.viewport[1] // 2
    mouse, touch = "Input.dispatchMouseEvent", "Input.dispatchTouchEvent"
    shift = {"key": "Shift", "code": "ShiftLeft", "windowsVirtualKeyCode": 16}
    for command, parameters in (
        (mouse, {"type": "mouseMoved", "x": x, "y": y}),
        (mouse, {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": -1}),
        ("Input.dispatchKeyEvent", {"type": "keyDown", **shift}),
        ("Input.dispatchKeyEvent", {"type": "keyUp", **shift}),
        (touch, {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}),
        (touch, {"type": "touchMove", "touchPoints": [{"x": x, "y": y + 1}]}),
        (touch, {"type": "touchCancel", "touchPoints": []}),
        (mouse, {"type": "mouseMoved", "x": -10, "y": -10}),
    ):
        # The page may be on its way to another one.
        with contextlib.suppress(WebDriverException):
            driver.execute_cdp_cmd(command, parameters)


def scroll(driver: WebDriver, site: CaptureOptions, deadline: float) -> Scrolled:
    """Down the page and back, so that loaders that watch the viewport see it all, then wait for what that has begun."""
    top, bound, again = 0, False, False
    while True:
        budget_s = max(deadline - time.monotonic(), 0)
        told = scripts.run_long(
            driver, "scroll", site.max_height, budget_s * 1000, top, within_s=budget_s + site.timeout_s
        )
        if told is None and budget_s:
            # A script sent the page elsewhere on its way: the new one gets what is left of the time.
            settle(driver, deadline)
            continue
        down = WayDown.model_validate(
            told or {"stopped": "budget", "height": 0, "late": 0, "bound": False, "since_bottom": 0}
        )
        missing = settle(driver, deadline, time.monotonic() - down.since_bottom / 1000)
        height = int(scripts.run(driver, "height"))
        stopped, bound = down.stopped, bound or down.bound
        if down.late and not bound and not again and time.monotonic() < deadline:
            # Scripts that came late may have begun to wait for somebody since.
            again, top = True, 0
            interact(driver, site)
            settle(driver, deadline)
            continue
        if stopped != "bottom" or height <= down.height + _GROWN_PX:
            break
        # What was fetched at the bottom came only now.
        top = down.height
        if time.monotonic() >= deadline:
            stopped = "budget"
            break
    # Those that are there in the view alone are no late ones.
    if down.late and not bound:
        missing.append("1 lazy picture" if down.late == 1 else f"{down.late} lazy pictures")
    return Scrolled(stopped, missing, bound)


def scripts_off(driver: WebDriver) -> None:
    """Switch the page's own scripts off; this project's still run."""
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})


def hold_still(driver: WebDriver, site: CaptureOptions) -> None:
    """Stop all motion and hide bars, in a page whose scripts are off, unless its pictures are there in view alone."""
    scripts.run(driver, "hold_still", site.consent == "leave")
    # What begins after this (a style that starts an animation anew) stands at its start.
    driver.execute_cdp_cmd("Animation.enable", {})
    driver.execute_cdp_cmd("Animation.setPlaybackRate", {"playbackRate": 0})
