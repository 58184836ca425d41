"""Opens a page and prepares it for the photo: loaded, scrolled through, without motion."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import TimeoutException, WebDriverException

from celeb_ops.capture import consent, refusals, scripts
from celeb_ops.capture.document import broken_off
from celeb_ops.capture.facts import MOST_LINKS, PageState, WayBack, WayDown
from celeb_ops.capture.readiness import settle
from celeb_ops.capture.strips import resize
from celeb_ops.core.exceptions import CaptureError, ReasonCode
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import CaptureOptions, Site

logger = logging.getLogger(__name__)


PRODUCT = "TrendingCelebrities"
"""Our name: in the User-Agent for sites with a contact address, and in robots.txt."""
_MACHINE = re.compile(r"\([^)]*\)")
_TO_THE_END = {"bottom", "max_height"}
_GROWN_PX = 200
"""A page grows by less than this when its pictures load."""


@dataclass(frozen=True)
class Scrolled:
    """The result of scrolling through a page."""

    whole: bool
    """Whether it ended at the bottom, or at ``max_height``."""
    truncated: bool
    """Whether it ended at ``max_height``."""
    missing: list[str]
    view_bound: bool
    """Whether some pictures exist only while they are in the view."""


def open_page(driver: WebDriver, site: Site, today: datetime | None = None) -> tuple[bool, float]:
    """Open the site; return whether its document arrived whole within ``timeout_s``, and when it began to load
    (``PageState.began``).

    :param today: the page's clock; None: the real time.
    :raises CaptureError: nothing came, or an HTTP error.
    """
    _prepare(driver, site, today)
    whole = _get(driver, site)
    first = page_state(driver)
    refusals.check_status(site, first)
    return whole, first.began


def page_state(driver: WebDriver) -> PageState:
    """The present state of the page."""
    return PageState.model_validate(scripts.run(driver, "page_state", MOST_LINKS))


def _prepare(driver: WebDriver, site: CaptureOptions, today: datetime | None) -> None:
    """Set everything that must be set before the page's own first script runs."""
    sources = [scripts.source(name) for name in ("before_page", "stay_seen", "requests")]
    if today:
        shift_ms = round((today - datetime.now(UTC)).total_seconds() * 1000)
        sources.append(scripts.source("clock").replace("SHIFT_MS", str(shift_ms)))
    sources.append(consent.autoconsent(site))
    commands: list[tuple[str, dict[str, Any]]] = [
        ("Page.addScriptToEvaluateOnNewDocument", {"source": "\n;".join(sources)}),
        ("Page.addScriptToEvaluateOnNewDocument", {"source": scripts.source("watch"), "worldName": scripts.WORLD}),
        ("Emulation.setUserAgentOverride", {**_agent(driver, site), "acceptLanguage": site.locale}),
        ("Emulation.setTimezoneOverride", {"timezoneId": site.timezone}),
        ("Browser.setDownloadBehavior", {"behavior": "deny"}),
    ]
    if site.mobile:
        commands.append(("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5}))
    for command, parameters in commands:
        driver.execute_cdp_cmd(command, parameters)
    resize(driver, site, site.viewport[1])
    # A second tab of one process finds it set already, and that is an error to Chromium.
    with contextlib.suppress(WebDriverException):
        driver.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": site.locale.replace("-", "_")})


def _agent(driver: WebDriver, site: CaptureOptions) -> dict[str, Any]:
    """The User-Agent header and the client hints, as CDP takes them.

    By default this is the browser's own text without the word Headless; with ``mobile`` it is the text that Chrome
    sends on all Android devices.
    """
    # Read on the browser's own first page, where nobody else's script runs.
    asked = "[navigator.userAgent, navigator.userAgentData?.brands ?? [], navigator.userAgentData?.platform]"
    answer = driver.execute_cdp_cmd("Runtime.evaluate", {"expression": asked, "returnByValue": True})
    agent, brands, platform = json.loads(json.dumps(answer["result"]["value"]).replace("Headless", ""))
    if site.mobile:
        agent = _MACHINE.sub("(Linux; Android 10; K)", agent, count=1).replace(" Safari/", " Mobile Safari/")
        platform = "Android"
    agent = site.user_agent or agent
    if site.contact:
        agent = f"{agent} {PRODUCT} (+{site.contact})"
    # Another browser's User-Agent would contradict this browser's hints.
    if site.user_agent or not brands:
        return {"userAgent": agent}
    hints = {"platform": platform or "Linux", "platformVersion": "", "architecture": "x86", "model": ""}
    return {"userAgent": agent, "userAgentMetadata": {"brands": brands, "mobile": site.mobile, **hints}}


def _get(driver: WebDriver, site: Site) -> bool:
    """Open the address; return whether the document arrived whole. If not, the page shows the part that arrived."""
    driver.set_page_load_timeout(site.timeout_s)
    deadline = time.monotonic() + site.timeout_s
    try:
        driver.get(site.url)
        whole = not broken_off(driver, deadline)
        if not whole and scripts.evaluate(driver, "return document.documentElement === null"):
            text = f"{site.url} sent no page: its connection broke before any of it could be shown."
            raise CaptureError(text, ReasonCode.NO_ANSWER)
        return whole
    except TimeoutException:
        # The document may be there and only its end, or a script, be late: stop it, and look at what has come.
        driver.execute_cdp_cmd("Page.stopLoading", {})
        if scripts.evaluate(driver, "return location.protocol") not in {"http:", "https:"}:
            text = f"{site.url} sent no page within {site.timeout_s:g} s (timeout_s). Is the site up?"
            raise CaptureError(text, ReasonCode.NO_ANSWER) from None
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
    """Scroll down the page and back, so that lazy loaders see all of it. Then wait for what has begun to load."""
    top, view_bound, again = 0, False, False
    while True:
        told = _walk(driver, site, deadline, top)
        if told is None:
            # A script sent the page elsewhere on its way: the new one gets what is left of the time.
            settle(driver, deadline)
            continue
        down = WayDown.model_validate(told or {"stopped": "error"})
        missing = settle(driver, deadline, time.monotonic() - down.since_bottom / 1000)
        grown = _has_grown(driver, down)
        if not grown or time.monotonic() >= deadline:
            told = _walk(driver, site, deadline, top, back=True)
            if told is None:
                settle(driver, deadline)
                continue
            back = WayBack.model_validate(told)
            view_bound = view_bound or back.view_bound
            if back.began:
                missing = settle(driver, deadline)
            if back.late and not view_bound and not again and time.monotonic() < deadline:
                # Scripts that loaded late may only now be waiting for a visitor to move.
                again, top = True, 0
                interact(driver, site)
                settle(driver, deadline)
                continue
            grown = _has_grown(driver, down)
            if not grown or time.monotonic() >= deadline:
                break
        # What the page fetched at the bottom arrived only now.
        top = down.height
    # Pictures that exist only while in view are not late.
    if back.late and not view_bound:
        missing.append("1 lazy picture" if back.late == 1 else f"{back.late} lazy pictures")
    return Scrolled(down.stopped in _TO_THE_END and not grown, down.stopped == "max_height", missing, view_bound)


def _walk(
    driver: WebDriver, site: CaptureOptions, deadline: float, top: int, back: bool = False
) -> dict[str, Any] | None:
    """Scroll down from row ``top``, or back up; return the script's report. None if the page navigated to another one
    in time."""
    budget_s = max(deadline - time.monotonic(), 0)
    within_s = budget_s + site.timeout_s
    told = scripts.run_long(driver, "scroll", site.max_height, budget_s * 1000, top, back, within_s=within_s)
    if told is None:
        return None if budget_s else {} if back else {"stopped": "budget"}
    if "error" in told:
        logger.warning("The way %s the page broke off: %s", "up" if back else "down", cleaned(str(told["error"])))
        return {}
    return dict(told)


def _has_grown(driver: WebDriver, down: WayDown) -> bool:
    """Whether the page has grown below its earlier bottom."""
    return down.stopped == "bottom" and int(scripts.run(driver, "height")) > down.height + _GROWN_PX


def scripts_off(driver: WebDriver) -> None:
    """Switch the page's own scripts off; this project's still run."""
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})


def hold_still(driver: WebDriver, site: CaptureOptions) -> None:
    """Stop all motion and hide bars. The page's scripts are off now, unless its pictures exist only while in view."""
    scripts.run(driver, "hold_still", site.consent == "leave")
    # An animation that begins after this (restarted by a style) stays at its start.
    driver.execute_cdp_cmd("Animation.enable", {})
    driver.execute_cdp_cmd("Animation.setPlaybackRate", {"playbackRate": 0})
