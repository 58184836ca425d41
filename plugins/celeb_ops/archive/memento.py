"""What a Memento archive is asked: which copy of a page is nearest to a time (RFC 7089), and what it holds.

A copy's address names its time, as in the Wayback Machine and pywb: ``<archive>20261120080012/https://www.tmz.com/``.
``id_`` behind the time gives the copy as it was recorded, without the archive's banner and rewriting.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, IncompleteRead

from celeb_ops.archive.turns import LONGEST_PAUSE_S
from celeb_ops.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from celeb_ops.archive.turns import Turns

logger = logging.getLogger(__name__)

_STAMP = "%Y%m%d%H%M%S"
"""A time in the address of a copy."""
_BUSY = {429, 503}
_PASSING = {500, 502, 504, *_BUSY}
_TRIES = 6
_TRIES_UNANSWERED = 3
"""Fewer: where there is no network, there is none a minute later; the task itself is tried again."""
_FIRST_PAUSE_S = 2.0
"""After the first refusal that names no time; doubled for each further one."""
_TIMEOUT_S = (10, 60)
"""To connect, and between two pieces of an answer."""
_HOPS = 5
_MOST_BYTES = 40_000_000
"""Of one answer: a picture that is larger is none of a page."""
_OTHERS_AT = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)
"""Where else in the window copies are looked for, when the nearest is no page; each on both sides."""
AGENT = "trending-celebrities (one request at a time)"
"""An archive that is troubled should see who does it."""
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Memento:
    """A copy of a page in the archive."""

    url: str
    """The page's own address."""
    when: datetime
    """When the archive saw it."""
    address: str
    """Where the copy is to be seen."""


@dataclass(frozen=True)
class Answer:
    """What an archive holds under an address and a time."""

    status: int
    """HTTP status that the site had answered with."""
    when: datetime
    content_type: str
    content_encoding: str
    location: str
    """Of an archived redirect: the page's own address of where it led."""
    body: bytes
    """As it came, in its content encoding."""


@dataclass(frozen=True)
class _Got:
    """The archive's answer to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def seen(self) -> datetime | None:
        """When the archive saw what it answers with; None: it answers for itself."""
        with contextlib.suppress(TypeError, ValueError):
            return parsedate_to_datetime(self.headers.get("Memento-Datetime", "")).astimezone(UTC)
        return None

    @property
    def location(self) -> str:
        return self.headers.get("Location", "") if self.status in _REDIRECTS else ""


class Archive:
    """
    An archive that speaks Memento. One connection; each request takes its turn.

    :param timegate: what stands before a page's address: ``https://web.archive.org/web/``.
    """

    def __init__(self, timegate: str, turns: Turns) -> None:
        self.timegate = timegate if timegate.endswith("/") else f"{timegate}/"
        self._turns = turns
        self._session = requests.Session()
        self._session.headers["User-Agent"] = AGENT
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
        place = urlsplit(self.timegate)
        self._dated = re.compile(
            rf"(?:https?:)?//{re.escape(place.netloc)}{re.escape(place.path)}(\d{{14}})(?:[a-z]{{2}}_)?/(.+)", re.DOTALL
        )

    @property
    def host(self) -> str:
        return urlsplit(self.timegate).netloc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def nearest(self, url: str, when: datetime, deadline: float) -> Memento | None:
        """The copy that the TimeGate names for this time, however far away; None: there is none at all.

        :param deadline: on the monotonic clock, as everywhere here.
        :raises ArchiveError: the archive could not be asked.
        """
        address, asked = f"{self.timegate}{url}", when.astimezone(UTC)
        for _ in range(_HOPS):
            got = self._get(address, deadline, {"Accept-Datetime": format_datetime(asked, usegmt=True)})
            if got.seen:
                return self.memento(url, got.seen)
            if got.status < 300:
                raise ArchiveError(
                    f"{self.timegate} answered for {url} with something that names no time: "
                    "is CELEBS_ARCHIVE_URL a TimeGate?"
                )
            if not got.location:
                return None
            address = urljoin(address, got.location)
            # One with the very time that was asked about may be no copy yet: the page's address was put right.
            if (dated := self._dated.fullmatch(address)) and dated[1] != f"{asked:{_STAMP}}":
                return self.memento(url, datetime.strptime(dated[1], _STAMP).replace(tzinfo=UTC))
        raise ArchiveError(f"{self.timegate} redirects in a circle for {url}: is CELEBS_ARCHIVE_URL a TimeGate?")

    def near(self, first: Memento, when: datetime, window: timedelta, patience_s: float) -> Iterator[Memento]:
        """The nearest copy, and then others within the window by their distance, looked for only when asked for.

        :param patience_s: for the search, which begins when the first one has been looked at.
        """
        yield first
        deadline = time.monotonic() + patience_s
        found = {first.when: first}
        for part in _OTHERS_AT:
            for side in (-1, 1):
                other = self.nearest(first.url, when + side * part * window, deadline)
                if other and abs(other.when - when) <= window:
                    found.setdefault(other.when, other)
        yield from sorted((one for one in found.values() if one is not first), key=lambda one: abs(one.when - when))

    def read(
        self, url: str, when: datetime, deadline: float, rank: int = 0, wanted: Callable[[], bool] = lambda: True
    ) -> Answer | None:
        """What the archive holds of an address nearest to a time; None: nothing, or nothing that it shows.

        :param rank: of two that wait, the lower one is asked first.
        :param wanted: whether the answer still is; asked before each request.
        :raises ArchiveError: the archive could not be asked.
        """
        address = f"{self.timegate}{when.astimezone(UTC):{_STAMP}}id_/{url}"
        for _ in range(_HOPS):
            got = self._get(address, deadline, {"Accept-Encoding": "gzip, deflate, br"}, rank, wanted)
            # A relative one is the page's own: archives give whole paths.
            whole = got.location.startswith("/") or urlsplit(got.location).scheme
            there = urljoin(address, got.location)
            dated = self._dated.fullmatch(there) if whole else None
            if got.seen:
                return Answer(
                    status=got.status,
                    when=got.seen,
                    content_type=got.headers.get("Content-Type", ""),
                    content_encoding=got.headers.get("Content-Encoding", "").strip(" ,"),
                    # What is no address of the archive's is one of the page's own.
                    location=dated[2] if dated else got.location and urljoin(url, got.location),
                    body=got.body,
                )
            if not dated:
                return None
            address = there
        return None

    def memento(self, url: str, when: datetime) -> Memento:
        """The copy of an address at a time that the archive itself has named."""
        return Memento(url, when, f"{self.timegate}{when:{_STAMP}}/{url}")

    def _get(
        self,
        address: str,
        deadline: float,
        headers: dict[str, str],
        rank: int = 0,
        wanted: Callable[[], bool] = lambda: True,
    ) -> _Got:
        """The answer to one request, asked again while the archive is busy or fails, as far as the deadline allows."""
        for attempt in count(1):
            with self._turns.turn(deadline, rank, wanted):
                pause_s = _FIRST_PAUSE_S * 2 ** (attempt - 1)
                tries = _TRIES
                try:
                    with self._session.get(
                        address, headers=headers, allow_redirects=False, timeout=_TIMEOUT_S, stream=True
                    ) as answer:
                        # In its content encoding: the browser decodes it.
                        body = answer.raw.read(_MOST_BYTES + 1, decode_content=False)
                        if answer.raw.length_remaining and len(body) <= _MOST_BYTES:
                            # urllib3 tells only those who read on.
                            raise IncompleteRead(len(body), answer.raw.length_remaining)
                        got = _Got(answer.status_code, answer.headers, body if len(body) <= _MOST_BYTES else b"")
                except (requests.RequestException, HTTPError, OSError) as error:
                    said, tries = f"gave no answer ({type(error).__name__})", _TRIES_UNANSWERED
                else:
                    # One with a time of its own is what the site had answered once, and not the archive's.
                    if got.status not in _PASSING or got.seen:
                        return got
                    asked_s = _retry_after(got.headers.get("Retry-After"))
                    pause_s = pause_s if asked_s is None else asked_s
                    said = f"answered with HTTP {got.status}"
                if attempt >= tries:
                    break
                self._turns.pause(pause_s)
                logger.info("The archive %s %s; asked again in %.0f s.", self.host, said, pause_s)
        kind = ArchiveBusyError if said.endswith(("429", "503")) else ArchiveError
        todo = "Is it up, and CELEBS_ARCHIVE_URL right?" if tries == _TRIES_UNANSWERED else "Clear the task later."
        raise kind(f"The archive {self.host} {said} {tries} times, the last time for {address}. {todo}")


def _retry_after(text: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: it gives them, or a date; None where it says nothing usable."""
    if not text:
        return None
    if text.strip().isdecimal():
        return min(float(text), LONGEST_PAUSE_S)
    with contextlib.suppress(TypeError, ValueError):
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    return None
