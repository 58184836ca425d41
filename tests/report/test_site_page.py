from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.report.site_page import Day, sites
from tests.report import history

if TYPE_CHECKING:
    from celeb_ops.report.table_cache import Load


def test_the_one_in_trouble_comes_first(load: Load) -> None:
    states = sites(load)
    assert [one.facts["site"] for one in states] == ["WALLED-TIMES", "DAILY-PLAIN", "LAZY-POST"]
    assert states[0].trouble == "failing"
    assert states[0].facts["failed_in_a_row"] == 3
    assert states[0].facts["last_reason"] == history.REASON


def test_a_strip_has_every_day(load: Load) -> None:
    (state,) = [one for one in sites(load) if one.facts["site"] == "DAILY-PLAIN"]
    assert len(state.days) == 90
    assert [one.outcome for one in state.days].count("failed") == history.WHOLE_QUIET_DAYS
    assert state.words.startswith("The latest 90 days: ")
    assert f"{2 * len(history.QUIET_DAYS)} failed" in state.words


def test_a_day_says_what_came_of_it() -> None:
    day = history.END.date()
    assert Day(day, seen=2).outcome == "seen"
    assert Day(day, seen=1, failed=1).outcome == "partly"
    assert Day(day, skipped=1, failed=1).outcome == "failed"
    assert Day(day, skipped=1).outcome == "skipped"
    assert Day(day).words == "25 Nov 2026: no run"
    assert (
        Day(day, seen=1, failed=1, broken="gallery").words == "25 Nov 2026: 1 seen, 1 failed; counting changed: gallery"
    )
