"""Which browser of several: a remote WebDriver's name may stand for many, as a service's name does in Docker.

A session lives in one of them, while each new connection to the name may reach another. So the name is looked up once
for a session, and the session keeps to the address.
"""

from __future__ import annotations

import logging
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import urllib3

from celeb_ops.capture.forwarding import bracketed

logger = logging.getLogger(__name__)

_ASK_S = 5
"""Seconds that one of several may take to say how many sessions it has."""


def addresses(url: str) -> list[str]:
    """The addresses to try for one session, the least busy first; ``[url]`` where its name stands for one.

    Each is ``url`` with an IP address in place of the name. Addresses that do not answer come last: all may be
    starting. With https the name stays, because it stands in the certificate: what is behind it must keep a session to
    one.

    :raises OSError: the name is not known.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return [url]
    port = parts.port or 80
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    hosts = list(dict.fromkeys(str(address[0]) for *_, address in found))
    # Both of a machine's addresses, IPv4 and IPv6, are one browser: `localhost` is the usual case.
    hosts = [host for host in hosts if ":" not in host] or hosts
    if len(hosts) < 2:
        return [url]
    login, at, _ = parts.netloc.rpartition("@")
    urls = [urlunsplit(parts._replace(netloc=f"{login}{at}{bracketed(host)}:{port}")) for host in hosts]
    with ThreadPoolExecutor(max_workers=min(16, len(urls))) as pool:
        # Two tasks that begin together must not both take the first of several that are as busy.
        busy = [(sessions, random.random(), one) for sessions, one in zip(pool.map(_sessions, urls), urls, strict=True)]
    return [one for *_, one in sorted(busy)]


def _sessions(url: str) -> float:
    """The number of sessions that are running there; infinite if it does not answer, 0 if it does not say."""
    try:
        with urllib3.PoolManager(timeout=_ASK_S, retries=False) as pool:
            # chromedriver's; W3C's WebDriver has no such question.
            answer = pool.request("GET", url.rstrip("/") + "/sessions")
            if answer.status != 200:
                return 0
            return len(answer.json()["value"])
    except (urllib3.exceptions.HTTPError, OSError):
        logger.warning("The browser at %s does not answer.", urlsplit(url).hostname)
        return float("inf")
    except (ValueError, KeyError, TypeError):
        return 0
