"""What a web archive is like on a busy day: a front before pywb that counts, hands on, and misbehaves."""

import contextlib
import http.client
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import werkzeug

from tests.archive.server import Archive
from tests.wsgi import half, hang_up, served

CUT = "cut"
"""The connection ends without an answer."""
HALF = "half"
"""The connection ends in the middle of the answer's content."""
_OF_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Refused:
    """An answer of the archive's own, which is nothing that it has recorded."""

    status: int = 429
    retry_after: int | datetime | None = None


@dataclass(frozen=True)
class Slow:
    """The answer comes after so many seconds; ``drip``: each of its bytes does."""

    seconds: float
    drip: bool = False


Fault = str | Refused | Slow


@dataclass(frozen=True)
class Request:
    at: float
    """By ``time.monotonic()``."""
    path: str
    headers: dict[str, str]
    """By their names in lower case."""


@dataclass
class Front:
    upstream: Archive
    address: str = ""
    redirects_inside: bool = False
    """A recorded redirect leads into the archive under ``id_`` too, as at web.archive.org; else where the site did."""
    requests: list[Request] = field(default_factory=list)
    orders: list[tuple[Fault, str]] = field(default_factory=list)
    """Faults still to give, each with what is in the path of requests that get it."""
    most_at_once: int = 0
    """Requests whose answers were being made at the same time."""
    answering: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def timegate(self) -> str:
        return self.address + urlsplit(self.upstream.timegate).path

    def memento(self, url: str, when: datetime) -> str:
        """As :meth:`Archive.memento`, through the front."""
        return self.address + self.upstream.memento(url, when).removeprefix(self.upstream.address)

    def give(self, *faults: Fault, to: str = "") -> None:
        """Give these faults to the next requests, one each; ``to``: to those whose path has this in it."""
        with self.lock:
            self.orders += [(fault, to) for fault in faults]

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def noted(self, request: Request) -> Fault | None:
        """The fault of this request, which is counted."""
        with self.lock:
            self.requests.append(request)
            self.answering += 1
            self.most_at_once = max(self.most_at_once, self.answering)
            order = next((one for one in self.orders if one[1] in request.path), None)
            if order:
                self.orders.remove(order)
            return order and order[0]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = werkzeug.Request(environ)
        # As it was sent: WSGI's own path is decoded.
        path = environ["REQUEST_URI"]
        headers = {name.lower(): value for name, value in asked.headers.items()}
        fault = self.noted(Request(time.monotonic(), path, headers))
        if isinstance(fault, Slow) and not fault.drip:
            self.closing.wait(fault.seconds)
        answer = _refusal(fault) if isinstance(fault, Refused) else self._asked_upstream(path, headers)
        with self.lock:
            # Before it goes out: after it, the client may already ask again.
            self.answering -= 1
        if fault == CUT:
            hang_up(environ)
        body = answer(environ, start_response)
        if fault == HALF:
            return half(answer.data, environ)
        return self._dripping(answer.data, fault.seconds) if isinstance(fault, Slow) and fault.drip else body

    def _dripping(self, body: bytes, seconds: float) -> Iterator[bytes]:
        for byte in body:
            yield bytes([byte])
            self.closing.wait(seconds)

    def _asked_upstream(self, path: str, headers: Mapping[str, str]) -> werkzeug.Response:
        with contextlib.closing(http.client.HTTPConnection(urlsplit(self.upstream.address).netloc)) as there:
            # With the front's Host: the addresses in pywb's answers are the front's.
            there.request("GET", path, headers=headers)
            answer = there.getresponse()
            said = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_HOP}
            asked = re.fullmatch(r"(/\w+/\d+id_/)(.+)", path)
            if self.redirects_inside and asked and said.keys() >= {"Location", "Memento-Datetime"}:
                said["Location"] = self.address + asked[1] + urljoin(asked[2], said["Location"])
            return werkzeug.Response(answer.read(), answer.status, said)


@contextmanager
def front(upstream: Archive) -> Iterator[Front]:
    """The front before ``upstream``, on a free port of 127.0.0.1, for as long as the context lasts."""
    front = Front(upstream)
    with served(front) as front.address:
        yield front
        front.closing.set()


def _refusal(refused: Refused) -> werkzeug.Response:
    after = refused.retry_after
    text = str(after) if isinstance(after, int) else after and format_datetime(after, usegmt=True)
    return werkzeug.Response(b"<h1>Not now</h1>", refused.status, {"Retry-After": text} if text else {})
