"""Requests to a Memento archive (RFC 7089): which copy of a page is nearest to a time, and what it holds.

A copy's address names its time, as in the Wayback Machine and pywb: ``<archive>20261120080012/https://www.tmz.com/``.
``id_`` after the time gives the copy as it was recorded, without the archive's banner and rewriting.
"""

import contextlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Self
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from pydantic import ConfigDict
from urllib3.exceptions import HTTPError

from celeb_ops.archive.rate_limiter import Deadline, RateLimiter
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError, NotArchivedError

logger = logging.getLogger(__name__)

_STAMP = "%Y%m%d%H%M%S"
"""A time in the address of a copy."""
_REDIRECTS = {301, 302, 303, 307, 308}
_NO_COPY = {404, 410}
"""The archive has no copy."""
_NOT_SHOWN = {400, 403, 451}
"""The archive withholds its copy: the owner or a law forbids it, or replay fails."""
_TRANSIENT = {429, 500, 502, 503, 504}
_TRIES = 5
"""Per request. Without a network all tries take half a minute; then Airflow retries the task."""
FIRST_PAUSE_S = 2.0
"""After a request that was refused or not answered; doubled for each further one in a row."""
_CONNECT_S, _READ_S = 10, 60
"""To connect, and between two pieces of an answer."""
_MAX_REDIRECTS = 5
_MAX_BYTES = 40_000_000
"""Per answer: no page shows a larger picture."""
_PIECE_BYTES = 65_536
_WINDOW_FRACTIONS = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)
"""The further places in the window, on both sides, to look for copies if the nearest is not a page."""
AGENT = "trending-celebrities (one request at a time)"
"""An archive in trouble should see who asks."""


@dataclass(frozen=True)
class Memento:
    """A copy of a page in the archive."""

    url: str
    """The page's own address."""
    when: datetime
    """When the archive saw it."""
    address: str
    """The copy's address."""


@dataclass(frozen=True)
class ArchiveResponse:
    """An archive's copy of an address at a time."""

    # For the response cache's files.
    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    status: int
    """The site's HTTP status."""
    when: datetime
    content_type: str
    content_encoding: str
    location: str
    """An archived redirect's target, as the original address."""
    body: bytes
    """Still content-encoded."""


class _Answer:
    """The archive's answer to one request."""

    def __init__(self, answer: requests.Response, body: bytes) -> None:
        self.status, self.headers, self.body = answer.status_code, answer.headers, body
        self.seen = _date(self.headers.get("Memento-Datetime"))
        """When the archive saw the page; None: the answer is not a copy."""
        self.location = self.headers.get("Location", "") if self.status in _REDIRECTS else ""


class Archive:
    """An archive that speaks Memento. One connection; each request takes its turn.

    :param timegate: the prefix of a page's address: ``https://web.archive.org/web/``.
    """

    def __init__(self, timegate: str, limiter: RateLimiter) -> None:
        self.timegate = timegate if timegate.endswith("/") else f"{timegate}/"
        self._limiter = limiter
        self._session = requests.Session()
        self._session.headers["User-Agent"] = AGENT
        place = urlsplit(self.timegate)
        self.host = place.netloc
        self._dated = re.compile(
            rf"(?:https?:)?//{re.escape(place.netloc)}{re.escape(place.path)}(\d{{14}})(?:[a-z]{{2}}_)?/(.+)", re.DOTALL
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def nearest(self, url: str, when: datetime, deadline: Deadline) -> Memento | None:
        """The copy that the TimeGate names for this time, however far away; None if there is none at all.

        :raises NotArchivedError: the copy is withheld.
        :raises ArchiveError: the archive could not be asked.
        """
        address, asked = f"{self.timegate}{url}", when.astimezone(UTC)
        for _ in range(_MAX_REDIRECTS):
            answer = self._get(address, deadline, {"Accept-Datetime": format_datetime(asked, usegmt=True)})
            if answer.seen:
                return self.memento(url, answer.seen)
            if answer.status in _NO_COPY:
                return None
            if answer.status in _NOT_SHOWN:
                raise NotArchivedError(f"{self.host} does not show {url} (HTTP {answer.status}).")
            if not answer.location:
                raise self._no_copy(url, answer)
            address = urljoin(address, answer.location)
            # A redirect to the same time may only correct the page's address: it may not be a copy.
            if (dated := self._dated.fullmatch(address)) and dated[1] != f"{asked:{_STAMP}}":
                return self.memento(url, datetime.strptime(dated[1], _STAMP).replace(tzinfo=UTC))
        raise self._no_copy(url, answer)

    def near(self, first: Memento, when: datetime, window: timedelta, timeout_s: float) -> Iterator[Memento]:
        """The nearest copy, and then others within the window, ever further away. The search is lazy.

        :param timeout_s: timeout of the search that follows the first copy.
        """
        yield first
        deadline = Deadline(timeout_s)
        found = {first.when}
        for part in _WINDOW_FRACTIONS:
            beside = [self.nearest(first.url, when + side * part * window, deadline) for side in (-1, 1)]
            for one in sorted(filter(None, beside), key=lambda one: abs(one.when - when)):
                if one.when not in found and abs(one.when - when) <= window:
                    found.add(one.when)
                    yield one

    def read(self, url: str, when: datetime, deadline: Deadline, rank: int = 0) -> ArchiveResponse | None:
        """The copy of an address that is nearest to a time; None: no copy, or a withheld one.

        :param rank: waiting requests go lowest first.
        :raises ArchiveError: the archive could not be asked.
        """
        address = f"{self.timegate}{when.astimezone(UTC):{_STAMP}}id_/{url}"
        for _ in range(_MAX_REDIRECTS):
            answer = self._get(address, deadline, {"Accept-Encoding": "gzip, deflate, br"}, rank)
            # A relative redirect is the site's: archives use full paths.
            whole = answer.location.startswith("/") or urlsplit(answer.location).scheme
            there = urljoin(address, answer.location)
            dated = self._dated.fullmatch(there) if whole else None
            if answer.seen:
                return ArchiveResponse(
                    status=answer.status,
                    when=answer.seen,
                    content_type=answer.headers.get("Content-Type", ""),
                    content_encoding=answer.headers.get("Content-Encoding", "").strip(" ,"),
                    # An address outside the archive is the site's own.
                    location=dated[2] if dated else answer.location and urljoin(url, answer.location),
                    body=answer.body,
                )
            if not dated:
                if answer.status in _NO_COPY | _NOT_SHOWN or answer.location:
                    return None
                raise self._no_copy(url, answer)
            address = there
        return None

    def memento(self, url: str, when: datetime) -> Memento:
        """The copy of an address at a time that the archive itself has named."""
        return Memento(url, when, f"{self.timegate}{when:{_STAMP}}/{url}")

    def _no_copy(self, url: str, answer: _Answer) -> ArchiveError:
        return ArchiveError(
            f"{self.host} answered HTTP {answer.status} for {url} without Memento-Datetime: is CELEBS_ARCHIVE_URL "
            "a TimeGate?"
        )

    def _get(self, address: str, deadline: Deadline, headers: dict[str, str], rank: int = 0) -> _Answer:
        """The answer to one request, retried while the archive is busy or failing, until the deadline."""
        for attempt in range(_TRIES):
            with self._limiter.turn(deadline, rank):
                asked_s, busy = 0.0, False
                try:
                    answer = self._ask(address, deadline, headers)
                except (requests.RequestException, HTTPError, OSError) as error:
                    if not deadline.left_s:
                        raise self._still_answering() from error
                    trouble = f"gave no answer ({type(error).__name__})"
                else:
                    # An answer with a Memento-Datetime is the site's, not the archive's.
                    if answer.status not in _TRANSIENT or answer.seen:
                        return answer
                    asked_s, busy = _retry_after(answer.headers.get("Retry-After")), answer.status in {429, 503}
                    trouble = f"answered with HTTP {answer.status}"
                pause_s = max(asked_s, FIRST_PAUSE_S * 2**attempt)
                self._limiter.pause(pause_s)
            logger.info("The archive %s %s; pausing for %.0f s.", self.host, trouble, pause_s)
        raise (ArchiveBusyError if busy else ArchiveError)(
            f"The archive {self.host} {trouble} {_TRIES} times, the last time for {address}. "
            "If it is up and CELEBS_ARCHIVE_URL is right, clear the task later."
        )

    def _ask(self, address: str, deadline: Deadline, headers: dict[str, str]) -> _Answer:
        """Send one request; return the answer in its content encoding, which the browser decodes."""
        left_s = max(deadline.left_s, 0.1)
        timeout_s = (min(_CONNECT_S, left_s), min(_READ_S, left_s))
        with self._session.get(
            address, headers=headers, allow_redirects=False, timeout=timeout_s, stream=True
        ) as answer:
            body = bytearray()
            # Any piece, however small, so that the deadline also ends an answer that drips.
            while piece := answer.raw.read1(_PIECE_BYTES, decode_content=False):
                body += piece
                if not deadline.left_s:
                    raise self._still_answering()
                if len(body) > _MAX_BYTES:
                    body.clear()
                    break
            return _Answer(answer, bytes(body))

    def _still_answering(self) -> ArchiveBusyError:
        return ArchiveBusyError(f"The archive {self.host} did not finish answering in time.")


def normalised(url: str) -> str:
    """An address as a browser writes it, without fragment: two that are equal then name one page."""
    try:
        parts = urlsplit(requests.Request("GET", url).prepare().url or url)
    except (requests.RequestException, ValueError):
        return url
    port = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return urlunsplit((parts.scheme, parts.netloc.lower().removesuffix(port), parts.path or "/", parts.query, ""))


def _retry_after(text: str | None) -> float:
    """Seconds that a ``Retry-After`` header (seconds or a date) asks for; 0 if it is unusable."""
    if text and text.strip().isdecimal():
        return float(text)
    date = _date(text)
    return (date - datetime.now(UTC)).total_seconds() if date else 0


def _date(text: str | None) -> datetime | None:
    """The time in a header; None where it names none."""
    with contextlib.suppress(TypeError, ValueError):
        return parsedate_to_datetime(text or "").astimezone(UTC)
    return None
