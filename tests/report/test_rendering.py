from __future__ import annotations

from datetime import timedelta

import pytest

from celeb_ops.report.rendering import apart
from tests.factories import RUN_TIME


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0, "at the run’s time"),
        (0.4, "at the run’s time"),
        (-0.6, "1 min before the run"),
        (5, "5 min after the run"),
        (-108, "1 h 48 min before the run"),
        (720, "12 h after the run"),
        (-24 * 60, "1 day before the run"),
        (49 * 60 + 3, "2 days 1 h 3 min after the run"),
    ],
)
def test_how_far_a_page_is_from_its_run(minutes: float, told: str) -> None:
    assert apart(RUN_TIME + timedelta(minutes=minutes), RUN_TIME) == told
