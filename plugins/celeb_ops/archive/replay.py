"""A page as an archive holds it: what of it may be shown, and what it lacked.

The browser has one way out, a proxy in this process. Whatever the page asks for, under whatever address, is looked up
in the archive at the page's time. So the page is opened under its own address, its scripts find the web they were
written for, and none of today's web can come in.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from celeb_ops.archive.memento import normalised
from celeb_ops.archive.proxy import Proxy, Wanted
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from celeb_ops.archive.memento import Archive, ArchiveResponse, Memento
    from celeb_ops.archive.response_cache import Kept

logger = logging.getLogger(__name__)

_PICTURES = {"image"}
_LOOKS = {"style", "font", "xslt"}
"""What a page only looks by. Its copies may be older or newer than what the page shows, which the archive keeps under
the same address for as long as it did not change."""
_LOOKS_WITHIN = timedelta(days=30)
_FIXED = re.compile(
    r"[._/-](?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{8,}[._/-]"
    r"|[?&](v|ver|version|hash|rev)=[\w.-]+"
    r"|/v?\d+\.\d+\.\d+[/.-]|[@-]v?\d+\.\d+(\.\d+)?[/.-]",
    re.IGNORECASE,
)
"""A script whose address names its version, or a hash of its content, is the same at any time; any other may bring the
news of its day. Digits alone are no hash: they may be a date, or a customer."""
_NEVER = {"audio", "video", "track", "report", "websocket", "serviceworker", "sharedworker", "manifest", "prefetch"}
"""What adds nothing to a picture of the page, and would cost the archive much."""
_FAILURES = 3
"""Files in a row that the archive does not answer, after which it is not asked any more."""
_MOST_ADDRESSES = 10_000
"""That one page may ask for."""


class Lack(StrEnum):
    """Why something that a page asked for was not shown; the values are for people."""

    NOT_ARCHIVED = "not archived"
    OTHER_TIME = "archived at another time"
    LATE = "not there in time"
    TOO_MANY = f"beyond the {_MOST_ADDRESSES:,} addresses that a page may ask for"


class Found(NamedTuple):
    """What may be shown under an address; or why nothing, and the error if the archive could not be asked."""

    answer: ArchiveResponse | None = None
    lack: Lack | None = None
    error: ArchiveError | None = None


@dataclass
class Replay:
    """The replay of one copy, while it is entered."""

    archive: Archive
    memento: Memento
    """The copy of the page to show."""
    when: datetime
    """The run time."""
    window: timedelta
    """How far from it what is shown (documents, pictures, data) may have been archived."""
    deadline: float
    """On the monotonic clock; after it nothing more is asked of the archive, and what was not there yet is missing."""
    kept: Kept | None = None
    """Where answers are kept for another try; None: nowhere."""
    host: str = "127.0.0.1"
    """The address to listen on; for a browser on another machine, one that it can reach."""

    lacking: dict[str, Lack] = field(default_factory=dict)
    """Pictures that were asked for and not shown, and why not."""
    trouble: ArchiveError | None = None
    """Why the archive could not be asked any further: what came up is not what it has."""
    last: Found = field(default_factory=Found)
    """What became of the last document that was asked for; its error says that it is still awaited. Of a page that is
    not safe a frame's counts too: the browser does not tell them apart."""
    begun: bool = False
    """Whether the browser has asked for the page."""

    def __post_init__(self) -> None:
        self._page = normalised(self.memento.url)
        self._lock = threading.Lock()
        self._shown: dict[str, datetime] = {}
        self._refused: dict[str, Lack] = {}
        self._failures = 0
        self._closed = False
        self._proxy = Proxy(self.answer, self.host)
        self.address = self._proxy.address

    @property
    def late(self) -> int:
        """Pictures that the archive may have, and did not give in time."""
        return sum(lack is Lack.LATE for lack in self.lacking.values())

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        # Those who still wait for the archive are told at once.
        self._closed = True
        self._proxy.__exit__()

    def shown(self, final_url: str) -> Memento:
        """The copy that came up under an address: where the page had sent its visitors on, another one was opened.

        An address that a script wrote, without opening it, is no copy's: that is the one which was asked for.
        """
        when = self._shown.get(normalised(final_url))
        return self.archive.memento(final_url, when) if when else self.memento

    def answer(self, wanted: Wanted) -> ArchiveResponse | None:
        """What the archive has of an address from the page's time; None: nothing that may be shown."""
        url, kind = normalised(wanted.url), wanted.kind
        self.begun = self.begun or (kind == "document" and url == self._page)
        # What comes before the page is the browser's own: its start page, its clock.
        if not self.begun or kind in _NEVER or urlsplit(url).path.endswith(".ico"):
            return None
        if kind == "document":
            self.last = self._late(url)
        found = self._found(url, kind)
        logger.debug("%s %s: %s", kind or "data", url, found.lack or "shown")
        with self._lock:
            if found.lack and (url in self._refused or len(self._refused) < _MOST_ADDRESSES):
                self._refused[url] = found.lack
                if kind in _PICTURES:
                    self.lacking[url] = found.lack
            if kind == "document":
                self.last = found
                if found.answer:
                    self._shown[url] = found.answer.when
        return found.answer

    def _found(self, url: str, kind: str) -> Found:
        if known := self._refused.get(url):
            return self._late(url) if known is Lack.LATE else Found(None, known)
        if len(self._refused) >= _MOST_ADDRESSES:
            return Found(None, Lack.TOO_MANY)
        try:
            answer = self._read(url, self._rank(url, kind))
        except ArchiveError as error:
            logger.info("%s: %s", url, error)
            self._failed(error)
            return Found(None, Lack.LATE, error)
        if answer is None:
            return Found(None, Lack.NOT_ARCHIVED)
        if abs(answer.when - self.when) > self._within(url, kind):
            logger.debug("%s was archived at %s.", url, answer.when)
            return Found(None, Lack.OTHER_TIME)
        return Found(answer)

    def _late(self, url: str) -> Found:
        error = ArchiveBusyError(f"{self.archive.host} did not give {url} in time. Clear the task later.")
        return Found(None, Lack.LATE, error)

    def _read(self, url: str, rank: int) -> ArchiveResponse | None:
        """What the archive has, asked once in all tries of this capture."""
        known, found = self.kept.get(url) if self.kept else (False, None)
        if known:
            return found
        if not self._goes_on():
            raise ArchiveBusyError(f"There was no time left to ask {self.archive.host}.")
        found = self.archive.read(url, self.memento.when, self.deadline, rank, self._goes_on)
        self._failures = 0
        if self.kept:
            self.kept.put(url, found)
        return found

    def _rank(self, url: str, kind: str) -> int:
        """What is asked first: the document, what it is built with, its pictures in their order, then the rest."""
        if kind == "document":
            return 0
        own = urlsplit(url).hostname == urlsplit(self._page).hostname
        return 1 if kind == "style" or (kind == "script" and own) else 2 if kind in _PICTURES else 3

    def _within(self, url: str, kind: str) -> timedelta:
        """How far from the run time something may have been archived."""
        parts = urlsplit(url)
        lasting = kind in _LOOKS or (kind == "script" and _FIXED.search(f"{parts.path}?{parts.query}"))
        return max(self.window, _LOOKS_WITHIN) if lasting else self.window

    def _goes_on(self) -> bool:
        """Whether more is asked of the archive."""
        return not self._closed and self.trouble is None and time.monotonic() < self.deadline

    def _failed(self, error: ArchiveError) -> None:
        """Take note that the archive gave no answer. One file of many may be broken there; several in a row are not."""
        with self._lock:
            if self._closed:
                return
            self._failures += 1
            in_time = time.monotonic() < self.deadline
            if in_time and (isinstance(error, ArchiveBusyError) or self._failures == _FAILURES):
                self.trouble = self.trouble or error
