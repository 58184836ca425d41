"""Pages that show pictures only while these are in the view: their scripts run while they are photographed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from celeb_ops.capture import scripts
from celeb_ops.capture.facts import MOST_PICTURES, Facts, Shown, collect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.geometry import Box
    from celeb_ops.core.records import Span

_POLL_S = 0.06
_VIEW_S = 0.8
"""A view's pictures may take so long, while there is time."""


class Views:
    """The facts of a page, view by view."""

    def __init__(self, driver: WebDriver, page: Facts, deadline: float) -> None:
        """:param page: its facts at the top. :param deadline: no view is waited for after it (monotonic)."""
        self._driver, self._page, self._deadline = driver, page, deadline
        self._pictures: dict[tuple[str, tuple[int, ...]], Shown] = {}

    def arrive(self, rows: Span) -> Sequence[Box]:
        """Wait until the view that shows these rows is there, and note what it shows: where its pictures are."""
        until = min(time.monotonic() + _VIEW_S, self._deadline)
        # A scroll listener runs in the next frame, and what it begins shows in the one after it.
        time.sleep(_POLL_S)
        while scripts.run(self._driver, "in_view") and time.monotonic() < until:
            time.sleep(_POLL_S)
        facts = collect(self._driver)
        for one in facts.pictures:
            if rows.start <= one.box[1] + one.box[3] // 2 < rows.stop and len(self._pictures) < MOST_PICTURES:
                self._pictures[one.src, tuple(one.box)] = one
        return facts.sure

    @property
    def facts(self) -> Facts:
        """The page's, with the pictures of all views."""
        return self._page.model_copy(update={"pictures": list(self._pictures.values())})
