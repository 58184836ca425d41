"""A screenshot → slices and their plan in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.operators.base import SiteOperator, Step, delete_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk.types import Logger

    from celeb_ops.core.records import Plan, Screenshot


class SliceOperator(SiteOperator):
    """
    Cut a screenshot into slices that the recogniser can read well.

    :param screenshot: key of the screenshot's sidecar. (templated)
    :return: the key of the plan, ``Slices/<stem>/plan.json``.
    """

    template_fields: Sequence[str] = (*SiteOperator.template_fields, "screenshot")

    def __init__(self, *, screenshot: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.screenshot = screenshot

    def run_step(self, step: Step) -> str:
        from celeb_ops.core.records import Screenshot

        screenshot = Screenshot.load_of(step.store, self.screenshot, step.site.name, step.time)
        self.source = screenshot.source
        plan = cut_slices(step, screenshot, self.screenshot, self.log)
        self.log.info("%d slices of %d rows", len(plan.slices), screenshot.captured_height)
        return keys.plan(step.stem)


def cut_slices(step: Step, screenshot: Screenshot, sidecar_key: str, log: Logger) -> Plan:
    """Cut a screenshot into slices in the store; the plan is saved last, once only these slices exist.

    Where the store forbids listing or deleting, slices of an earlier screenshot stay, but no plan lists them.
    """
    from celeb_ops.slicing.cut import cut

    plan = cut(screenshot, sidecar_key, step.stem, step.store)
    plan_key = keys.plan(step.stem)
    delete_others(step, keys.slices(step.stem), {plan_key, *(one.key for one in plan.slices)}, log)
    plan.save(step.store, plan_key)
    return plan
