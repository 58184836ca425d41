"""Requests to a Memento archive (RFC 7089): which copy of a page is nearest to a time, and what it holds.

A copy's address names its time, as in the Wayback Machine and pywb: ``<archive>20261120080012/https://www.tmz.com/``.
``id_`` behind the time gives the copy as it was recorded, without the archive's banner and rewriting.
"""

from __future__ import annotations

import contextlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from pydantic import ConfigDict
from urllib3.exceptions import HTTPError

from celeb_ops.archive.rate_limiter import Deadline
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError, NotArchivedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from celeb_ops.archive.rate_limiter import RateLimiter

logger = logging.getLogger(__name__)

_STAMP = "%Y%m%d%H%M%S"
"""A time in the address of a copy."""
_REDIRECTS = {301, 302, 303, 307, 308}
_NONE = {404, 410}
"""The archive has nothing there."""
_NOT_SHOWN = {400, 403, 451}
"""It has something that it does not show: its owner or a law forbids it, or it can't be replayed."""
_PASSING = {429, 500, 502, 503, 504}
_TRIES = 5
"""Of one request. Where there is no network they take half a minute; the task itself is tried again."""
FIRST_PAUSE_S = 2.0
"""After a request that was refused or not answered; doubled for each further one in a row."""
_CONNECT_S, _READ_S = 10, 60
"""To connect, and between two pieces of an answer."""
_MAX_REDIRECTS = 5
_MAX_BYTES = 40_000_000
"""Of one answer: no page shows a larger picture."""
_PIECE_BYTES = 65_536
_OTHERS_AT = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)
"""Where else in the window copies are looked for, when the nearest is no page; each on both sides."""
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
    """What an archive holds under an address and a time."""

    # In the files of the response cache.
    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    status: int
    """The site's HTTP status."""
    when: datetime
    content_type: str
    content_encoding: str
    location: str
    """Of an archived redirect: the page's own address of where it led."""
    body: bytes
    """In its content encoding."""


class _Answer:
    """The archive's answer to one request."""

    def __init__(self, answer: requests.Response, body: bytes) -> None:
        self.status, self.headers, self.body = answer.status_code, answer.headers, body
        self.seen = _date(self.headers.get("Memento-Datetime"))
        """When the archive saw what it answers with; None: it answers for itself."""
        self.location = self.headers.get("Location", "") if self.status in _REDIRECTS else ""


class Archive:
    """An archive that speaks Memento. One connection; each request takes its turn.

    :param timegate: what stands before a page's address: ``https://web.archive.org/web/``.
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
        """The copy that the TimeGate names for this time, however far away; None: there is none at all.

        :raises NotArchivedError: the archive does not show it. :raises ArchiveError: the archive could not be asked.
        """
        address, asked = f"{self.timegate}{url}", when.astimezone(UTC)
        for _ in range(_MAX_REDIRECTS):
            answer = self._get(address, deadline, {"Accept-Datetime": format_datetime(asked, usegmt=True)})
            if answer.seen:
                return self.memento(url, answer.seen)
            if answer.status in _NONE:
                return None
            if answer.status in _NOT_SHOWN:
                raise NotArchivedError(f"{self.host} does not show {url} (HTTP {answer.status}).")
            if not answer.location:
                raise self._no_copy(url, answer)
            address = urljoin(address, answer.location)
            # One with the very time that was asked about may be no copy yet: the page's address was put right.
            if (dated := self._dated.fullmatch(address)) and dated[1] != f"{asked:{_STAMP}}":
                return self.memento(url, datetime.strptime(dated[1], _STAMP).replace(tzinfo=UTC))
        raise self._no_copy(url, answer)

    def near(self, first: Memento, when: datetime, window: timedelta, patience_s: float) -> Iterator[Memento]:
        """The nearest copy, and then others within the window, further and further away. Each is looked for only when
        it is asked for.

        :param patience_s: for the search, which begins when the first one has been looked at.
        """
        yield first
        deadline = Deadline(patience_s)
        found = {first.when}
        for part in _OTHERS_AT:
            beside = [self.nearest(first.url, when + side * part * window, deadline) for side in (-1, 1)]
            for one in sorted(filter(None, beside), key=lambda one: abs(one.when - when)):
                if one.when not in found and abs(one.when - when) <= window:
                    found.add(one.when)
                    yield one

    def read(self, url: str, when: datetime, deadline: Deadline, rank: int = 0) -> ArchiveResponse | None:
        """What the archive holds of an address nearest to a time; None: nothing, or nothing that it shows.

        :param rank: of several that wait, the lowest is asked first.
        :raises ArchiveError: the archive could not be asked.
        """
        address = f"{self.timegate}{when.astimezone(UTC):{_STAMP}}id_/{url}"
        for _ in range(_MAX_REDIRECTS):
            answer = self._get(address, deadline, {"Accept-Encoding": "gzip, deflate, br"}, rank)
            # A relative one is the page's own: archives give whole paths.
            whole = answer.location.startswith("/") or urlsplit(answer.location).scheme
            there = urljoin(address, answer.location)
            dated = self._dated.fullmatch(there) if whole else None
            if answer.seen:
                return ArchiveResponse(
                    status=answer.status,
                    when=answer.seen,
                    content_type=answer.headers.get("Content-Type", ""),
                    content_encoding=answer.headers.get("Content-Encoding", "").strip(" ,"),
                    # What is no address of the archive's is one of the page's own.
                    location=dated[2] if dated else answer.location and urljoin(url, answer.location),
                    body=answer.body,
                )
            if not dated:
                if answer.status in _NONE | _NOT_SHOWN or answer.location:
                    return None
                raise self._no_copy(url, answer)
            address = there
        return None

    def memento(self, url: str, when: datetime) -> Memento:
        """The copy of an address at a time that the archive itself has named."""
        return Memento(url, when, f"{self.timegate}{when:{_STAMP}}/{url}")

    def _no_copy(self, url: str, answer: _Answer) -> ArchiveError:
        return ArchiveError(
            f"{self.host} answered about {url} with HTTP {answer.status} and no time of a copy: is CELEBS_ARCHIVE_URL "
            "a TimeGate?"
        )

    def _get(self, address: str, deadline: Deadline, headers: dict[str, str], rank: int = 0) -> _Answer:
        """The answer to one request, asked again while the archive is busy or fails, as far as the deadline allows."""
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
                    # One with a time of its own is what the site had answered once, and not the archive's.
                    if answer.status not in _PASSING or answer.seen:
                        return answer
                    asked_s, busy = _retry_after(answer.headers.get("Retry-After")), answer.status in {429, 503}
                    trouble = f"answered with HTTP {answer.status}"
                pause_s = max(asked_s, FIRST_PAUSE_S * 2**attempt)
                self._limiter.pause(pause_s)
            logger.info("The archive %s %s; nobody asks it for %.0f s.", self.host, trouble, pause_s)
        raise (ArchiveBusyError if busy else ArchiveError)(
            f"The archive {self.host} {trouble} {_TRIES} times, the last time for {address}. "
            "Is it up, and CELEBS_ARCHIVE_URL right? Then clear the task later."
        )

    def _ask(self, address: str, deadline: Deadline, headers: dict[str, str]) -> _Answer:
        """One request, and its answer in its content encoding, which the browser decodes."""
        left_s = max(deadline.left_s, 0.1)
        timeout_s = (min(_CONNECT_S, left_s), min(_READ_S, left_s))
        with self._session.get(
            address, headers=headers, allow_redirects=False, timeout=timeout_s, stream=True
        ) as answer:
            body = bytearray()
            # What has come, however little: the deadline holds for an answer that drips, too.
            while piece := answer.raw.read1(_PIECE_BYTES, decode_content=False):
                body += piece
                if not deadline.left_s:
                    raise self._still_answering()
                if len(body) > _MAX_BYTES:
                    body.clear()
                    break
            return _Answer(answer, bytes(body))

    def _still_answering(self) -> ArchiveBusyError:
        return ArchiveBusyError(f"The archive {self.host} was still answering when the time was over.")


def normalised(url: str) -> str:
    """An address as a browser writes it, without fragment: two that are equal then name one page."""
    try:
        parts = urlsplit(requests.Request("GET", url).prepare().url or url)
    except (requests.RequestException, ValueError):
        return url
    port = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return urlunsplit((parts.scheme, parts.netloc.lower().removesuffix(port), parts.path or "/", parts.query, ""))


def _retry_after(text: str | None) -> float:
    """Seconds that a ``Retry-After`` header asks for: it gives them, or a date; 0 where it says nothing usable."""
    if text and text.strip().isdecimal():
        return float(text)
    date = _date(text)
    return (date - datetime.now(UTC)).total_seconds() if date else 0


def _date(text: str | None) -> datetime | None:
    """The time in a header; None where it names none."""
    with contextlib.suppress(TypeError, ValueError):
        return parsedate_to_datetime(text or "").astimezone(UTC)
    return None
