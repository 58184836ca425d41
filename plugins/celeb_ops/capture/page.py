"""The way of one capture: open, let it load, clear the view, scroll, hold still, photograph."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pyvips
from pydantic import ValidationError
from selenium.common.exceptions import WebDriverException
from urllib3.exceptions import HTTPError

from celeb_ops.capture import frames, loading, refusals
from celeb_ops.capture.browser import browser_name
from celeb_ops.capture.consent import clear_view
from celeb_ops.capture.facts import collect, completed
from celeb_ops.capture.readiness import check_built, failed, settle
from celeb_ops.capture.strips import Strip, join, photograph
from celeb_ops.capture.views import Views
from celeb_ops.core.exceptions import BrowserError, CaptureError
from celeb_ops.core.libvips import reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.records import Consent, Picture
    from celeb_ops.core.sites import Site


_SCROLLED = {"bottom", "max_height"}


@dataclass(frozen=True)
class PageCapture:
    """A page as it was seen: facts, and the picture's parts as files in the folder that was given."""

    final_url: str
    title: str
    http_status: int
    captured_at: datetime
    page_width: int
    page_height: int
    captured_height: int
    truncated: bool
    parts: list[Strip]
    pictures: list[Picture]
    images_loaded: int
    images_total: int
    missing: list[str]
    consent: Consent
    timings: dict[str, float]
    browser: str


@contextlib.contextmanager
def _step(name: str, spent: dict[str, float]) -> Iterator[None]:
    """Note the seconds that a step takes."""
    start = time.monotonic()
    yield
    spent[name] = round(time.monotonic() - start, 3)


def capture_page(driver: WebDriver, site: Site, folder: Path, today: datetime | None = None) -> PageCapture:
    """Photograph the whole page of ``site`` into ``folder``.

    :param today: the time that the page is told; None: the real one.

    :raises CaptureError: one of its kinds, each with a sentence: the site gave no page, or not its own
        (:mod:`celeb_ops.capture.refusals`), the browser died or hung, or gave no usable picture twice.
    """
    timings: dict[str, float] = {}
    step = partial(_step, spent=timings)
    try:
        with step("open"):
            whole = loading.open_page(driver, site, today)
        with step("load"):
            deadline = time.monotonic() + site.load_time_s
            loading.interact(driver, site)
            settle(driver, deadline)
        with step("consent"):
            consent, _ = clear_view(driver, site)
            if consent.done and consent.done[-1] == "made a page of it":
                settle(driver, deadline)
                consent, _ = clear_view(driver, site, consent)
            frames.grow(driver, site)
        with step("scroll"):
            # Scrolling has a budget of its own: a page that took long to load has lazy pictures too.
            deadline = max(deadline, time.monotonic() + site.load_time_s)
            scrolled = loading.scroll(driver, site, deadline)
            missing = [] if whole else ["the end of the document"]
            missing += [] if scrolled.stopped in _SCROLLED else ["the end of the page"]
            missing += scrolled.missing
        with step("hold"):
            lost = failed(driver, site.block_hosts)
            missing += lost
            if not scrolled.bound:
                loading.scripts_off(driver)
            # A late wall may have come up while the page was scrolled; no script puts it back now.
            consent, walls = clear_view(driver, site, consent)
            missing += [f"what {wall} covers" for wall in walls]
            # Of the page that is photographed: a script may have sent the first one elsewhere.
            answer = loading.answer(driver)
            refusals.check_status(site, answer)
            refusals.check_content(site, answer, whole)
            check_built(site, answer, lost)
            loading.hold_still(driver, site)
            facts = collect(driver)
            framed = frames.facts(driver, len(facts.pictures))
            missing += framed.missing
        captured_at = datetime.now(UTC)
        # Not by the page's own word: the window is as wide as the site's entry says.
        width, height = site.viewport[0], min(facts.height, site.max_height)
        with step("photograph"):
            if scrolled.bound:
                views = Views(driver, facts, time.monotonic() + 2 * site.load_time_s)
                strips = photograph(driver, site.viewport, height, views.arrive, folder)
                facts = framed.beside(views.facts)
            else:
                sure = framed.beside(facts).sure
                strips = photograph(driver, site.viewport, height, lambda _: sure, folder)
                # Pictures that came meanwhile are on the strips too.
                facts = framed.beside(completed(driver, facts))
        pictures = facts.on(width, height)
        if facts.left_out:
            total = facts.left_out + len(pictures)
            missing.append(f"the facts of {facts.left_out:,} of {total:,} pictures, the smallest")
        browser = browser_name(driver)
    except (WebDriverException, HTTPError, ConnectionError, TimeoutError) as error:
        raise refusals.browser_trouble(site, error) from error
    except ValidationError as error:
        raise BrowserError(f"What {site.url} says of itself can't be used: {error}") from error
    except OSError as error:
        raise CaptureError(f"The picture of {site.url} could not be kept in {folder}: {error.strerror}.") from error
    with step("join"):
        try:
            parts = join(strips, folder, site.format, site.jpeg_quality)
        except pyvips.Error as error:
            raise CaptureError(f"The strips of {site.url} could not be joined in {folder}: {reason(error)}.") from error
    return PageCapture(
        final_url=facts.url,
        title=facts.title,
        http_status=answer.status,
        captured_at=captured_at,
        page_width=width,
        page_height=facts.height,
        captured_height=height,
        truncated=facts.height > height or scrolled.stopped == "max_height",
        parts=parts,
        pictures=pictures,
        images_loaded=facts.images_loaded,
        images_total=facts.images_total,
        missing=missing,
        consent=consent,
        timings=timings,
        browser=browser,
    )
