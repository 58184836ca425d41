"""Which site is first. A run is at 08:00; with on(day, 20) there is a second one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    Built = Callable[[str], pl.DataFrame]

Shown = dict[tuple[str, int, int], list[str]]


def fill(rows: Rows, shown: Shown, days: range = range(40), sites: str = "ABC") -> None:
    """All sites seen twice a day, with these people on (site, day, hour)."""
    for day in days:
        for hour in (8, 20):
            for site in sites:
                rows.seen(site, on(day, hour), *shown.get((site, day, hour), []))


def firsts(built: Built) -> dict[str, tuple[Any, ...]]:
    table = built("firsts").select("site", "stories", "first", "share", "chance", "median_lead_h")
    return {site: tuple(rest) for site, *rest in table.iter_rows()}


def test_first_shares_and_leads(rows: Rows, built: Built) -> None:
    fill(
        rows,
        {
            # Cher: A, then B 12 h later, C 36 h later. Of three sites each is first by chance in 1/3.
            ("A", 10, 8): ["Cher"],
            ("B", 10, 20): ["Cher"],
            ("C", 11, 20): ["Cher"],
            # Adele: A and B in the same run: they share it; C in none of it. By chance 1/2.
            ("A", 12, 8): ["Adele"],
            ("B", 12, 8): ["Adele"],
            # Bo: B, then A 24 h later.
            ("B", 20, 8): ["Bo"],
            ("A", 21, 8): ["Bo"],
        },
    )
    assert firsts(built) == {
        # A: three stories; first in 1 + 1/2 + 0; leads 12 h and 0 h.
        "A": (3, 1.5, 0.5, round((1 / 3 + 1 / 2 + 1 / 2) / 3, 6), 6.0),
        # B: first in 0 + 1/2 + 1; leads 0 h and 24 h.
        "B": (3, 1.5, 0.5, round((1 / 3 + 1 / 2 + 1 / 2) / 3, 6), 12.0),
        "C": (1, 0.0, 0.0, round(1 / 3, 6), None),
    }


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({("A", 10, 8): ["Cher"]}, id="on one site only"),
        pytest.param(
            {("A", 10, 8): ["Cher"], ("A", 11, 8): ["Cher"], ("B", 17, 8): ["Cher"]}, id="the second after a week"
        ),
        pytest.param({("A", 3, 8): ["Cher"], ("B", 4, 8): ["Cher"]}, id="in the dataset's first days"),
    ],
)
def test_no_story(rows: Rows, built: Built, shown: Shown) -> None:
    fill(rows, shown)
    assert built("firsts").is_empty()


def test_somebody_who_was_shown_in_the_week_before_begins_no_new_story(rows: Rows, built: Built) -> None:
    # C shows her every six days: never quiet. A and B take her up on day 20 within that.
    shown: Shown = {("C", day, 8): ["Cher"] for day in range(0, 40, 6)}
    fill(rows, shown | {("A", 20, 8): ["Cher"], ("B", 21, 8): ["Cher"]})
    assert built("firsts").is_empty()


def test_a_week_in_which_nothing_was_seen_is_not_quiet(rows: Rows, built: Built) -> None:
    fill(rows, {("C", 9, 8): ["Cher"]}, range(0, 10))
    fill(rows, {("A", 20, 8): ["Cher"], ("B", 21, 8): ["Cher"]}, range(18, 30))
    assert built("firsts").is_empty()


def test_after_a_quiet_week_there_is_a_second_story(rows: Rows, built: Built) -> None:
    fill(rows, {("A", 10, 8): ["Cher"], ("B", 11, 8): ["Cher"], ("B", 18, 8): ["Cher"], ("A", 19, 8): ["Cher"]})
    assert {site: row[:2] for site, row in firsts(built).items()} == {"A": (2, 1.0), "B": (2, 1.0)}
