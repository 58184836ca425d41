"""Decides when a page is ready: it loads nothing more of its own, and the layout does not move."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from celeb_ops.capture import scripts
from celeb_ops.capture.facts import Ready
from celeb_ops.core.exceptions import CaptureError, ReasonCode
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.capture.facts import PageState
    from celeb_ops.core.block_list import BlockList
    from celeb_ops.core.sites import Site

_POLL_S = 0.1
_NUMBER = re.compile(r"[0-9]{1,10}")
_STILL_S = 0.4
"""The layout must have been still for this long to count as ready."""
BRIEFLY_S = 0.2
"""The same, before scrolling. It can be shorter: scrolling takes a while and waits for everything that comes
meanwhile."""
_EMPTY_S = 30
"""If a page shows nothing and loads nothing for this long, it stays empty: stop waiting, even if its load time is
minutes."""
_LITTLE_TEXT = 1_500
_RESTLESS_S = 1.5
"""A layout that moves for this long although nothing more loads will not come to rest: an advertisement, a carousel."""


def settle(driver: WebDriver, deadline: float, bottom_at: float | None = None, still_s: float = _STILL_S) -> list[str]:
    """Wait until the page has loaded what it began to load and the layout is still, or the deadline (monotonic) is
    past.

    A layout that never rests is not waited for when all else is there: it is brought to rest for the picture.

    :param bottom_at: when the bottom of the page was reached. Timers that the page set then probably fetch its next
        stories.
    :param still_s: how long the layout must have been still.
    :return: what was still missing; empty for a page that was ready.
    """
    signature, arrived, files = None, None, None
    moved = grew = came = time.monotonic()
    # Wait long enough to see that nothing moves, whatever is left of the budget.
    deadline = max(deadline, moved + 2 * still_s)
    while True:
        began_ms = None if bottom_at is None else (time.monotonic() - bottom_at) * 1000
        consent, asked = scripts.said_by_page(driver, "autoconsent", "under_way")
        state = Ready.model_validate(scripts.run(driver, "ready", consent.partition("\n")[0], _parsed(asked), began_ms))
        now = time.monotonic()
        if state.missing or state.arrived != arrived:
            arrived, grew, moved = state.arrived, now, now
        if state.signature != signature:
            signature, moved = state.signature, now
        if state.files != files or state.missing != ["any content"]:
            files, came = state.files, now
        if now - moved >= still_s:
            return []
        if now >= deadline or now - grew >= _RESTLESS_S or now - came >= _EMPTY_S:
            return state.missing or ["a stable layout"]
        time.sleep(_POLL_S)


def _parsed(asked: str) -> list[list[str]]:
    """The lines of ``under_way.js`` as lists: kind, a number (milliseconds, a status), address or number."""
    return [parts for line in asked.split("\n") if len(parts := line.split("\t")) == 3 and _NUMBER.fullmatch(parts[1])]


def failed_loads(driver: WebDriver, blocked: BlockList) -> list[str]:
    """Sentences, for people, about what the page requested and did not get: failed scripts, failed answers, and script
    errors.

    :param blocked: hosts that it may not load from.
    """
    files, shows = scripts.run(driver, "failed_scripts")
    said = _parsed(*scripts.said_by_page(driver, "under_way"))
    answers = [address for kind, status, address in said if kind == "failed" and int(status) >= 500]
    # If there are pictures, the errors are mostly those of advertisements.
    errors = 0 if shows else sum(int(number) for kind, number, _ in said if kind == "error")
    found = []
    for what, addresses in (("script", files), ("answer", answers)):
        hosts = [host for one in addresses if (host := _host(str(one))) and host not in blocked]
        if hosts:
            names = ", ".join(list(dict.fromkeys(hosts))[:3])
            found.append(f"{len(hosts)} {what}{'s' * (len(hosts) > 1)} that failed ({names})")
    if errors:
        found.append(f"content of {errors} script{'s' * (errors > 1)} with an error")
    return found


def check_built(site: Site, state: PageState, lost: Sequence[str]) -> None:
    """CaptureError if the page shows no picture and little text, and something that it loads had failed."""
    if lost and not state.pictures and state.text_length < _LITTLE_TEXT:
        raise CaptureError(
            f"{site.url} showed no picture and few words: missing {'; '.join(lost)}. Something it needs is down, or "
            "refuses this browser.",
            ReasonCode.BLANK_PAGE,
        )


def _host(address: str) -> str:
    try:
        return cleaned(urlsplit(address).hostname or "", 100)
    except ValueError:
        return ""
