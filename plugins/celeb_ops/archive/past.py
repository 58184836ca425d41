"""The capture of a page of the past: the copy nearest to the run time, photographed like a live page."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.archive.memento import Archive
from celeb_ops.archive.replay import Replay, own_address
from celeb_ops.archive.turns import Turns
from celeb_ops.capture.page import capture_page
from celeb_ops.exceptions import (
    BlankPageError,
    BlockedPageError,
    NoAnswerError,
    NotArchivedError,
    PageRefusedError,
    RedirectLoopError,
    ServerFailedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.archive.memento import Memento
    from celeb_ops.capture.page import PageCapture
    from celeb_ops.settings import Settings
    from celeb_ops.sites import CaptureOptions, Site

logger = logging.getLogger(__name__)

PATIENCE_S = 300
"""How long one copy of a page is asked of the archive: it gives one file at a time."""
COPIES = 3
"""Copies that are opened, at most, until one shows a page."""
_NO_PAGE = (
    BlankPageError,
    BlockedPageError,
    NoAnswerError,
    PageRefusedError,
    RedirectLoopError,
    ServerFailedError,
)


@dataclass(frozen=True)
class PastPage:
    """A page of the past, as it was photographed."""

    page: PageCapture
    memento: Memento
    lacking: dict[str, str]
    """The pictures that it asked for and the archive does not have, or not of that time, each with why."""

    @property
    def told(self) -> list[str]:
        """What is missing, for people: ``3 pictures are not archived``."""
        kinds = Counter(why.split(" (")[0] for why in self.lacking.values())
        return [f"{n} {'picture is' if n == 1 else 'pictures are'} {why}" for why, n in sorted(kinds.items())]


def capture_past(
    site: Site,
    when: datetime,
    settings: Settings,
    browser: Callable[[CaptureOptions, str], AbstractContextManager[WebDriver]],
    folder: Path,
) -> PastPage:
    """Photograph the archived page of ``site`` that is nearest to a time into ``folder``.

    :param browser: opens one, given capture options and the address of its proxy.
    :raises NotArchivedError: there is no copy within ``CELEBS_ARCHIVE_WINDOW_H`` that shows a page; the sentence tells
        when the nearest one is from.
    :raises ArchiveError: the archive could not be asked.
    :raises CaptureError: the browser failed, see :func:`celeb_ops.capture.page.capture_page`.
    """
    window = timedelta(hours=settings.archive_window_h)
    # The archive is slow because it is asked slowly. What the page waits for comes one file after the other.
    patient = site.model_copy(update={"load_time_s": PATIENCE_S, "timeout_s": PATIENCE_S})
    turns = Turns(settings.path(settings.cache), settings.archive_url, settings.archive_rate)
    with Archive(settings.archive_url, turns) as archive:
        deadline = time.monotonic() + PATIENCE_S
        first = archive.nearest(site.url, when, deadline)
        if first is None:
            raise NotArchivedError(f"{archive.host} has no copy of {site.url} of any time.")
        if abs(first.when - when) > window:
            raise NotArchivedError(
                f"{archive.host} has no copy of {site.url} within {settings.archive_window_h:g} h "
                f"(CELEBS_ARCHIVE_WINDOW_H): the nearest one is of {described(first, when)}."
            )
        unusable: list[str] = []
        host = own_address(settings.browser_url) if settings.browser_url else "127.0.0.1"
        for memento in archive.near(first, when, window, PATIENCE_S):
            logger.info("%s as it was at %s", site.url, described(memento, when))
            with Replay(archive, memento, when, window, PATIENCE_S, host) as replay:
                try:
                    with browser(patient, replay.address) as driver:
                        page = capture_page(driver, patient, folder)
                    if replay.trouble:
                        raise replay.trouble
                    return PastPage(page, replay.shown, dict(replay.lacking))
                except _NO_PAGE as error:
                    if replay.trouble:
                        raise replay.trouble from error
                    logger.warning("The copy of %s shows no page: %s", keys.iso(memento.when), error)
                    unusable.append(f"that of {described(memento, when)} ({error})")
            if len(unusable) == COPIES:
                break
    raise NotArchivedError(f"No copy of {site.url} in {archive.host} near that time shows its page: {unusable[0]}.")


def described(memento: Memento, when: datetime) -> str:
    """``2026-11-19T20:01:11Z, 12.0 h before``: when a copy is from, seen from the run time."""
    hours = (memento.when - when).total_seconds() / 3600
    return f"{keys.iso(memento.when)}, {abs(hours):.1f} h {'after' if hours > 0 else 'before'} the run's time"
