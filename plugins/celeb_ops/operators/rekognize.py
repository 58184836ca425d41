"""Slices → the celebrities on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from celeb_ops.core import keys
from celeb_ops.core.settings import REKOGNITION_CONNECTION
from celeb_ops.metrics import counters
from celeb_ops.operators.base import SiteOperator, Step
from celeb_ops.operators.slice import cut_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.records import Plan, Screenshot
    from celeb_ops.recognition.recognizer import Recognizer


class RekognizeCelebritiesOperator(SiteOperator):
    """
    Recognise the celebrities on a page's slices.

    Slices that are missing (``CELEBS_KEEP_SLICES_DAYS``), or belong to an older screenshot, are cut again first.

    :param plan: key of the slices' plan. (templated)
    :param recognizer: ``local`` or ``rekognition``. Default: ``CELEBS_RECOGNIZER``. (templated)
    :param aws_conn_id: the connection for AWS Rekognition, which may belong to another account than the store's.
        (templated)
    :param region_name: region of Rekognition. Default: the connection's. (templated)
    :param verify: whether to check TLS certificates, or a CA bundle's path, as in boto3. (templated)
    :param botocore_config: further arguments of ``botocore.config.Config``. (templated)
    :return: the key of the result, ``Results/<stem>.json``.
    """

    template_fields: Sequence[str] = (
        *SiteOperator.template_fields,
        *("plan", "recognizer", "aws_conn_id", "region_name", "verify", "botocore_config"),
    )
    overriding_arguments = ("recognizer",)

    def __init__(
        self,
        *,
        plan: str,
        recognizer: str | None = None,
        aws_conn_id: str = REKOGNITION_CONNECTION,
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.recognizer = recognizer
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def run_step(self, step: Step) -> str:
        from celeb_ops.hooks.rekognition import rekognition_client
        from celeb_ops.recognition.factory import open_recognizer
        from celeb_ops.recognition.local.gallery_photos import people_in
        from celeb_ops.recognition.page import recognize_page
        from celeb_ops.recognition.paid.paid_calls import RequestOptions

        screenshot, plan = self._whole_plan(step)
        recognizer = open_recognizer(
            step.settings,
            step.store,
            lambda: rekognition_client(
                step.settings, self.aws_conn_id, self.region_name, self.verify, self.botocore_config
            ),
        )
        counted = counters.CountedCalls(recognizer)
        try:
            result = recognize_page(
                plan,
                screenshot,
                cast("Recognizer", counted),
                step.stem,
                step.store,
                RequestOptions(sheets=step.settings.sheets, budget=step.settings.budget, since=step.answers_since),
                people=people_in(step.settings.path(step.settings.gallery)),
                count_adverts=step.settings.count_adverts,
            )
        finally:
            # Even if the step fails: the calls are paid for.
            counted.send(step.site.name)
        self.log.info("Celebrities detected: %s", ", ".join(result.celebrities) or "None")
        if named := sorted({one.name for one in result.mentions}):
            self.log.info("Named in headlines and alt texts: %s", ", ".join(named))
        if recognizer.cost_usd:
            self.log.info("%d calls, %d saved, about $%.4f", result.calls, result.calls_saved, result.cost_usd)
        key = result.save(step.store, keys.result(step.stem))
        counters.result(result)
        return key

    def _whole_plan(self, step: Step) -> tuple[Screenshot, Plan]:
        """The screenshot, and a plan whose slices are all in the store."""
        from celeb_ops.core.exceptions import NotStoredError
        from celeb_ops.core.records import Plan, Screenshot

        try:
            plan = Plan.load(step.store, self.plan)
            sidecar = plan.screenshot
        except NotStoredError:
            plan, sidecar = None, keys.sidecar(step.stem)
        screenshot = Screenshot.load_of(step.store, sidecar, step.site.name, step.time)
        self.source = screenshot.source
        if plan is None:
            why = f"{step.store.url(self.plan)} is not in the store any more"
        elif plan.screenshot_digest != screenshot.digest:
            # Also for old plans without a digest: they may be another page's.
            why = "The slices were cut from another screenshot than the one that is stored now"
        elif lost := sum(not step.store.exists(one.key) for one in plan.slices):
            why = f"{lost} of {len(plan.slices)} slices are not in the store any more"
        else:
            return screenshot, plan
        self.log.info("%s: the screenshot is cut again.", why)
        return screenshot, cut_slices(step, screenshot, sidecar, self.log)
