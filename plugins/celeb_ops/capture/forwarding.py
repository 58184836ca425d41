"""Reads a browser's request to its proxy, and rewrites it for the origin or for a company's own proxy."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

_HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,15})\r\n", re.IGNORECASE)
_LENGTHS = re.compile(rb"\n\s*(?:content-length|transfer-encoding)\s*:", re.IGNORECASE)
_FOR_PROXIES = re.compile(rb"(?<=\r\n)proxy-[^\r]*\r\n", re.IGNORECASE)


class Request(NamedTuple):
    """The head of what the browser sends."""

    tunnel: bool
    host: str
    port: int
    head: bytes
    """The request as it came, without the headers for a proxy."""
    body: int
    """Bytes that follow."""


def parsed(head: bytes) -> Request:
    """
    :raises ValueError: it is nothing that a browser says.
    """
    method, target, _ = head[: head.index(b"\r\n")].split(b" ")
    tunnel = method == b"CONNECT"
    place = urlsplit(("//" if tunnel else "") + target.decode("ascii"))
    if not _HOST.fullmatch(place.hostname or "") or place.scheme != ("" if tunnel else "http"):
        raise ValueError(f"no address to go to: {target[:100]!r}")
    return Request(tunnel, str(place.hostname), place.port or 80, _FOR_PROXIES.sub(b"", head), body_bytes(head))


def body_bytes(head: bytes) -> int:
    """The number of bytes that follow a head. :raises ValueError: that is not clear."""
    length = _LENGTH.search(head)
    # Chromium says once how much follows. Of what is ambiguous a company's proxy might take a part for another request.
    if len(_LENGTHS.findall(head)) != bool(length):
        raise ValueError("it is not clear what follows the head")
    return int(length[1]) if length else 0


def company_proxy(request: Request) -> SplitResult | None:
    """The proxy that the environment names for a request. Loopback is never asked of one, as browsers do it."""
    host = request.host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost") or host == "::1" or re.fullmatch(r"127(\.\d+){3}", host):
        return None
    url = f"{'https' if request.tunnel else 'http'}://{bracketed(host)}:{request.port}/"
    found = select_proxy(url, get_environ_proxies(url))
    return urlsplit(found if "://" in found else f"http://{found}") if found else None


def asked_of_proxy(request: Request, proxy: SplitResult | None) -> bool:
    """Whether a proxy gets the request itself: others, and TLS, go through it in a tunnel."""
    return proxy is not None and proxy.scheme == "http" and not request.tunnel


def handed_on(request: Request, proxy: SplitResult | None) -> bytes:
    """The head as it goes on: an origin wants the path alone, a proxy the whole address and maybe a password."""
    line, _, rest = request.head.partition(b"\r\n")
    if proxy is not None and asked_of_proxy(request, proxy):
        if proxy.username is None:
            return request.head
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        return line + b"\r\nProxy-Authorization: Basic " + b64encode(login) + b"\r\n" + rest
    method, target, version = line.split(b" ")
    path = target.split(b"//", 1)[1].partition(b"/")[2]
    return b" ".join((method, b"/" + path, version)) + b"\r\n" + rest


def bracketed(host: str) -> str:
    """The host as it is written in an address."""
    return f"[{host}]" if ":" in host else host
