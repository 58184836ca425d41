"""S3's bad days on loopback: WSGI middleware around moto, for an unmodified boto3, by ``endpoint_url``.

moto answers as S3 on a good day. This adds, on demand or at random, errors (status and body as in S3's API reference),
cut connections, lost answers, and accounts that lack a permission.
"""

import io
import random
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import werkzeug

from tests.wsgi import half, hang_up, served

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


class Request(werkzeug.Request):
    """What boto asked for."""

    @property
    def operation(self) -> str:
        """As S3's API reference calls it."""
        _, _, key = self.path.lstrip("/").partition("/")
        if not key and "list-type" in self.args:
            return "ListObjectsV2"
        return f"{self.method.capitalize()}{'Object' if key else 'Bucket'}"

    @property
    def access_key(self) -> str:
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", self.headers.get("authorization", ""))
        return signed[1] if signed else ""

    @property
    def has_condition(self) -> bool:
        return self.operation == "PutObject" and ("if-match" in self.headers or "if-none-match" in self.headers)


@dataclass
class S3Proxy:
    """An S3 whose faults are given by ``give`` and ``at_random``."""

    upstream: Any
    """A WSGI application."""
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

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(request.content_length or 0))
        fault = self.noted(request)
        if fault == CUT:
            hang_up(environ)
        if fault not in (None, CUT, LOST, HALF):
            return error_answer(fault, request)(environ, start_response)
        answer = werkzeug.Response() if fault == CUT else werkzeug.Response.from_app(self.upstream, environ, True)
        if self._hides_absence(request, answer):
            answer = error_answer("AccessDenied", request)
        if fault == LOST:
            hang_up(environ)
        body = answer(environ, start_response)
        return half(b"".join(body), environ) if fault == HALF else body

    def _hides_absence(self, request: Request, answer: werkzeug.Response) -> bool:
        """Whether S3 says 403 in place of this answer, so that nobody learns names by asking for them."""
        return (
            request.operation in ("GetObject", "HeadObject")
            and "s3:ListBucket" in self.denied
            and answer.status_code == 404
            and b"NoSuchBucket" not in answer.data
        )


def _fits(fault: str, request: Request) -> bool:
    if fault in ("ConditionalRequestConflict", "PreconditionFailed"):
        return request.has_condition
    if fault == LOST:
        return request.operation in WRITES
    return fault != HALF or request.operation == "GetObject"


@contextmanager
def serving_s3(app: Any) -> Iterator[S3Proxy]:
    """The proxy around ``app``."""
    proxy = S3Proxy(app)
    with served(proxy) as proxy.url:
        yield proxy


def error_answer(code: str, request: Request) -> werkzeug.Response:
    """An error as S3 sends it, with all that one or the other of them repeats: credentials too."""
    status, message = ERRORS[code]
    facts = {
        "Code": code,
        "Message": message,
        "Region": "eu-west-1",
        "AWSAccessKeyId": request.access_key,
        "SignatureProvided": request.headers.get("authorization", "").rpartition("Signature=")[2],
        "Token-0": request.headers.get("x-amz-security-token", ""),
        "RequestTime": request.headers.get("x-amz-date", ""),
        "ServerTime": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    }
    body = f"<Error>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in facts.items())}</Error>".encode()
    headers = {"Content-Type": "application/xml"}
    if code in ("AuthorizationHeaderMalformed", "PermanentRedirect"):
        headers["x-amz-bucket-region"] = "eu-west-1"
    return werkzeug.Response(body, status, headers)
