"""When a page is ready: nothing of its own is under way any more, and the layout stands still."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from celeb_ops.capture import consent, scripts
from celeb_ops.capture.facts import Ready
from celeb_ops.core.exceptions import BlankPageError
from celeb_ops.core.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.capture.facts import Answer
    from celeb_ops.core.sites import Site

_POLL_S = 0.1
_NUMBER = re.compile(r"[0-9]{1,10}")
_STILL_S = 0.4
"""The layout must have been still for this long to count as ready."""
_EMPTY_S = 30
"""A page that shows nothing, and to which nothing more comes for so long, stays empty, if it is given minutes."""
_LITTLE_TEXT = 1_500
_RESTLESS_S = 1.5
"""A layout that moves on for this long though nothing more comes will not rest: an advertisement, a carousel."""


def settle(driver: WebDriver, deadline: float, bottom_at: float | None = None) -> list[str]:
    """Wait until what the page has begun is there and the layout is still, or the deadline (monotonic) is past.

    A layout that never rests is not waited for when all else is there: it is brought to rest for the picture.

    :param bottom_at: when the page's bottom was reached: what it began then is its next stories.
    :return: what was still missing; empty for a page that was ready.
    """
    signature, arrived, files = None, None, None
    moved = grew = came = time.monotonic()
    # Long enough to see it stand still, whatever is left of the budget.
    deadline = max(deadline, moved + 2 * _STILL_S)
    while True:
        began_ms = None if bottom_at is None else (time.monotonic() - bottom_at) * 1000
        state = Ready.model_validate(scripts.run(driver, "ready", consent.state(driver), _said(driver), began_ms))
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


def _said(driver: WebDriver) -> list[list[str]]:
    """What the page has asked for, as it says itself: kind, a number (milliseconds, a status), address or number."""
    lines = scripts.said_by_page(driver, "under_way").split("\n")
    return [parts for line in lines if len(parts := line.split("\t")) == 3 and _NUMBER.fullmatch(parts[1])]


def failed(driver: WebDriver, blocked: Sequence[str]) -> list[str]:
    """What a page asked for in vain, for people: scripts, its own errors, answers.

    :param blocked: hosts that it was not to reach.
    """
    files, shows = scripts.run(driver, "failed_scripts")
    said = _said(driver)
    answers = [address for kind, status, address in said if kind == "failed" and int(status) >= 500]
    # Where there are pictures, errors are mostly those of advertisements.
    errors = 0 if shows else sum(int(number) for kind, number, _ in said if kind == "error")
    found = []
    for what, addresses in (("script", files), ("answer", answers)):
        hosts = [host for one in addresses if (host := _host(str(one))) and not _is_below(host, blocked)]
        if hosts:
            names = ", ".join(list(dict.fromkeys(hosts))[:3])
            found.append(f"{len(hosts)} {what}{'s' * (len(hosts) > 1)} that failed ({names})")
    if errors:
        found.append(f"what {errors} script{'s' * (errors > 1)} with an error would have shown")
    return found


def check_built(site: Site, answer: Answer, lost: Sequence[str]) -> None:
    """Raise for a page that shows no picture where what would have built it failed."""
    if lost and not answer.pictures and answer.text_length < _LITTLE_TEXT:
        raise BlankPageError(
            f"{site.url} showed no picture and few words, without {'; '.join(lost)}. Something that it is built of is "
            "down, or refuses this browser."
        )


def _is_below(host: str, hosts: Sequence[str]) -> bool:
    return any(f".{host}".endswith(f".{one}") for one in hosts)


def _host(address: str) -> str:
    try:
        return cleaned(urlsplit(address).hostname or "", 100)
    except ValueError:
        return ""
