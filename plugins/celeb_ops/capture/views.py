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
"""The longest wait for the pictures of one view, within the total time."""


class Views:
    """The facts of a page, view by view."""

    def __init__(self, driver: WebDriver, page: Facts, deadline: float) -> None:
        """:param page: its facts at the top. :param deadline: no view is waited for after it (monotonic)."""
        self._driver, self._page, self._deadline = driver, page, deadline
        self._pictures: dict[tuple[str, tuple[int, ...]], Shown] = {}
        self._left_out: set[tuple[str, tuple[int, ...]]] = set()
        self.missing: list[str] = []
        """Text for people: which metadata is missing."""

    def wait_and_collect(self, rows: Span) -> Sequence[Box]:
        """Wait until the pictures in the view of these rows have loaded, and collect their facts; return their
        boxes."""
        if time.monotonic() >= self._deadline:
            self.missing = self.missing or [f"metadata of pictures below row {rows.start:,}"]
            return []
        until = min(time.monotonic() + _VIEW_S, self._deadline)
        # A scroll listener runs in the next frame, and what it begins shows in the one after it.
        time.sleep(_POLL_S)
        while scripts.run(self._driver, "in_view") and time.monotonic() < until:
            time.sleep(_POLL_S)
        facts = collect(self._driver)
        for one in facts.pictures:
            if rows.start <= one.box[1] + one.box[3] // 2 < rows.stop:
                key = one.src, tuple(one.box)
                if len(self._pictures) < MOST_PICTURES or key in self._pictures:
                    self._pictures[key] = one
                elif len(self._left_out) < MOST_PICTURES:
                    self._left_out.add(key)
        return facts.sure

    @property
    def facts(self) -> Facts:
        """The page's facts, with the pictures of all views."""
        left_out = max(self._page.left_out, len(self._left_out))
        return self._page.model_copy(update={"pictures": list(self._pictures.values()), "left_out": left_out})
