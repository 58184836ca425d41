"""Asking an archive for one thing, without a browser."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

NOON = {"Accept-Datetime": "Fri, 20 Nov 2026 12:00:00 GMT"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def asked(url: str, headers: dict[str, str] | None = None) -> Answer:
    """What the address says, redirects not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", url.removeprefix(f"http://{parts.netloc}"), headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
