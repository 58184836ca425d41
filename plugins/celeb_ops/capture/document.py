"""Whether a document came whole. The browser shows what it has of one that breaks off, and tells nobody."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from selenium.common.exceptions import WebDriverException

from celeb_ops.capture import scripts

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_ARRIVED = "return document.readyState === 'loading' ? document.getElementsByTagName('*').length : -1"
_STILL_S = 1.5
"""A document that is loading and does not grow for so long has broken off; the parser of a busy machine pauses, too."""
_COMPRESSED = """const way = performance.getEntriesByType('navigation')[0];
return way !== undefined && way.encodedBodySize !== way.decodedBodySize"""
_END = re.compile(r"</(body|html)\s*>", re.IGNORECASE)
"""What a compressed document has that is whole: its length tells nothing. All but 2 of 914 real saved pages have it."""


def broken_off(driver: WebDriver, deadline: float) -> bool:
    """Whether the document that the driver has opened ends in the middle, or has no end by the deadline (monotonic).

    One that is sent without a length, its end being the connection's (HTTP/1.0), can't be told from a whole one.
    """
    # While a page loads, the driver keeps every question waiting: one that loads on waits for what will never come, and
    # keeps its other parts waiting with it.
    if _has_stalled(driver, deadline):
        driver.execute_cdp_cmd("Page.stopLoading", {})
        return True
    if not scripts.evaluate(driver, _COMPRESSED):
        return False
    frame = driver.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]["frame"]
    try:
        document = driver.execute_cdp_cmd("Page.getResourceContent", {"frameId": frame["id"], "url": frame["url"]})
    except WebDriverException:
        # The page calls itself by another address by now, or has gone on to another one.
        return False
    return not document["base64Encoded"] and not _END.search(document["content"])


def _has_stalled(driver: WebDriver, deadline: float) -> bool:
    arrived, since = None, time.monotonic()
    while (elements := scripts.evaluate(driver, _ARRIVED)) != -1:
        now = time.monotonic()
        if elements != arrived:
            arrived, since = elements, now
        if now - since >= _STILL_S or now >= deadline:
            return True
        time.sleep(0.1)
    return False
