"""A page → a picture and its sidecar in the store."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celeb_ops.capture.page_source import choose_source
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode
from celeb_ops.operators import capture_log
from celeb_ops.operators.base import SiteOperator, SiteSkipped, Step, delete_others

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow.sdk import Context

    from celeb_ops.capture.page import PageCapture
    from celeb_ops.capture.page_source import StoredState
    from celeb_ops.core.records import Outcome

BEGAN = "The capture began and did not end: was the task killed, or its machine lost?"
"""Recorded before a live capture: a killed one can record nothing."""

_ENDED = (
    "The capture succeeded. The store forbids deleting the failure that was recorded here before, so this replaces it."
)


class ScreenshotOperator(SiteOperator):
    """
    Photograph a site's whole page in headless Chromium.

    :mod:`celeb_ops.capture.page_source` says which page: the stored screenshot, the live page, its copy in the archive,
    or none. Without a page the task is skipped; if the live page had failed at its time, the task fails again.

    :param sites_file: read at each try, so that a corrected address counts when only this task is cleared. None: use
        ``site``.
    :param browser_url: a Selenium Grid or chromedriver. Default: ``CELEBS_BROWSER_URL``. (templated)
    :return: the key of the sidecar, ``Images/<stem>.json``.
    """

    template_fields: Sequence[str] = (*SiteOperator.template_fields, "browser_url")
    overriding_arguments = ("browser_url",)
    missed_before: Outcome | None = None
    """The live failure of an earlier try."""

    def __init__(self, *, sites_file: Path | None = None, browser_url: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sites_file = sites_file
        self.browser_url = browser_url

    def _step(self, context: Context) -> Step:
        step = super()._step(context)
        if self.sites_file is None:
            return step
        from celeb_ops.core.exceptions import SitesError
        from celeb_ops.core.sites import load_sites

        try:
            site = next(one for one in load_sites(self.sites_file) if one.name == step.site.name)
        except (SitesError, StopIteration) as error:
            why = str(error) or f"it is not in {self.sites_file} any more."
            self.log.warning("Using %s as list_sites found it: %s", step.site.name, why)
            return step
        before = step.site.model_dump()
        # list_sites leaves ``css`` and ``javascript`` out of the site, so they can't be compared.
        now = site.model_dump(exclude={"css", "javascript"})
        if changed := {option: value for option, value in now.items() if value != before[option]}:
            self.log.info("%s has changed since list_sites; now used: %s", self.sites_file, changed)
        return replace(step, site=site)

    def before(self, step: Step) -> None:
        from celeb_ops.dataset.missed_captures import missed

        self.missed_before = missed(step.store, step.site.name, step.time)
        if not self.missed_before:
            super().before(step)

    def run_step(self, step: Step) -> str:
        key = self._see(step, keys.sidecar(step.stem))
        if (self.missed_before or self.source == "live") and not self._clear_outcome(step):
            # If the failure can't be deleted, it must not count.
            self._record_outcome(step, "skipped", _ENDED, None)
        return key

    def _see(self, step: Step, key: str) -> str:
        """Get the page; return its sidecar's key."""
        stored = self._stored(step, key)
        page = choose_source(step.time, datetime.now(UTC), step.options, step.settings, stored)
        if page.what == "stored":
            return self._use_stored(step, key)
        if page.what == "nothing":
            return self._without_page(step, key, stored == "whole", page.why, page.code)
        self.source = page.what
        return self._capture(step, key) if page.what == "live" else self._capture_past(step, key, stored == "whole")

    def _use_stored(self, step: Step, key: str) -> str:
        from celeb_ops.core.records import Screenshot

        self.source = Screenshot.load(step.store, key).source
        self.log.info("%s is in the store already and is used again.", step.store.url(key))
        return key

    def _without_page(self, step: Step, key: str, stored: bool, why: str, code: ReasonCode) -> str:
        """Use what is stored; else fail if the site had failed live, else skip."""
        from celeb_ops.core.exceptions import MissedError
        from celeb_ops.dataset.missed_captures import missed_reason

        if stored:
            self.log.warning("Not captured again: %s", why)
            return self._use_stored(step, key)
        if self.missed_before:
            self.missed_live, self.source = self.missed_before, "live"
            raise MissedError(missed_reason(self.missed_before, why))
        raise SiteSkipped(why, code)

    def _stored(self, step: Step, key: str) -> StoredState:
        """How much of the screenshot is in the store."""
        from celeb_ops.core.exceptions import NotStoredError, RecordError
        from celeb_ops.core.records import Screenshot

        try:
            parts = Screenshot.load_of(step.store, key, step.site.name, step.time).parts
        except NotStoredError:
            return "none"
        except RecordError as error:
            self.log.warning("%s", error)
            return "none"
        lost = [part.key for part in parts if not step.store.exists(part.key)]
        if not lost:
            return "whole"
        self.log.warning("%s lacks %s.", step.store.url(key), ", ".join(lost))
        return "recognised" if step.store.exists(keys.result(step.stem)) else "none"

    def _capture(self, step: Step, key: str) -> str:
        from celeb_ops.capture.page import capture_page
        from celeb_ops.core.exceptions import CaptureError
        from celeb_ops.core.temp_folders import scratch_folder
        from celeb_ops.hooks.webdriver import WebDriverHook

        if step.site.respect_robots:
            robots = WebDriverHook(step.settings.browser_url).robots(step.site)
            why = f"{robots.sentence} (respect_robots)"
            if robots.trouble:
                # Another try may help, and a site that is down must be seen.
                raise CaptureError(why, robots.trouble)
            if not robots.allowed:
                raise SiteSkipped(why, ReasonCode.ROBOTS)
        try:
            self._record_outcome(step, "failed", BEGAN, ReasonCode.KILLED)
            self.log.info("Opening %s in %s.", step.site.url, step.settings.browser_url or "a local Chromium")
            with scratch_folder("capture") as folder:
                with WebDriverHook(step.settings.browser_url).visit(step.site) as driver:
                    page = capture_page(driver, step.site, folder)
                missing = page.images_total - page.images_loaded
                return self._save(step, key, page, source="live", images_missing=missing)
        except KeyboardInterrupt:
            # A person stopped the run: as if the capture had not begun.
            if self.missed_before:
                self.missed_before.save(step.store, keys.outcome(step.stem))
            else:
                self._clear_outcome(step)
            raise

    def _capture_past(self, step: Step, key: str, stored: bool) -> str:
        from celeb_ops.archive.past import capture_past
        from celeb_ops.core.exceptions import CaptureError, NotArchivedError
        from celeb_ops.core.temp_folders import scratch_folder
        from celeb_ops.dataset.missed_captures import missed_reason
        from celeb_ops.hooks.webdriver import WebDriverHook

        if missed := self.missed_before:
            # Now, because a killed try can record nothing.
            self.missed_live, self.source = missed, "live"
            self._record_outcome(step, "failed", missed.reason, missed.reason_code)
        self.log.info("Looking up %s at %s in %s.", step.site.url, keys.iso(step.time), step.settings.archive_url)
        with scratch_folder("capture") as folder:
            try:
                browser = WebDriverHook(step.settings.browser_url).browser
                past = capture_past(step.site, step.time, step.settings, browser, folder)
            except NotArchivedError as error:
                return self._without_page(step, key, stored, str(error), error.reason_code)
            except CaptureError as error:
                if missed:
                    raise type(error)(missed_reason(missed, str(error)), error.reason_code) from error
                raise
            self._save(
                step,
                key,
                past.page,
                source="archive",
                memento=past.memento.address,
                captured_at=past.memento.when,
                images_missing=past.images_missing,
                missing=past.missing,
            )
        self.source = "archive"
        return key

    def _save(self, step: Step, key: str, page: PageCapture, **facts: Any) -> str:
        """Write the pictures, then the sidecar, whose key is returned.

        :param facts: they replace the page's own.
        """
        from celeb_ops.core.exceptions import NotPermittedError
        from celeb_ops.core.records import Part, Screenshot

        with contextlib.suppress(NotPermittedError):
            # The old sidecar describes pictures that are now replaced.
            step.store.delete(key)
        parts = []
        for number, part in enumerate(page.parts, start=1):
            part_key = keys.image(step.stem, number, step.site.format)
            step.store.write(part_key, part.path.read_bytes())
            parts.append(Part(key=part_key, rows=part.rows))
        # Delete others before writing the sidecar: if the task were killed in between, nothing would delete them later.
        delete_others(step, f"Images/{step.stem}.", {key, *(part.key for part in parts)}, self.log)
        own = {
            "site": step.site.name,
            "time": step.time,
            "url": step.site.url,
            "options": step.site.recorded,
            "parts": parts,
        }
        shot = Screenshot.model_validate(vars(page) | own | facts)
        shot.save(step.store, key)
        size = sum(part.path.stat().st_size for part in page.parts)
        for line in capture_log.lines(shot, size, step.store.url(parts[0].key)):
            self.log.info(line)
        return key
