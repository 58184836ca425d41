"""A new gallery over a range of the past: names change, evidence goes, and nothing is photographed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops import trends
from tests.airflow.backfill.dialog import run_backfill
from tests.airflow.backfill.newsroom import COLLINS, PEOPLE, SITES, TIMES
from tests.airflow.backfill.past import until
from tests.airflow.backfill.state import State, left_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver.remote.webdriver import WebDriver

    from tests.airflow.backfill.past import Past

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

RANGE = TIMES[:3]


def pictures(past: Past) -> dict[str, str]:
    """The version of each screenshot and of its facts."""
    return {one.key: one.version for one in past.store.files("Images/")}


def recognised_anew(past: Past, order: Callable[[], None]) -> None:
    past.free()
    before = past.runs()
    with past.watched() as seen:
        order()
        until(lambda: all(past.runs()[when]["start_date"] != before[when]["start_date"] for when in RANGE))
        assert set(past.ended(RANGE).values()) == {"success"}
    assert max(seen) == 0
    assert [past.runs()[when]["conf"]["rerecognise"] for when in RANGE] == [True] * len(RANGE)


def test_a_person_less_in_the_gallery_and_back(past: Past, clean: State, browser: WebDriver) -> None:
    before = pictures(past)
    gone = past.gallery.with_name("gone")
    (past.gallery / COLLINS).rename(gone)
    recognised_anew(past, lambda: run_backfill(browser, past.up, RANGE, "completed", SITES, rerecognise=True))
    gone.rename(past.gallery / COLLINS)

    assert pictures(past) == before
    state = State.of(past.store)
    left = [row for row in state.sightings if row["time"] in RANGE]
    # There is no next person any more from whom one could be told.
    assert {row["margin"] for row in left} == {None}
    assert [{**row, "margin": 0} for row in left] == [
        {**row, "margin": 0} for row in clean.sightings if row["time"] in RANGE and row["name"] != COLLINS
    ]
    # Each of her faces is there still, without a name; the crops that stood for it are not.
    rows = {(row["site"], row["time"]): row for row in state.captures}
    for (site, when), people in PEOPLE.items():
        if when in RANGE:
            assert (rows[site, when]["faces"], rows[site, when]["unrecognised"]) == (len(people), COLLINS in people)
    lost = [row["crop"] for row in clean.sightings if row["time"] in RANGE and row["name"] == COLLINS]
    assert lost
    assert sorted(set(clean.keys) - set(state.keys)) == sorted(lost)
    for when in TIMES[3:]:
        assert state.at(when) == clean.at(when)

    past.quiet()
    assert trends.build(past.store).changed == []

    anew = {"sites": list(SITES), "rerecognise": True}
    recognised_anew(past, lambda: past.backfill("completed", RANGE, conf=anew))
    assert State.of(past.store) == clean
    assert pictures(past) == before
    assert left_over(past.folder) == []
