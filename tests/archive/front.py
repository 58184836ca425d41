"""What a web archive is like on a busy day: a front before pywb that counts, hands on, and misbehaves."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
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


@contextmanager
def front(upstream: Archive) -> Iterator[Front]:
    """The front before ``upstream``, on a free port of 127.0.0.1, for as long as the context lasts."""
    front = Front(upstream)

    class Handler(_Handler):
        archive = front

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        front.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield front
        front.closing.set()
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    archive: Front
    protocol_version = "HTTP/1.1"
    # Else the content waits for the acknowledgement of the headers.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self.archive.noted(Request(time.monotonic(), self.path, headers))
        if isinstance(fault, Slow) and not fault.drip:
            self.archive.closing.wait(fault.seconds)
        status, said, body = _refusal(fault) if isinstance(fault, Refused) else self._asked_upstream()
        with self.archive.lock:
            # Before it goes out: after it, the client may already ask again.
            self.archive.answering -= 1
        if fault == CUT:
            self._hang_up()
            return
        self.send_response_only(status)
        for name, value in said.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        step = 1 if isinstance(fault, Slow) and fault.drip else max(len(body), 1)
        # The client may have hung up.
        with contextlib.suppress(OSError):
            for start in range(0, len(body) // 2 if fault == HALF else len(body), step):
                self.wfile.write(body[start : start + (len(body) // 2 if fault == HALF else step)])
                if step < len(body):
                    self.archive.closing.wait(fault.seconds)
        if fault == HALF:
            self._hang_up()

    def _asked_upstream(self) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(http.client.HTTPConnection(urlsplit(self.archive.upstream.address).netloc)) as there:
            # With the front's Host: the addresses in pywb's answers are the front's.
            there.request("GET", self.path, headers=dict(self.headers))
            answer = there.getresponse()
            said = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_HOP}
            said.pop("Content-Length", None)
            asked = re.fullmatch(r"(/\w+/\d+id_/)(.+)", self.path)
            if self.archive.redirects_inside and asked and said.keys() >= {"Location", "Memento-Datetime"}:
                said["Location"] = self.archive.address + asked[1] + urljoin(asked[2], said["Location"])
            return answer.status, said, answer.read()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _refusal(refused: Refused) -> tuple[int, dict[str, str], bytes]:
    after = refused.retry_after
    text = str(after) if isinstance(after, int) else after and format_datetime(after, usegmt=True)
    return refused.status, {"Retry-After": text} if text else {}, b"<h1>Not now</h1>"
