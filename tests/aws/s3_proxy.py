"""S3's bad days on loopback: a proxy before moto's server for an unmodified boto3, by ``endpoint_url``.

moto answers as S3 on a good day. The proxy adds what S3 does on others, on demand or at random: errors (their status
and body as in S3's API reference), cut connections, lost answers, and accounts that lack a permission.
"""

from __future__ import annotations

import http.client
import random
import re
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUT = "cut"
"""The connection ends before the request has come through."""
LOST = "lost"
"""The connection ends after it: what it asked for is done, and nobody says so."""
HALF = "half"
"""The connection ends in the middle of a file's content."""

ERRORS = {
    "AccessControlListNotSupported": (400, "The bucket does not allow ACLs"),
    "AccessDenied": (403, "Access Denied"),
    "AuthorizationHeaderMalformed": (400, "The region 'us-east-1' is wrong; expecting 'eu-west-1'"),
    "ConditionalRequestConflict": (409, "The conditional request cannot succeed due to a conflicting operation"),
    "ExpiredToken": (400, "The provided token has expired."),
    "IncompleteBody": (400, "You did not provide the number of bytes specified by the Content-Length HTTP header"),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidAccessKeyId": (403, "The AWS Access Key Id you provided does not exist in our records."),
    "NotImplemented": (501, "A header you provided implies functionality that is not implemented"),
    "PermanentRedirect": (301, "The bucket you are attempting to access must be addressed otherwise."),
    "PreconditionFailed": (412, "At least one of the pre-conditions you specified did not hold"),
    "RequestTimeTooSkewed": (403, "The difference between the request time and the current time is too large."),
    "RequestTimeout": (400, "Your socket connection was not written to in time. Idle connections will be closed."),
    "SignatureDoesNotMatch": (403, "The signatures do not match. Check your key and signing method."),
    "SlowDown": (503, "Please reduce your request rate."),
    "TooManyRequests": (429, "Too many requests"),
}
"""Status and sentence of an error, without what some say more."""

PERMISSIONS = {
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
}
WRITES = {"PutObject", "DeleteObject"}

_OF_HOP = {"connection", "content-length", "date", "expect", "server", "transfer-encoding"}
"""Headers that are about one connection, or that each server writes itself (RFC 9110, 7.6.1)."""


@dataclass(frozen=True)
class Request:
    """What boto asked for."""

    operation: str
    """As S3's API reference calls it."""
    bucket: str
    key: str
    headers: Mapping[str, str]
    """By their names in lower case."""

    @property
    def access_key(self) -> str:
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", self.headers.get("authorization", ""))
        return signed[1] if signed else ""

    @property
    def has_condition(self) -> bool:
        return self.operation == "PutObject" and not self.headers.keys().isdisjoint({"if-match", "if-none-match"})


@dataclass
class S3Proxy:
    """An S3 whose faults are given by ``give`` and ``at_random``."""

    upstream: str
    url: str = ""
    access_keys: set[str] | None = None
    """Those it knows; None: any."""
    denied: set[str] = field(default_factory=set)
    """Permissions that whoever asks lacks, as policies name them: ``s3:ListBucket``."""
    requests: Counter[str] = field(default_factory=Counter)
    """How often each operation was asked for."""
    faults: Counter[str] = field(default_factory=Counter)
    """How often each fault was given."""
    writes: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._orders: list[tuple[str, str | None]] = []
        self._rates: dict[str, float] = {}
        self._random = random.Random()
        self._lock = threading.Lock()

    def give(self, *faults: str, to: str | None = None) -> None:
        """Give these faults to the next requests, one each; ``to``: to those of one operation."""
        self._orders += [(fault, to) for fault in faults]

    def at_random(self, rates: Mapping[str, float], seed: int) -> None:
        """Give each request one of these faults with its probability, where it is a fault of such a request.

        The draws are the seed's; which of several threads comes upon which is not.
        """
        self._rates = dict(rates)
        self._random = random.Random(seed)

    def noted(self, request: Request) -> str | None:
        """The fault of this request, which is counted."""
        with self._lock:
            self.requests[request.operation] += 1
            if request.operation in WRITES:
                self.writes.append(request)
            fault = self._refusal(request) or self._ordered(request) or self._drawn(request)
            if fault:
                self.faults[fault] += 1
            return fault

    def _refusal(self, request: Request) -> str | None:
        if self.access_keys is not None and request.access_key not in self.access_keys:
            return "InvalidAccessKeyId"
        return "AccessDenied" if PERMISSIONS.get(request.operation) in self.denied else None

    def _ordered(self, request: Request) -> str | None:
        for order in self._orders:
            if order[1] in (None, request.operation):
                self._orders.remove(order)
                return order[0]
        return None

    def _drawn(self, request: Request) -> str | None:
        drawn = self._random.random()
        for fault, rate in self._rates.items():
            if _fits(fault, request):
                if drawn < rate:
                    return fault
                drawn -= rate
        return None

    def hides_absence(self, answer: Answer) -> bool:
        """Whether S3 says 403 in place of this answer, so that nobody learns names by asking for them."""
        return "s3:ListBucket" in self.denied and answer.status == 404 and b"NoSuchBucket" not in answer.body


def _fits(fault: str, request: Request) -> bool:
    if fault in ("ConditionalRequestConflict", "PreconditionFailed"):
        return request.has_condition
    if fault == LOST:
        return request.operation in WRITES
    return fault != HALF or request.operation == "GetObject"


@dataclass(frozen=True)
class Answer:
    """One to hand on."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def serving_s3(upstream: str) -> Iterator[S3Proxy]:
    """The proxy before ``upstream``, on a free port of 127.0.0.1, for as long as the context lasts."""
    proxy = S3Proxy(upstream)

    class Handler(_Handler):
        s3 = proxy

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True, name="s3-proxy")
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    """Hands on one request, or does to it what the proxy says."""

    s3: S3Proxy
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        request = _request_of(self)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.s3.noted(request)
        if fault == CUT:
            self._hang_up()
        elif fault in (None, LOST, HALF):
            answer = self._forward(body)
            if request.operation in ("GetObject", "HeadObject") and self.s3.hides_absence(answer):
                answer = error_answer("AccessDenied", request)
            if fault == LOST:
                self._hang_up()
            else:
                self._send(answer, half=fault == HALF)
        else:
            self._send(error_answer(fault, request))

    do_GET = do_HEAD = do_PUT = do_DELETE = _handle

    def _forward(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.s3.upstream).netloc, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_HOP}
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = answer.getheader("Content-Length", "0")
            return Answer(answer.status, kept, answer.read())
        finally:
            connection.close()

    def _send(self, answer: Answer, half: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(answer.body))} | dict(answer.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _request_of(handler: BaseHTTPRequestHandler) -> Request:
    address = urlsplit(handler.path)
    bucket, _, key = unquote(address.path).lstrip("/").partition("/")
    asked = parse_qs(address.query, keep_blank_values=True).keys()
    headers = {name.lower(): value for name, value in handler.headers.items()}
    operation = f"{handler.command.capitalize()}{'Object' if key else 'Bucket'}"
    return Request("ListObjectsV2" if not key and "list-type" in asked else operation, bucket, key, headers)


def error_answer(code: str, request: Request) -> Answer:
    """An error as S3 sends it, with all that one or the other of them repeats: credentials too."""
    status, message = ERRORS[code]
    told = {
        "Code": code,
        "Message": message,
        "Region": "eu-west-1",
        "AWSAccessKeyId": request.access_key,
        "SignatureProvided": request.headers.get("authorization", "").rpartition("Signature=")[2],
        "Token-0": request.headers.get("x-amz-security-token", ""),
        "RequestTime": request.headers.get("x-amz-date", ""),
        "ServerTime": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    }
    body = f"<Error>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in told.items())}</Error>".encode()
    headers = {"Content-Type": "application/xml"}
    if code in ("AuthorizationHeaderMalformed", "PermanentRedirect"):
        headers["x-amz-bucket-region"] = "eu-west-1"
    # The answer to a HEAD has no body.
    return Answer(status, headers, b"" if request.operation.startswith("Head") else body)
