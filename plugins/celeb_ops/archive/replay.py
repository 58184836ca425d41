"""A page as an archive holds it: what of it may be shown, and what is missing.

The browser has one way out, a proxy in this process. Whatever the page asks for, under whatever address, is looked up
in the archive at the page's time. So the page is opened under its own address, its scripts find the web they were
written for, and none of today's web can come in.
"""

from __future__ import annotations

import logging
import re
import threading
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from celeb_ops.archive.memento import Archive, ArchiveResponse, Memento, normalised
from celeb_ops.archive.replay_proxy import Proxy, ProxyRequest
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError

if TYPE_CHECKING:
    from collections.abc import Container

    from celeb_ops.archive.rate_limiter import Deadline
    from celeb_ops.archive.response_cache import ResponseCache

logger = logging.getLogger(__name__)

_STYLES = {"style", "font", "xslt"}
"""These only change a page's looks. Their copies may be older or newer than the page: an archive keeps one copy for as
long as the content did not change."""
_STYLES_WITHIN = timedelta(days=30)
_VERSIONED = re.compile(
    r"[._/-](?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{8,}[._/-]"
    r"|[?&](v|ver|version|hash|rev)=[\w.-]+"
    r"|/v?\d+\.\d+\.\d+[/.-]|[@-]v?\d+\.\d+(\.\d+)?[/.-]",
    re.IGNORECASE,
)
"""A script whose address names its version, or a hash of its content, is the same at any time; any other may bring the
news of its day. Digits alone are no hash: they may be a date, or a customer."""
_NEVER = {"audio", "video", "track", "report", "websocket", "serviceworker", "sharedworker", "manifest", "prefetch"}
"""These add nothing to a picture of the page and would cost the archive much."""
_MAX_FAILURES = 3
"""Files in a row that the archive does not answer, after which it is not asked any more."""
_MAX_ADDRESSES = 10_000
"""Addresses that one page may request."""


class Lack(StrEnum):
    """Reasons why something that a page requested was not shown; the values are for people."""

    NOT_ARCHIVED = "not archived"
    OTHER_TIME = "archived at another time"
    LATE = "not there in time"
    TOO_MANY = f"beyond the {_MAX_ADDRESSES:,} addresses that a page may ask for"


class Found(NamedTuple):
    """The content for an address; or the reason why there is none, and the error if the archive could not be asked."""

    answer: ArchiveResponse | None = None
    lack: Lack | None = None
    error: ArchiveError | None = None


class Replay:
    """The replay of one copy, while it is entered."""

    def __init__(
        self,
        archive: Archive,
        memento: Memento,
        when: datetime,
        window: timedelta,
        deadline: Deadline,
        cache: ResponseCache,
        host: str = "127.0.0.1",
        blocked: Container[str] = (),
    ) -> None:
        """
        :param memento: the copy of the page to show.
        :param when: the run time.
        :param window: how far from it what is shown (documents, pictures, data) may have been archived.
        :param deadline: after it nothing more is asked of the archive, and what was not there yet is missing. It starts
            when the browser asks for the page.
        :param host: the address to listen on; for a browser on another machine, one that it can reach.
        :param blocked: hosts of which nothing is shown.
        """
        self.archive, self.memento = archive, memento
        self._when, self._window = when, window
        self._deadline, self._cache = deadline, cache
        self.missing_images: dict[str, Lack] = {}
        """Pictures that were asked for and not shown, by address."""
        self.trouble: ArchiveError | None = None
        """Why the archive could not be asked any further: what came up is not what it has."""
        self.last_document = Found()
        """What became of the last document that was asked for; its error says that it is still awaited. Of a page that
        is not safe a frame's counts too: the browser does not tell them apart."""
        self.begun = False
        """Whether the browser has asked for the page."""
        self._page = normalised(memento.url)
        self._lock = threading.Lock()
        self._document_times: dict[str, datetime] = {}
        self._lacks: dict[str, Lack] = {}
        self._failures = 0
        self._blocked = blocked
        self._proxy = Proxy(self.answer, host)
        self.address = self._proxy.address

    @property
    def late_images(self) -> int:
        """Pictures that the archive may have, and did not give in time."""
        return sum(lack is Lack.LATE for lack in self.missing_images.values())

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        # Requests that still wait for the archive end at once.
        self._deadline.cancel()
        self._proxy.__exit__()

    def shown(self, final_url: str) -> Memento:
        """The copy that came up under an address: another one than asked for where the page sent its visitors on.

        If a script changed the address without opening it, no copy belongs to it: then it is the one asked for.
        """
        when = self._document_times.get(normalised(final_url))
        return self.archive.memento(final_url, when) if when else self.memento

    def answer(self, request: ProxyRequest) -> ArchiveResponse | None:
        """The archive's content for an address from the page's time; None if nothing may be shown."""
        url, kind = normalised(request.url), request.kind
        if not self.begun and kind == "document" and url == self._page:
            # How long the browser took to start is not the archive's fault.
            self.begun = True
            self._deadline.start()
        # What comes before the page is the browser's own: its start page, its clock.
        if not self.begun or kind in _NEVER or urlsplit(url).path.endswith(".ico"):
            return None
        if (urlsplit(url).hostname or "") in self._blocked:
            return None
        if kind == "document":
            self.last_document = self._late(url)
        found = self._find(url, kind)
        logger.debug("%s %s: %s", kind or "data", url, found.lack or "shown")
        with self._lock:
            if found.lack and (url in self._lacks or len(self._lacks) < _MAX_ADDRESSES):
                self._lacks[url] = found.lack
                if kind == "image":
                    self.missing_images[url] = found.lack
            if kind == "document":
                self.last_document = found
                if found.answer:
                    self._document_times[url] = found.answer.when
        return found.answer

    def _find(self, url: str, kind: str) -> Found:
        if known := self._lacks.get(url):
            return self._late(url) if known is Lack.LATE else Found(None, known)
        if len(self._lacks) >= _MAX_ADDRESSES:
            return Found(None, Lack.TOO_MANY)
        try:
            answer = self._read(url, self._rank(url, kind))
        except ArchiveError as error:
            logger.info("%s: %s", url, error)
            self._count_failure(error)
            return Found(None, Lack.LATE, error)
        if answer is None:
            return Found(None, Lack.NOT_ARCHIVED)
        if abs(answer.when - self._when) > self._window_of(url, kind):
            logger.debug("%s was archived at %s.", url, answer.when)
            return Found(None, Lack.OTHER_TIME)
        return Found(answer)

    def _late(self, url: str) -> Found:
        error = ArchiveBusyError(f"{self.archive.host} did not give {url} in time. Clear the task later.")
        return Found(None, Lack.LATE, error)

    def _read(self, url: str, rank: int) -> ArchiveResponse | None:
        """What the archive has, asked once in all tries of this capture."""
        cached, answer = self._cache.get(url)
        if not cached:
            answer = self.archive.read(url, self.memento.when, self._deadline, rank)
            self._failures = 0
            self._cache.put(url, answer)
        return answer

    def _rank(self, url: str, kind: str) -> int:
        """The rank of a request: document, files it is built with, pictures in their order, the rest."""
        if kind == "script" and urlsplit(url).hostname != urlsplit(self._page).hostname:
            return 3
        return {"document": 0, "style": 1, "script": 1, "image": 2}.get(kind, 3)

    def _window_of(self, url: str, kind: str) -> timedelta:
        """The longest time between the run time and the archiving of a file."""
        parts = urlsplit(url)
        lasting = kind in _STYLES or (kind == "script" and _VERSIONED.search(f"{parts.path}?{parts.query}"))
        return max(self._window, _STYLES_WITHIN) if lasting else self._window

    def _count_failure(self, error: ArchiveError) -> None:
        """Stop asking where the archive is busy, or fails several times in a row: one file may be broken there."""
        with self._lock:
            self._failures += 1
            busy = isinstance(error, ArchiveBusyError)
            if self._deadline.left_s and (busy or self._failures == _MAX_FAILURES):
                self.trouble = error
                self._deadline.cancel()
