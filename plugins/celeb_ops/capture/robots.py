"""Reads a site's robots.txt (RFC 9309): whether it allows the page, for our name in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import requests
from protego import Protego
from urllib3.exceptions import HTTPError

from celeb_ops.capture.loading import PRODUCT
from celeb_ops.core.exceptions import ReasonCode

if TYPE_CHECKING:
    from celeb_ops.core.sites import Site

_BYTES = 500 * 1024
"""Bytes that a parser must read, by the RFC; the rest is ignored."""
_TIMEOUT_S = 15


@dataclass(frozen=True)
class Robots:
    """Whether the page may be visited, and why, in a sentence."""

    allowed: bool
    sentence: str
    trouble: ReasonCode | None = None
    """Why the rules are unknown. Until a retry works, that means no."""


def read_robots(site: Site, proxy: str) -> Robots:
    """Ask a site for its robots.txt.

    One that is "unavailable" (4xx, a circle of redirects) allows everything, one that is "unreachable" (5xx, no answer)
    nothing: RFC 9309, 2.3.1.2 to 2.3.1.4. So does 429, which asks for patience.

    :param proxy: the way out, as the browser's own.
    """
    url = urljoin(site.url, "/robots.txt")
    agent = f"{PRODUCT} (+{site.contact})" if site.contact else PRODUCT
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.max_redirects = 5
            session.proxies = {"http": proxy, "https": proxy}
            with session.get(url, headers={"User-Agent": agent}, timeout=_TIMEOUT_S, stream=True) as answer:
                status = answer.status_code
                content = answer.raw.read(_BYTES, decode_content=True) if status == 200 else b""
    except requests.TooManyRedirects:
        return Robots(True, f"{url} leads in a circle: everything is allowed.")
    except (requests.RequestException, HTTPError, OSError) as error:
        why = f"{url} could not be fetched ({type(error).__name__}), so the page is not visited."
        return Robots(False, why, ReasonCode.NO_ANSWER)
    if status >= 500 or status == 429:
        why = f"{url} answered with HTTP {status}, so the page is not visited until it works."
        return Robots(False, why, ReasonCode.SERVER_FAILED)
    if status != 200:
        return Robots(True, f"{url} is not there (HTTP {status}): everything is allowed.")
    if Protego.parse(content.decode("utf-8", "replace")).can_fetch(site.url, PRODUCT):
        return Robots(True, f"{url} lets {PRODUCT} open the page.")
    return Robots(False, f"{url} closes the page to {PRODUCT}, or to all robots.")
