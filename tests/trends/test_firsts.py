"""Which site is first. A run is at 08:00; with on(day, 20) there is a second one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.trends.rows import Built, Rows, on

if TYPE_CHECKING:
    from collections.abc import Iterable

Shown = dict[tuple[str, int, int], list[str]]


def fill(rows: Rows, shown: Shown, days: Iterable[int] = range(40), sites: str = "ABC") -> None:
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


ON_A_THEN_B: Shown = {("A", 20, 8): ["Cher"], ("B", 21, 8): ["Cher"]}


@pytest.mark.parametrize(
    ("shown", "days"),
    [
        pytest.param({("A", 10, 8): ["Cher"]}, range(40), id="on one site only"),
        pytest.param(
            {("A", 10, 8): ["Cher"], ("A", 11, 8): ["Cher"], ("B", 17, 8): ["Cher"]}, range(40), id="after a week"
        ),
        pytest.param(ON_A_THEN_B, range(17, 40), id="in the dataset's first days"),
        # C shows her every six days: never quiet. A and B take her up within that.
        pytest.param({("C", day, 8): ["Cher"] for day in range(0, 40, 6)} | ON_A_THEN_B, range(40), id="no quiet week"),
        pytest.param(
            {("C", 9, 8): ["Cher"]} | ON_A_THEN_B, [*range(10), *range(18, 30)], id="nothing seen is not quiet"
        ),
    ],
)
def test_no_story(rows: Rows, built: Built, shown: Shown, days: Iterable[int]) -> None:
    fill(rows, shown, days)
    assert built("firsts").is_empty()


def test_after_a_quiet_week_there_is_a_second_story(rows: Rows, built: Built) -> None:
    fill(rows, {("A", 10, 8): ["Cher"], ("B", 11, 8): ["Cher"], ("B", 18, 8): ["Cher"], ("A", 19, 8): ["Cher"]})
    assert {site: row[:2] for site, row in firsts(built).items()} == {"A": (2, 1.0), "B": (2, 1.0)}
