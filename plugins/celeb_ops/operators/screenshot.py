"""A page → a picture and its sidecar in the store."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celeb_ops.capture.page_source import choose_source
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode
from celeb_ops.operators.base import SiteOperator, SiteSkipped, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from airflow.sdk import Context

    from celeb_ops.capture.page import PageCapture
    from celeb_ops.capture.page_source import Stored
    from celeb_ops.core.records import Outcome, Part

BEGAN = "The capture began and did not end: was the task killed, or its machine lost?"
"""The reason of a live capture that has not ended: a killed one can leave no other."""

_ENDED = "It has ended well; the store forbids to delete what was written here before."


class ScreenshotOperator(SiteOperator):
    """
    Photograph a site's whole page in headless Chromium.

    Which page that is (the stored screenshot, the live page, its copy in the archive, or none) says
    :mod:`celeb_ops.capture.page_source`. Where none can be seen the task is skipped; a site that had failed at its
    time, live, fails again then: it stays missed.

    Beside these, :class:`~celeb_ops.operators.base.SiteOperator` has arguments.

    :param sites_file: where the site of this name may have changed since: a corrected address counts when the task is
        cleared, without list_sites. None: ``site`` is taken as it is given.
    :param browser_url: a Selenium Grid or chromedriver. Default: ``CELEBS_BROWSER_URL``. (templated)
    :return: the key of the sidecar, ``Images/<stem>.json``.
    """

    template_fields: Sequence[str] = (*SiteOperator.template_fields, "browser_url")
    own_settings = ("browser_url",)
    missed_before: Outcome | None = None
    """How the site had failed, live, in an earlier try."""

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
            self.log.warning("%s is taken as list_sites found it: %s", step.site.name, why)
            return step
        given, now = step.site.model_dump(), site.model_dump()
        if changed := {option: value for option, value in now.items() if value != given[option]}:
            self.log.info("%s has changed since list_sites; used is what it has now: %s", self.sites_file, changed)
        return replace(step, site=site)

    def before(self, step: Step) -> None:
        from celeb_ops.dataset.missed_captures import missed

        self.missed_before = missed(step.store, step.site.name, step.time)
        if not self.missed_before:
            super().before(step)

    def run_step(self, step: Step) -> str:
        key = self._see(step, keys.sidecar(step.stem))
        may_have_a_word = self.missed_before or self.seen_by == "live"
        if may_have_a_word and not self._forget_word(step):
            # Else it would be read as why the site was missed.
            self._leave_word(step, "skipped", _ENDED, None)
        return key

    def _see(self, step: Step, key: str) -> str:
        """See the page that is the run's; the key of its sidecar."""
        stored = self._stored(step, key)
        seen = choose_source(step.time, datetime.now(UTC), step.wishes, step.settings, stored)
        if seen.what == "stored":
            return self._again(step, key)
        if seen.what == "nothing":
            return self._without_page(step, key, stored == "whole", seen.why, seen.code)
        self.seen_by = "live" if seen.what == "live" else "archive"
        return self._capture(step, key) if seen.what == "live" else self._capture_past(step, key, stored == "whole")

    def _again(self, step: Step, key: str) -> str:
        from celeb_ops.core.records import Screenshot

        self.seen_by = Screenshot.load(step.store, key).source
        self.log.info("%s is in the store already and is used again.", step.store.url(key))
        return key

    def _without_page(self, step: Step, key: str, stored: bool, why: str, code: ReasonCode) -> str:
        """What is done where no page can be seen: what is stored is not lost by it, and a failure not forgotten."""
        from celeb_ops.core.exceptions import MissedError
        from celeb_ops.dataset.missed_captures import stays_missed

        if stored:
            self.log.warning("It can't be captured anew: %s", why)
            return self._again(step, key)
        if self.missed_before:
            self._stays_missed(self.missed_before)
            raise MissedError(stays_missed(self.missed_before, why))
        raise SiteSkipped(why, code)

    def _stays_missed(self, missed: Outcome) -> None:
        """Whatever comes of this try, the site failed live, for that reason."""
        self.missed_live, self.seen_by = missed, "live"

    def _stored(self, step: Step, key: str) -> Stored:
        """What is there of a screenshot, as :mod:`celeb_ops.capture.page_source` wants to know it."""
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
        from celeb_ops.core.temp_folders import scratch_folder
        from celeb_ops.hooks.webdriver import WebDriverHook

        try:
            self._leave_word(step, "failed", BEGAN, ReasonCode.KILLED)
            with scratch_folder("capture") as folder:
                with WebDriverHook(step.settings.browser_url).visit(step.site) as driver:
                    page = capture_page(driver, step.site, folder)
                missing = page.images_total - page.images_loaded
                return self._keep(step, key, page, source="live", images_missing=missing)
        except KeyboardInterrupt:
            # A person has stopped the run: it is as if the capture had not begun.
            if self.missed_before:
                self.missed_before.save(step.store, keys.outcome(step.stem))
            else:
                self._forget_word(step)
            raise

    def _capture_past(self, step: Step, key: str, stored: bool) -> str:
        from celeb_ops.archive.past import capture_past
        from celeb_ops.core.exceptions import CaptureError, NotArchivedError
        from celeb_ops.core.temp_folders import scratch_folder
        from celeb_ops.dataset.missed_captures import stays_missed
        from celeb_ops.hooks.webdriver import WebDriverHook

        if self.missed_before:
            # A kill among what may come of the archive.
            self._stays_missed(self.missed_before)
            self._leave_word(step, "failed", self.missed_before.reason, self.missed_before.reason_code)
        hook = WebDriverHook(step.settings.browser_url)
        with scratch_folder("capture") as folder:
            try:
                past = capture_past(step.site, step.time, step.settings, hook.browser, folder)
            except NotArchivedError as error:
                return self._without_page(step, key, stored, str(error), error.reason_code)
            except CaptureError as error:
                if self.missed_before:
                    raise type(error)(stays_missed(self.missed_before, str(error))) from error
                raise
            self._keep(
                step,
                key,
                past.page,
                source="archive",
                memento=past.memento.address,
                captured_at=past.memento.when,
                images_missing=past.images_missing,
                missing=past.missing,
            )
        self.seen_by = "archive"
        return key

    def _keep(self, step: Step, key: str, page: PageCapture, **seen: Any) -> str:
        """The pictures, and then the sidecar, into the store.

        :param seen: facts of how the page was seen, beside what it says itself or in place of that.
        """
        from celeb_ops.core.exceptions import NotPermittedError
        from celeb_ops.core.records import Part, Screenshot

        with contextlib.suppress(NotPermittedError):
            # It stands for the pictures of before, which are written over now.
            step.store.delete(key)
        parts = []
        for number, part in enumerate(page.parts, start=1):
            part_key = keys.image(step.stem, number, step.site.format)
            step.store.write(part_key, part.path.read_bytes())
            parts.append(Part(key=part_key, rows=part.rows))
        self._delete_others(step, parts)
        own = {
            "site": step.site.name,
            "time": step.time,
            "url": step.site.url,
            "viewport": step.site.viewport,
            "parts": parts,
        }
        shot = Screenshot.model_validate(vars(page) | own | seen)
        self.log.info(
            "%s: %d of %d rows, %d of %d pictures loaded%s",
            shot.memento or shot.final_url,
            shot.captured_height,
            shot.page_height,
            shot.images_loaded,
            shot.images_total,
            f"; still missing: {', '.join(shot.missing)}" if shot.missing else "",
        )
        return shot.save(step.store, key)

    def _delete_others(self, step: Step, parts: list[Part]) -> None:
        """Delete the pictures of an earlier try that are none of this one's: of a taller page, or in another format.

        Before the sidecar is written: a screenshot that is whole is used again, and nobody would look for them.
        """
        from celeb_ops.core.exceptions import NotPermittedError

        own = {part.key for part in parts}
        try:
            for other in list(step.store.list(f"Images/{step.stem}.")):
                if other.endswith((".jpeg", ".png")) and other not in own and keys.stem_in(other) == step.stem:
                    step.store.delete(other)
        except NotPermittedError as error:
            self.log.warning("Pictures of an earlier try, if there are any, stay: %s", error)
