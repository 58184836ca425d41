"""The capture of a page of the past: the copy nearest to the run time, photographed like a live page."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from celeb_ops.archive.memento import Archive, Memento
from celeb_ops.archive.rate_limiter import Deadline, RateLimiter
from celeb_ops.archive.replay import Lack, Replay
from celeb_ops.archive.response_cache import ResponseCache
from celeb_ops.capture.page import PageCapture, capture_page
from celeb_ops.capture.visit import own_address, unreached
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ArchiveBusyError, CaptureError, NotArchivedError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.settings import Settings
    from celeb_ops.core.sites import CaptureOptions, Site

logger = logging.getLogger(__name__)

PATIENCE_S = 600
"""Time limit for one page, all its copies together: the archive gives one file at a time."""
_RATE, _LOCAL_RATE = 4, 1000
"""Requests a second, at most: to an archive that many use, and to one on this machine."""
_SEARCH_S = 120
"""Time limit for the search for copies."""
_OPEN_S, _LOAD_S = 480, 240
"""``timeout_s`` and ``load_time_s`` of such a slow page."""
MAX_COPIES = 3
"""Copies that are tried, at most."""
_MAX_LATE = 0.1
"""Share of a page's pictures that may not come in time. With more missing, a retry resumes with what arrived."""
_NO_PAGE = {
    ReasonCode.PAGE_REFUSED: "an error page",
    ReasonCode.SERVER_FAILED: "an error page",
    ReasonCode.BLOCKED_PAGE: "what the site shows to robots",
    ReasonCode.BLANK_PAGE: "almost nothing",
    ReasonCode.REDIRECT_LOOP: "a circle of redirects",
    ReasonCode.NO_ANSWER: "nothing that a browser can open",
}


@dataclass(frozen=True)
class PastPage:
    """The screenshot of a page of the past."""

    page: PageCapture
    memento: Memento
    missing_images: dict[str, Lack]
    """Pictures that the page requested but did not get, by address."""

    @property
    def images_missing(self) -> int:
        """Pictures that are not on it; the page itself knows only those that are an ``img``."""
        return max(self.page.images_total - self.page.images_loaded, len(self.missing_images))

    @property
    def missing(self) -> list[str]:
        """Texts for people about what is missing: what the page waited for, and ``3 pictures are not archived``."""
        kinds = sorted(Counter(self.missing_images.values()).items())
        return self.page.missing + [f"{n} {'picture is' if n == 1 else 'pictures are'} {lack}" for lack, n in kinds]


def capture_past(
    site: Site,
    when: datetime,
    settings: Settings,
    browser: Callable[[CaptureOptions, str], AbstractContextManager[WebDriver]],
    folder: Path,
) -> PastPage:
    """Photograph the archived page of ``site`` that is nearest to a time into ``folder``.

    :param browser: opens one, given capture options and the address of its proxy.
    :raises NotArchivedError: there is no copy within ``CELEBS_ARCHIVE_WINDOW_H`` that shows a page; the sentence says
        when the nearest one is from.
    :raises ArchiveError: the archive could not be asked, or did not give enough of the page in time.
    :raises CaptureError: the browser failed, see :func:`celeb_ops.capture.page.capture_page`.
    """
    window = timedelta(hours=settings.archive_window_h)
    folder_of_caches = settings.path(settings.cache)
    host = own_address(settings.browser_url) if settings.browser_url else "127.0.0.1"
    # The rate limit makes the archive slow: a page's files arrive one after the other.
    patient = site.model_copy(update={"timeout_s": _OPEN_S, "load_time_s": _LOAD_S})
    local = urlsplit(settings.archive_url).hostname in ("127.0.0.1", "localhost", "::1")
    limiter = RateLimiter(folder_of_caches, settings.archive_url, _LOCAL_RATE if local else _RATE)
    deadline = Deadline(PATIENCE_S)
    unusable = []
    with Archive(settings.archive_url, limiter) as archive:
        first = _first(archive, site, when, window)
        for memento in islice(archive.near(first, when, window, _SEARCH_S), MAX_COPIES):
            logger.info("%s as it was at %s", site.url, described(memento, when))
            cache = ResponseCache(folder_of_caches, memento)
            left = Deadline(deadline.left_s)
            with Replay(archive, memento, when, window, left, cache, host, patient.blocked) as replay:
                try:
                    with browser(patient, replay.address) as driver:
                        page = capture_page(driver, patient, folder, memento.when)
                except CaptureError as error:
                    shows = _in_place_of_a_page(error, replay)
                    logger.warning("The %s copy shows %s.", keys.iso(memento.when), shows)
                    unusable.append(f"that of {described(memento, when)}, shows {shows}")
                    cache.clear()
                    continue
                _check_enough(page, replay)
                cache.clear()
                return PastPage(page, replay.shown(page.final_url), dict(replay.missing_images))
    raise NotArchivedError(
        f"No copy of {site.url} in {archive.host} near that time shows its page: {'; '.join(unusable)}."
    )


def _first(archive: Archive, site: Site, when: datetime, window: timedelta) -> Memento:
    """The copy that is nearest to the time, if it is near enough."""
    first = archive.nearest(site.url, when, Deadline(_SEARCH_S))
    if first is None:
        raise NotArchivedError(f"{archive.host} has no copy of {site.url} at all.")
    if abs(first.when - when) > window:
        raise NotArchivedError(
            f"{archive.host} has no copy of {site.url} within {window / timedelta(hours=1):g} h "
            f"(CELEBS_ARCHIVE_WINDOW_H): the nearest is from {described(first, when)}."
        )
    return first


def _check_enough(page: PageCapture, replay: Replay) -> None:
    """:raises ArchiveError: the archive did not give enough of the page."""
    if replay.trouble:
        raise replay.trouble
    if replay.late_images > _MAX_LATE * max(page.images_total, 1):
        raise ArchiveBusyError(
            f"The archive did not give {replay.late_images} of the page's pictures within {PATIENCE_S} s. What it "
            "gave is kept for a day: clear the task, and it goes on from there."
        )


def _in_place_of_a_page(error: CaptureError, replay: Replay) -> str:
    """What a useless copy shows.

    :raises ArchiveError: the archive gave no answer.
    :raises CaptureError: the browser failed, not the copy.
    """
    document = replay.last_document
    if trouble := replay.trouble or document.error:
        raise trouble from error
    if not replay.begun and error.reason_code is not ReasonCode.BROWSER:
        raise unreached(replay.address, error) from error
    shows = _NO_PAGE.get(error.reason_code)
    if shows is None:
        raise error
    if document.lack:
        return f"nothing: it or its redirect is {document.lack}"
    status = document.answer.status if document.answer else 0
    return f"{shows} (HTTP {status})" if status >= 400 else shows


def described(memento: Memento, when: datetime) -> str:
    """``2026-11-19T20:01:11Z, 12.0 h before``: when a copy is from, seen from the run time."""
    hours = (memento.when - when).total_seconds() / 3600
    return f"{keys.iso(memento.when)}, {abs(hours):.1f} h {'after' if hours > 0 else 'before'} the run's time"
