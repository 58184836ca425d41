"""The steps of one capture: open, load, clear overlays, scroll, freeze, photograph."""

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

from celeb_ops.capture import frames, loading, refusals, site_options
from celeb_ops.capture.browser import browser_name
from celeb_ops.capture.consent import clear_view
from celeb_ops.capture.document import broken_off
from celeb_ops.capture.facts import Cleared, collect, completed
from celeb_ops.capture.readiness import BRIEFLY_S, check_built, failed_loads, settle
from celeb_ops.capture.strips import Strip, heighten, join, photograph
from celeb_ops.capture.views import Views
from celeb_ops.core.exceptions import CaptureError, ReasonCode
from celeb_ops.core.libvips import reason
from celeb_ops.core.records import Consent, Headline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.records import Picture, Slot
    from celeb_ops.core.sites import Site


@dataclass(frozen=True)
class PageCapture:
    """A captured page: its metadata, and the picture's parts as files in the given folder."""

    final_url: str
    title: str
    http_status: int
    captured_at: datetime
    viewport: tuple[int, int]
    """In picture pixels, like all sizes below."""
    page_width: int
    page_height: int
    captured_height: int
    truncated: bool
    parts: list[Strip]
    pictures: list[Picture]
    slots: list[Slot]
    headlines: list[Headline]
    images_loaded: int
    images_total: int
    missing: list[str]
    consent: Consent
    timings: dict[str, float]
    browser: str


@contextlib.contextmanager
def _step(name: str, spent: dict[str, float]) -> Iterator[None]:
    """Record the seconds a step takes."""
    start = time.monotonic()
    yield
    spent[name] = round(time.monotonic() - start, 3)


def capture_page(driver: WebDriver, site: Site, folder: Path, today: datetime | None = None) -> PageCapture:
    """Photograph the whole page of ``site`` into ``folder``.

    :param today: the page's clock; None: the real time.

    :raises CaptureError: or a subclass: the site sent no page or not its own
        (:mod:`celeb_ops.capture.refusals`), or the browser died, hung or twice gave no usable picture.
    """
    timings: dict[str, float] = {}
    step = partial(_step, spent=timings)
    try:
        with step("open"):
            whole, began = loading.open_page(driver, site, today)
        with step("load"):
            deadline = time.monotonic() + site.load_time_s
            loading.interact(driver, site)
            settle(driver, deadline, still_s=BRIEFLY_S)
            done, not_done = site_options.act(driver, site, max(deadline, time.monotonic() + site.load_time_s))
            done += site_options.restyle(driver, site)
        with step("consent"):
            cleared = clear_view(driver, site, Cleared(done=done))
            if cleared.remade:
                settle(driver, deadline)
                cleared = clear_view(driver, site, cleared)
            cleared = frames.open_up(driver, site).after(cleared)
        with step("scroll"):
            # Scrolling has a budget of its own: a page that took long to load has lazy pictures too.
            deadline = max(deadline, time.monotonic() + site.load_time_s)
            scrolled = loading.scroll(driver, site, deadline)
        with step("hold"):
            lost = failed_loads(driver, site.blocked)
            if not scrolled.view_bound:
                loading.scripts_off(driver)
            site_options.restyle(driver, site)
            # A late wall may have come up while the page was scrolled; no script puts it back now.
            cleared = clear_view(driver, site, cleared)
            # For the current page: a script may have navigated away from the first one.
            state = loading.page_state(driver)
            if state.began != began:
                whole = not broken_off(driver, time.monotonic())
            refusals.check_status(site, state)
            refusals.check_hidden(site, cleared)
            refusals.check_content(site, state, whole)
            check_built(site, state, lost)
            loading.hold_still(driver, site)
            facts = collect(driver)
            framed = frames.facts(driver, len(facts.pictures))
            missing = [*not_done] if whole else ["the end of the document", *not_done]
            missing += [] if scrolled.whole else ["the end of the page"]
            missing += [
                *scrolled.missing,
                *lost,
                *(f"what {layer} covers" for layer in cleared.remaining),
                *framed.missing,
            ]
        captured_at = datetime.now(UTC)
        with step("photograph"):
            # Don't trust the page: the window is as wide as the site's entry says.
            area = site_options.part(driver, site, site.viewport[0], min(facts.height, site.max_height))
            shoot = partial(photograph, driver, bottom=area.bottom, folder=folder, top=area.top, scale=site.scale)
            if scrolled.view_bound:
                views = Views(driver, facts, time.monotonic() + 2 * site.load_time_s)
                strips = shoot(view=site.viewport, pictures_at=views.wait_and_collect)
                facts = framed.merged_into(views.facts)
                missing += views.missing
            else:
                sure = framed.merged_into(facts).sure
                view = heighten(driver, site, area.height)
                strips = shoot(view=view, pictures_at=lambda _: sure)
                # Pictures that loaded since are on the strips too.
                facts = framed.merged_into(completed(driver, facts))
        pictures, slots = facts.on(area, site.scale), facts.slots_on(area, site.scale)
        if facts.left_out:
            total = facts.left_out + len(pictures)
            missing.append(f"metadata of the {facts.left_out:,} smallest of {total:,} pictures")
        browser = browser_name(driver)
    except (WebDriverException, HTTPError, ConnectionError, TimeoutError) as error:
        raise refusals.browser_trouble(site, error) from error
    except ValidationError as error:
        raise CaptureError(f"{site.url} reported unusable page data: {error}", ReasonCode.BROWSER) from error
    except OSError as error:
        raise CaptureError(f"The picture of {site.url} can't be saved in {folder}: {error.strerror}.") from error
    with step("join"):
        try:
            picture = area.scaled(site.scale)
            parts = join(strips, folder, site.format, site.jpeg_quality, picture)
        except pyvips.Error as error:
            raise CaptureError(f"The strips of {site.url} could not be joined in {folder}: {reason(error)}.") from error
    return PageCapture(
        final_url=facts.url,
        title=facts.title,
        http_status=state.status,
        captured_at=captured_at,
        viewport=(site.viewport[0] * site.scale, site.viewport[1] * site.scale),
        page_width=picture.width,
        page_height=picture.height if site.selector else facts.height * site.scale,
        captured_height=picture.height,
        truncated=facts.height > site.max_height or scrolled.truncated,
        parts=parts,
        pictures=pictures,
        slots=slots,
        headlines=[Headline(text=one.text, link=one.link) for one in facts.headlines],
        images_loaded=facts.images_loaded,
        images_total=facts.images_total,
        missing=missing,
        consent=Consent(found=cleared.found, done=cleared.done),
        timings=timings,
        browser=browser,
    )
