"""A screenshot → slices and their plan in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celeb_ops import keys
from celeb_ops.operators.base import SiteOperator, Step

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        from celeb_ops.slicing import cut

        screenshot = Screenshot.load(step.store, self.screenshot)
        plan = cut(screenshot, self.screenshot, step.stem, step.store)
        self.log.info("%d slices of %d rows", len(plan.slices), screenshot.captured_height)
        return plan.save(step.store, keys.plan(step.stem))
