"""Finds out whether a document arrived whole. If its transfer breaks off, the browser shows a part and reports
nothing."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from selenium.common.exceptions import WebDriverException

from celeb_ops.capture import scripts

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

_ARRIVED = """const way = performance.getEntriesByType('navigation')[0];
return [document.readyState === 'loading' ? document.getElementsByTagName('*').length : -1,
  way !== undefined && way.encodedBodySize !== way.decodedBodySize, way?.decodedBodySize ?? 0]"""
_STILL_S = 1.5
"""A loading document that does not grow for this long has broken off; on a busy machine the parser pauses, too."""
_MOST_BYTES = 10_000_000
"""The size up to which a document's end is checked: all of it comes through the driver. Front pages have 1 MB, or 2."""
_END = re.compile(r"</(body|html)\s*>", re.IGNORECASE)
"""A sign that a compressed document is whole (its length says nothing). All but 2 of 914 real saved pages have it."""


def broken_off(driver: WebDriver, deadline: float) -> bool:
    """Whether the document that the driver has opened ends in the middle, or has no end by the deadline (monotonic).

    One that is sent without a length, its end being the connection's (HTTP/1.0), can't be told from a whole one.
    """
    # While a page loads, the driver keeps every question waiting: one that loads on waits for what will never come, and
    # keeps its other parts waiting with it.
    stalled, compressed, size = _arrived(driver, deadline)
    if stalled:
        driver.execute_cdp_cmd("Page.stopLoading", {})
        return True
    if not compressed or size > _MOST_BYTES:
        return False
    frame = driver.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]["frame"]
    try:
        document = driver.execute_cdp_cmd("Page.getResourceContent", {"frameId": frame["id"], "url": frame["url"]})
    except WebDriverException:
        # The page calls itself by another address by now, or has gone on to another one.
        return False
    return not document["base64Encoded"] and not _END.search(document["content"])


def _arrived(driver: WebDriver, deadline: float) -> tuple[bool, bool, int]:
    """Whether the document stopped growing before its end; whether it came compressed; its bytes."""
    arrived, since = None, time.monotonic()
    while True:
        elements, compressed, size = scripts.evaluate(driver, _ARRIVED)
        now = time.monotonic()
        if elements == -1:
            return False, compressed, size
        if elements != arrived:
            arrived, since = elements, now
        if now - since >= _STILL_S or now >= deadline:
            return True, compressed, size
        time.sleep(0.1)
