"""A page → a picture and its sidecar in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops import keys
from celeb_ops.operators.base import SiteOperator, Step


class ScreenshotOperator(SiteOperator):
    """
    Photograph a site's whole page in headless Chromium.

    A screenshot that is in the store already, with all its parts, is used again. A run time further from now than
    ``CELEBS_LIVE_WINDOW_H`` is skipped: today's page never stands for another day's.

    :param site: see :class:`~celeb_ops.operators.base.SiteOperator`. (templated)
    :return: the key of the sidecar, ``Images/<stem>.json``.
    """

    @property
    def has_screenshot(self) -> bool:
        return self.written is not None

    def run_step(self, step: Step) -> str:
        key = keys.sidecar(step.stem)
        if self._is_whole(step, key):
            self.log.info("%s is in the store already and is used again.", step.store.url(key))
            return key
        if abs(datetime.now(UTC) - step.time) > timedelta(hours=step.settings.live_window_h):
            raise AirflowSkipException(
                # Without how far: the same run skipped again must leave the same row.
                f"The run time {keys.iso(step.time)} is more than {step.settings.live_window_h:g} h from now: "
                "today's page is not that time's page, so none is photographed."
            )
        return self._capture(step, key)

    def _is_whole(self, step: Step, key: str) -> bool:
        from celeb_ops.exceptions import NotStoredError, RecordError
        from celeb_ops.records import Screenshot

        try:
            parts = Screenshot.load(step.store, key).parts
        except NotStoredError:
            return False
        except RecordError as error:
            self.log.warning("%s", error)
            return False
        lost = [part.key for part in parts if not step.store.exists(part.key)]
        if lost:
            self.log.warning("%s lacks %s: it is taken anew.", step.store.url(key), ", ".join(lost))
        return not lost

    def _capture(self, step: Step, key: str) -> str:
        from celeb_ops.capture.page import capture_page
        from celeb_ops.capture.scratch import scratch_folder
        from celeb_ops.hooks.webdriver import WebDriverHook
        from celeb_ops.records import Part, Screenshot
        from celeb_ops.removed import Removed, without_mentions

        hook = WebDriverHook(step.settings.browser_url)
        with scratch_folder("capture") as folder:
            with hook.browser(step.site) as driver:
                page = capture_page(driver, step.site, folder)
            parts = []
            for number, part in enumerate(page.parts, start=1):
                part_key = keys.image(step.stem, number, step.site.format)
                step.store.write(part_key, part.path.read_bytes())
                parts.append(Part(key=part_key, rows=part.rows))
        # Those of an earlier try that saw a taller page.
        number = len(parts) + 1
        while step.store.exists(lost := keys.image(step.stem, number, step.site.format)):
            step.store.delete(lost)
            number += 1
        removed = Removed.load(step.store)
        screenshot = Screenshot(
            site=step.site.name,
            time=step.time,
            url=step.site.url,
            final_url=page.final_url,
            title="" if removed.mentioned(page.title) else page.title,
            http_status=page.http_status,
            captured_at=page.captured_at,
            source="live",
            viewport=step.site.viewport,
            page_width=page.page_width,
            page_height=page.page_height,
            captured_height=page.captured_height,
            truncated=page.truncated,
            parts=parts,
            pictures=without_mentions(page.pictures, removed),
            images_loaded=page.images_loaded,
            images_total=page.images_total,
            missing=page.missing,
            consent=page.consent,
            timings=page.timings,
            browser=page.browser,
        )
        self.log.info(
            "%s: %d of %d rows, %d of %d pictures loaded%s",
            page.final_url,
            page.captured_height,
            page.page_height,
            page.images_loaded,
            page.images_total,
            f"; still missing: {', '.join(page.missing)}" if page.missing else "",
        )
        return screenshot.save(step.store, key)
