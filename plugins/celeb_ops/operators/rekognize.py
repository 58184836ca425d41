"""Slices → who is on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celeb_ops import keys
from celeb_ops.operators import counters
from celeb_ops.operators.base import SiteOperator, Step
from celeb_ops.operators.slice import cut_slices
from celeb_ops.settings import REKOGNITION_CONNECTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.records import Plan, Screenshot


class RekognizeCelebritiesOperator(SiteOperator):
    """
    Have the celebrities on a page's slices recognised, by the recogniser of ``CELEBS_RECOGNIZER``.

    Slices that were tidied away (``CELEBS_KEEP_SLICES_DAYS``), or were cut from another screenshot than the one that is
    stored now, are cut again first.

    :param site: see :class:`~celeb_ops.operators.base.SiteOperator`. (templated)
    :param plan: key of the slices' plan. (templated)
    :param aws_conn_id: the connection for AWS Rekognition, which may belong to another account than the store's.
    :return: the key of the result, ``Results/<stem>.json``.
    """

    template_fields: Sequence[str] = ("site", "plan")

    def __init__(self, *, plan: str, aws_conn_id: str = REKOGNITION_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.aws_conn_id = aws_conn_id

    def run_step(self, step: Step) -> str:
        from celeb_ops.hooks.rekognition import rekognition_client
        from celeb_ops.recognition import open_recognizer
        from celeb_ops.recognition.gallery_file import people_of
        from celeb_ops.recognition.look import look
        from celeb_ops.recognition.paid import Terms
        from celeb_ops.records import Screenshot

        screenshot = Screenshot.load_of(step.store, keys.sidecar(step.stem), step.site.name, step.time)
        self.seen_by = screenshot.source
        plan = self._whole_plan(step, screenshot)
        recognizer = open_recognizer(
            step.settings, step.store, lambda: rekognition_client(step.settings, self.aws_conn_id)
        )
        counted = counters.CountedCalls(recognizer)
        try:
            result = look(
                plan,
                screenshot,
                counted,
                step.stem,
                step.store,
                Terms.of(step.settings, step.anew_since),
                step.settings.min_confidence,
                people_of(step.settings.path(step.settings.gallery)),
            )
        finally:
            # They are paid for, whatever comes of the step.
            counted.send(step.site.name)
        self.log.info("Celebrities detected: %s", ", ".join(result.celebrities) or "None")
        if recognizer.cost_usd:
            self.log.info("%d calls, %d saved, about $%.4f", result.calls, result.calls_saved, result.cost_usd)
        key = result.save(step.store, keys.result(step.stem))
        counters.result(result)
        return key

    def _whole_plan(self, step: Step, screenshot: Screenshot) -> Plan:
        """The screenshot's plan, whose slices are all in the store."""
        from celeb_ops.exceptions import NotStoredError
        from celeb_ops.records import Plan

        try:
            plan = Plan.load(step.store, self.plan)
        except NotStoredError:
            why = f"{step.store.url(self.plan)} is not in the store any more"
        else:
            if plan.screenshot_digest != screenshot.digest:
                # Of an old plan, which does not say, nobody can tell: rather cut once more than mix two pages.
                why = "The slices were cut from another screenshot than the one that is stored now"
            elif lost := self._lost(step, plan):
                why = f"{lost} of {len(plan.slices)} slices are not in the store any more"
            else:
                return plan
        self.log.info("%s: the screenshot is cut again.", why)
        return cut_slices(step, screenshot, keys.sidecar(step.stem))

    def _lost(self, step: Step, plan: Plan) -> int:
        """How many of a plan's slices are not in the store."""
        from celeb_ops.exceptions import NotPermittedError

        wanted = {one.key for one in plan.slices}
        try:
            there = set(step.store.list(keys.slices(step.stem)))
        except NotPermittedError:
            # The first version's user may read and write only.
            there = {key for key in wanted if step.store.exists(key)}
        return len(wanted - there)
