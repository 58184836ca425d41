"""A screenshot → slices and their plan in the store."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celeb_ops.core import keys
from celeb_ops.operators.base import SiteOperator, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.records import Plan, Screenshot

logger = logging.getLogger(__name__)


class SliceOperator(SiteOperator):
    """
    Cut a screenshot into slices that the recogniser can read well.

    Beside these, :class:`~celeb_ops.operators.base.SiteOperator` has arguments.

    :param screenshot: key of the screenshot's sidecar. (templated)
    :return: the key of the plan, ``Slices/<stem>/plan.json``.
    """

    template_fields: Sequence[str] = (*SiteOperator.template_fields, "screenshot")
    read_from = "screenshot"

    def __init__(self, *, screenshot: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.screenshot = screenshot

    def run_step(self, step: Step) -> str:
        from celeb_ops.core.records import Screenshot

        screenshot = Screenshot.load_of(step.store, self.screenshot, step.site.name, step.time)
        self.seen_by = screenshot.source
        plan = cut_slices(step, screenshot, self.screenshot)
        self.log.info("%d slices of %d rows", len(plan.slices), screenshot.captured_height)
        return keys.plan(step.stem)


def cut_slices(step: Step, screenshot: Screenshot, sidecar_key: str) -> Plan:
    """Cut a screenshot into slices in the store; their plan, which is saved when all of them, and no others, are there.

    Those of an earlier screenshot may stay where the store lets nobody list or delete: no plan lists them.
    """
    from celeb_ops.core.exceptions import NotPermittedError
    from celeb_ops.slicing import cut

    plan = cut(screenshot, sidecar_key, step.stem, step.store)
    own = {keys.plan(step.stem), *(one.key for one in plan.slices)}
    try:
        for other in sorted(set(step.store.list(keys.slices(step.stem))) - own):
            step.store.delete(other)
    except NotPermittedError as error:
        logger.warning("Slices of an earlier try, if there are any, stay: %s", error)
    plan.save(step.store, keys.plan(step.stem))
    return plan
