"""What a web archive is like on a busy day, on loopback: a front before pywb that counts and misbehaves.

Everything else goes through as it is: status, headers in their order, content. The Host header too, so that the
addresses in pywb's answers are the front's.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.archive.server import Archive

CUT = "cut"
"""The connection ends without an answer."""
HALF = "half"
"""The connection ends in the middle of the answer's content."""

_OF_HOP = {"connection", "keep-alive", "transfer-encoding"}
"""Headers that are about one connection (RFC 9110, 7.6.1)."""


@dataclass(frozen=True)
class Refused:
    """An answer of the archive's own, which is nothing that it has recorded."""

    status: int = 429
    retry_after: int | datetime | None = None
    """Seconds, or a time with the zone UTC; both are forms of the header (RFC 9110, 10.2.3)."""


@dataclass(frozen=True)
class Slow:
    """The answer comes after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Drip:
    """The content comes byte by byte, each after so many seconds."""

    seconds: float


Fault = str | Refused | Slow | Drip


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    at: float
    """By ``time.monotonic()``."""
    method: str
    path: str
    connection: int
    """Its number, from 1: requests with the same one came over the same connection."""
    headers: dict[str, str]
    """By their names in lower case."""


@dataclass(frozen=True)
class Answer:
    """One to hand on."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Front:
    """An archive that counts, and whose faults are given by ``give`` and by ``rate``."""

    upstream: Archive
    address: str = ""
    rate: int | None = None
    """Requests in a second; those above it are refused with 429, and count no less, as archives do."""
    retry_after: int | datetime | None = 1
    """What they are told then."""
    redirects_inside: bool = False
    """A recorded redirect leads into the archive under ``id_`` too, as at web.archive.org; else where the site did."""
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """Those that were given, in order."""
    most_at_once: int = 0
    """Requests whose answers were being made at the same time."""
    connections: int = 0
    """All that there were."""
    open: int = 0
    """Those that are now. One that its client has closed counts until the front has seen it."""
    most_open: int = 0

    def __post_init__(self) -> None:
        self._orders: list[tuple[Fault, str]] = []
        self._lately: deque[float] = deque()
        self._answering = 0
        self._lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def timegate(self) -> str:
        """What an address is appended to, for its TimeGate."""
        return self.address + urlsplit(self.upstream.timegate).path

    def memento(self, url: str, when: datetime, modifier: str = "id_") -> str:
        """As :meth:`Archive.memento`, through the front."""
        return self.address + self.upstream.memento(url, when, modifier).removeprefix(self.upstream.address)

    def give(self, *faults: Fault, to: str = "") -> None:
        """Give these faults to the next requests, one each; ``to``: to those whose path has this in it."""
        with self._lock:
            self._orders += [(fault, to) for fault in faults]

    def take_back(self) -> None:
        """Give no more of the faults that were not had yet."""
        with self._lock:
            self._orders.clear()

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.requests]

    def opened(self) -> int:
        """The number of a new connection."""
        with self._lock:
            self.connections += 1
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            return self.connections

    def closed(self) -> None:
        with self._lock:
            self.open -= 1

    def noted(self, request: Request) -> Fault | None:
        """The fault of this request, which is counted."""
        with self._lock:
            self.requests.append(request)
            self._answering += 1
            self.most_at_once = max(self.most_at_once, self._answering)
            fault = self._above_the_rate(request) or self._ordered(request)
            if fault:
                self.faults.append(fault)
            return fault

    def answered(self) -> None:
        """Called before an answer goes out: after it, whoever asked may already ask again."""
        with self._lock:
            self._answering -= 1

    def _above_the_rate(self, request: Request) -> Refused | None:
        while self._lately and self._lately[0] <= request.at - 1:
            self._lately.popleft()
        self._lately.append(request.at)
        above = self.rate is not None and len(self._lately) > self.rate
        return Refused(429, self.retry_after) if above else None

    def _ordered(self, request: Request) -> Fault | None:
        for order in self._orders:
            if order[1] in request.path:
                self._orders.remove(order)
                return order[0]
        return None


@contextmanager
def front(upstream: Archive) -> Iterator[Front]:
    """The front before ``upstream``, on a free port of 127.0.0.1, for as long as the context lasts."""
    front = Front(upstream)

    class Handler(_Handler):
        archive = front

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    front.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True, name="archive-front")
    thread.start()
    try:
        yield front
    finally:
        front.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    """Hands on the requests of one connection, or does to them what the front says."""

    archive: Front
    protocol_version = "HTTP/1.1"
    # Else the content waits for the acknowledgement of the headers.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._number = self.archive.opened()

    def finish(self) -> None:
        self.archive.closed()
        super().finish()

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.archive.noted(Request(time.monotonic(), self.command, self.path, self._number, headers))
        try:
            if isinstance(fault, Slow):
                self.archive.closing.wait(fault.seconds)
            answer = None if fault == CUT else _refusal(fault) if isinstance(fault, Refused) else self._forward(body)
        finally:
            self.archive.answered()
        if answer:
            self._send(answer, fault)
        else:
            self._hang_up()

    do_GET = do_HEAD = do_POST = do_OPTIONS = _handle

    def _forward(self, body: bytes) -> Answer:
        upstream = http.client.HTTPConnection(urlsplit(self.archive.upstream.address).netloc, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _OF_HOP:
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _OF_HOP]
            return Answer(answer.status, answer.reason, headers, answer.read())
        finally:
            upstream.close()

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        self.send_response_only(answer.status, answer.reason)
        names = {name for name, _ in answer.headers}
        for name, value in answer.headers:
            recorded = name == "Location" and "Memento-Datetime" in names
            self.send_header(name, self._inside(value) if recorded and self.archive.redirects_inside else value)
        if "Content-Length" not in names:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._write(answer.body[: len(answer.body) // 2] if fault == HALF else answer.body, fault)
        if fault == HALF:
            self._hang_up()

    def _write(self, body: bytes, fault: Fault | None) -> None:
        if not isinstance(fault, Drip):
            self.wfile.write(body)
            return
        # Whoever asked may have had enough of it.
        with contextlib.suppress(OSError):
            for start in range(len(body)):
                self.wfile.write(body[start : start + 1])
                self.archive.closing.wait(fault.seconds)

    def _inside(self, location: str) -> str:
        """The address in the archive of what this memento leads to."""
        asked = re.fullmatch(r"(/\w+/\d+id_/)(.+)", self.path)
        # For other modifiers pywb has seen to it.
        return self.archive.address + asked[1] + urljoin(asked[2], location) if asked else location

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _refusal(refused: Refused) -> Answer:
    # There are more in use than are registered.
    known = {status.value: status.phrase for status in HTTPStatus}
    reason = known.get(refused.status, "Unknown")
    headers = [("Content-Type", "text/html")]
    if isinstance(refused.retry_after, int):
        headers.append(("Retry-After", str(refused.retry_after)))
    elif refused.retry_after:
        headers.append(("Retry-After", format_datetime(refused.retry_after, usegmt=True)))
    return Answer(refused.status, reason, headers, f"<!doctype html><title>{reason}</title><h1>{reason}</h1>".encode())
