"""A screenshot → slices and their plan in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celeb_ops import keys
from celeb_ops.operators.base import SiteOperator, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.records import Plan, Screenshot


class SliceOperator(SiteOperator):
    """
    Cut a screenshot into slices that the recogniser can read well.

    :param site: see :class:`~celeb_ops.operators.base.SiteOperator`. (templated)
    :param screenshot: key of the screenshot's sidecar. (templated)
    :return: the key of the plan, ``Slices/<stem>/plan.json``.
    """

    template_fields: Sequence[str] = ("site", "screenshot")

    def __init__(self, *, screenshot: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.screenshot = screenshot

    def run_step(self, step: Step) -> str:
        from celeb_ops.records import Screenshot

        screenshot = Screenshot.load(step.store, self.screenshot)
        self.seen_by = screenshot.source
        plan = cut_slices(step, screenshot, self.screenshot)
        self.log.info("%d slices of %d rows", len(plan.slices), screenshot.captured_height)
        return keys.plan(step.stem)


def cut_slices(step: Step, screenshot: Screenshot, sidecar_key: str) -> Plan:
    """Cut a screenshot into slices in the store; their plan, which is saved when all of them are there."""
    from celeb_ops.slicing import cut

    plan = cut(screenshot, sidecar_key, step.stem, step.store)
    plan.save(step.store, keys.plan(step.stem))
    return plan
