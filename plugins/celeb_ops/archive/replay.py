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
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from celeb_ops.archive.memento import normalised
from celeb_ops.archive.proxy import Proxy, Wanted
from celeb_ops.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from celeb_ops.archive.kept import Kept
    from celeb_ops.archive.memento import Answer, Archive, Memento

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
_LATE = "not there in time"
_TOO_MANY = f"beyond the {_MOST_ADDRESSES:,} addresses that a page may ask for"


class Delivered(NamedTuple):
    """A document that was given to the browser."""

    status: int
    when: datetime


class Replay:
    """
    The replay of one copy, while it is entered.

    :param memento: the copy of the page to show. :param when: the run time.
    :param window: how far from it what is shown (documents, pictures, data) may have been archived.
    :param deadline: on the monotonic clock; after it nothing more is asked of the archive, and what was not there yet
        is missing.
    :param kept: where answers are kept for another try; None: nowhere.
    :param host: the address to listen on; for a browser on another machine, one that it can reach.
    """

    def __init__(
        self,
        archive: Archive,
        memento: Memento,
        when: datetime,
        window: timedelta,
        deadline: float,
        kept: Kept | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._archive = archive
        self._memento = memento
        self._when = when
        self._window = window
        self._deadline = deadline
        self._kept = kept
        self._lock = threading.Lock()
        self.lacking: dict[str, str] = {}
        """Pictures that were asked for and not shown, and why not: ``not archived``, ``archived at another time``, …"""
        self.trouble: ArchiveError | None = None
        """Why the archive could not be asked any further: what came up is not what it has."""
        self.unanswered: ArchiveError | None = None
        """Why the last document was not had: an error, or it is still awaited. Once it is known whether the archive has
        it, None. Of a page that is not safe a frame's counts too: the browser does not tell them apart."""
        self.delivered: dict[str, Delivered] = {}
        """The documents that came up, frames among them, by their address; the last one last."""
        self.why_not = ""
        """Why the last document was not given; empty where it was."""
        self._page = normalised(memento.url)
        self._host = urlsplit(self._page).hostname
        self._begun = False
        self._closed = False
        self._failures = 0
        self._refused: dict[str, str] = {}
        self._proxy = Proxy(self.answer, host)

    @property
    def address(self) -> str:
        """Of the proxy."""
        return self._proxy.address

    @property
    def begun(self) -> bool:
        """Whether the browser has asked for the page."""
        return self._begun

    @property
    def late(self) -> int:
        """Pictures that the archive may have, and did not give in time."""
        return sum(why == _LATE for why in self.lacking.values())

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Those who still wait for the archive are told at once.
        self._closed = True
        self._proxy.__exit__(kind, error, trace)

    def shown(self, final_url: str) -> Memento:
        """The copy that came up under an address: where the page had sent its visitors on, another one was opened.

        An address that a script wrote, without opening it, is no copy's: that is the one which was asked for.
        """
        found = self.delivered.get(normalised(final_url))
        return self._archive.memento(final_url, found.when) if found else self._memento

    def answer(self, wanted: Wanted) -> Answer | None:
        """What the archive has of an address from the page's time; None: nothing that may be shown."""
        url, kind = normalised(wanted.url), wanted.kind
        self._begun = self._begun or (kind == "document" and url == self._page)
        # What comes before the page is the browser's own: its start page, its clock.
        if not self._begun or kind in _NEVER or urlsplit(url).path.endswith(".ico"):
            return None
        if kind == "document":
            self.unanswered = self._late(url)
        found, why, error = self._found(url, kind)
        logger.debug("%s %s: %s", kind or "data", url, why or "shown")
        with self._lock:
            if why and (url in self._refused or len(self._refused) < _MOST_ADDRESSES):
                self._refused[url] = why
                if kind in _PICTURES:
                    self.lacking[url] = why
            if kind == "document":
                self.why_not, self.unanswered = why, error
            if found and kind == "document":
                self.delivered[url] = Delivered(found.status, found.when)
        return found

    def _found(self, url: str, kind: str) -> tuple[Answer | None, str, ArchiveError | None]:
        """What may be shown under an address; or why not, and the error if the archive could not be asked."""
        if known := self._refused.get(url):
            return None, known, self._late(url) if known == _LATE else None
        if len(self._refused) >= _MOST_ADDRESSES:
            return None, _TOO_MANY, None
        try:
            found = self._read(url, self._rank(url, kind))
        except ArchiveError as error:
            logger.info("%s: %s", url, error)
            self._failed(error)
            return None, _LATE, error
        if found is None:
            return None, "not archived", None
        if abs(found.when - self._when) > self._within(url, kind):
            return None, f"archived at another time ({found.when:%Y-%m-%d %H:%M})", None
        return found, "", None

    def _late(self, url: str) -> ArchiveBusyError:
        return ArchiveBusyError(f"{self._archive.host} did not give {url} in time. Clear the task later.")

    def _read(self, url: str, rank: int) -> Answer | None:
        """What the archive has, asked once in all tries of this capture."""
        known, found = self._kept.get(url) if self._kept else (False, None)
        if known:
            return found
        if not self._goes_on():
            raise ArchiveBusyError(f"There was no time left to ask {self._archive.host}.")
        found = self._archive.read(url, self._memento.when, self._deadline, rank, self._goes_on)
        self._failures = 0
        if self._kept:
            self._kept.put(url, found)
        return found

    def _rank(self, url: str, kind: str) -> int:
        """What is asked first: the document, what it is built with, its pictures in their order, then the rest."""
        if kind == "document":
            return 0
        own = urlsplit(url).hostname == self._host
        return 1 if kind == "style" or (kind == "script" and own) else 2 if kind in _PICTURES else 3

    def _within(self, url: str, kind: str) -> timedelta:
        """How far from the run time something may have been archived."""
        parts = urlsplit(url)
        lasting = kind in _LOOKS or (kind == "script" and _FIXED.search(f"{parts.path}?{parts.query}"))
        return max(self._window, _LOOKS_WITHIN) if lasting else self._window

    def _goes_on(self) -> bool:
        """Whether more is asked of the archive."""
        return not self._closed and self.trouble is None and time.monotonic() < self._deadline

    def _failed(self, error: ArchiveError) -> None:
        """Take note that the archive gave no answer. One file of many may be broken there; several in a row are not."""
        with self._lock:
            if self._closed:
                return
            self._failures += 1
            in_time = time.monotonic() < self._deadline
            if in_time and (isinstance(error, ArchiveBusyError) or self._failures == _FAILURES):
                self.trouble = self.trouble or error
