"""Pages that are photographed with their scripts on: what is known of them is bounded, the rest is named."""

from __future__ import annotations

import time
from typing import Any

import pytest

from celeb_ops.capture import views
from celeb_ops.capture.facts import Facts
from celeb_ops.capture.views import Views
from celeb_ops.core.records import Span

NOBODY: Any = None
PAGE = Facts(url="", title="", height=9_000, pictures=[], left_out=0, images_loaded=0, images_total=0)


def shown(*tops: int) -> Facts:
    pictures = [
        {"box": [0, top, 90, 90], "sure": True, "src": "data:", "alt": "", "link": "", "headline": ""} for top in tops
    ]
    return Facts.model_validate(PAGE.model_dump() | {"pictures": pictures})


def test_after_its_deadline_nothing_is_asked_of_the_page() -> None:
    seen = Views(NOBODY, PAGE, time.monotonic())
    assert seen.wait_and_collect(Span(600, 1_200)) == seen.wait_and_collect(Span(1_200, 1_800)) == []
    assert seen.missing == ["metadata of pictures below row 600"]


def test_pictures_beyond_the_most_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celeb_ops.capture.scripts.run", lambda *_: 0)
    monkeypatch.setattr(views, "collect", lambda _: shown(10, 110, 210, 310))
    monkeypatch.setattr(views, "MOST_PICTURES", 3)
    seen = Views(NOBODY, PAGE, time.monotonic() + 60)
    for _ in range(2):
        seen.wait_and_collect(Span(0, 600))
    assert (len(seen.facts.pictures), seen.facts.left_out) == (3, 1)
