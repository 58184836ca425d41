"""Applies the page options of the sites file: clicks, a script, an element to wait for, CSS rules, a part of the
page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import JavascriptException, WebDriverException

from celeb_ops.capture import scripts
from celeb_ops.capture.readiness import settle
from celeb_ops.core.exceptions import CaptureError, ReasonCode, SitesError
from celeb_ops.core.geometry import Box
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.sites import Site

_POLL_S = 0.1
_SHORT = 80
"""Characters of a selector in what is recorded."""
MIN_PART_PX = 80
"""Recognisers look at nothing narrower."""


def act(driver: WebDriver, site: Site, deadline: float) -> tuple[list[str], list[str]]:
    """Click, run the site's script, wait for what the page must show.

    :param deadline: nothing is waited for after it (monotonic).
    :return: what was done, and what is missing since the script failed.
    :raises SitesError: the browser does not take a selector, or the script, for one.
    :raises CaptureError: what must be there did not come.
    """
    done, missing = [], []
    for selector in site.click:
        if _element(driver, site, "click", selector):
            done.append(f"clicked {selector[:_SHORT]}")
            settle(driver, deadline)
    if site.javascript:
        if trouble := _run(driver, site, deadline):
            missing.append(f"what the site's javascript would have done ({trouble})")
        settle(driver, deadline)
    if site.wait_for:
        while not _element(driver, site, "see", site.wait_for):
            if time.monotonic() >= deadline:
                raise _not_shown(
                    f"{site.url} showed no {site.wait_for} within {site.load_time_s:g} s (wait_for, load_time_s): did "
                    "the site change?"
                )
            time.sleep(_POLL_S)
        settle(driver, deadline)
    return done, missing


def restyle(driver: WebDriver, site: Site) -> list[str]:
    """Lay the site's own rules over the page; what was hidden. A second time on the same document does nothing."""
    if not site.hide and not site.css:
        return []
    counts = _asked(driver, site, "hide", ", ".join(site.hide), "restyle", list(site.hide), site.css)
    return [f"hid {number} × {one[:_SHORT]}" for one, number in zip(site.hide, counts or (), strict=False) if number]


def part(driver: WebDriver, site: Site, width: int, height: int) -> Box:
    """The part of the page that is captured: all of it, up to this size in CSS px, or that of the site's selector.

    :raises CaptureError: it is not there, or too small for faces.
    """
    if not site.selector:
        return Box(0, 0, width, height)
    if not (found := _element(driver, site, "box", site.selector)):
        raise _not_shown(f"{site.url} showed no {site.selector} (selector): did the site change?")
    left, top, right, bottom = found
    box = Box(left, top, right - left, bottom - top).clipped(width, height)
    if min(box.width, box.height) < MIN_PART_PX:
        raise _not_shown(
            f"{site.selector} of {site.url} (selector) is {box.width}x{box.height} px on the page; it must have "
            f"{MIN_PART_PX} a side at least."
        )
    return box


def _not_shown(sentence: str) -> CaptureError:
    return CaptureError(sentence, ReasonCode.BLANK_PAGE)


def _element(driver: WebDriver, site: Site, what: str, selector: str) -> Any:
    option = {"click": "click", "see": "wait_for", "box": "selector"}[what]
    return _asked(driver, site, option, selector, "element", what, selector)


def _asked(driver: WebDriver, site: Site, option: str, selector: str, script: str, *arguments: Any) -> Any:
    try:
        return scripts.run(driver, script, *arguments)
    except JavascriptException as error:
        if "not a valid selector" not in (error.msg or ""):
            raise
        raise SitesError(f"{option} of {site.name}: the browser knows no such selector: {selector}.") from None


def _run(driver: WebDriver, site: Site, deadline: float) -> str:
    """Run the site's script in the page's own world; what went wrong, empty for nothing.

    :raises SitesError: it is no JavaScript.
    """
    begin = f"""(() => {{
      const state = window[Symbol.for('celebs javascript')] = {{ ended: false, trouble: '' }};
      (async () => {{ {site.javascript}
      }})().catch(error => {{ state.trouble = `${{error}}`; }}).finally(() => {{ state.ended = true; }});
    }})()"""
    try:
        answer = driver.execute_cdp_cmd("Runtime.evaluate", {"expression": begin, "timeout": site.load_time_s * 1000})
    except WebDriverException as error:
        if "Execution was terminated" not in (error.msg or ""):
            raise
        return f"it kept the page busy for {site.load_time_s:g} s"
    if thrown := answer.get("exceptionDetails"):
        said = cleaned(thrown.get("exception", {}).get("description", ""), 200)
        raise SitesError(f"javascript of {site.name} is no JavaScript: {said}.")
    while True:
        ended, _, trouble = scripts.said_by_page(driver, "javascript")[0].partition("\t")
        if ended != "running":
            return cleaned(trouble, 200)
        if time.monotonic() >= deadline:
            return f"it was not done within {site.load_time_s:g} s"
        time.sleep(_POLL_S)
