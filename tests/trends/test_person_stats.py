"""One row a person, counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.trends.rows import Built, Rows, on

if TYPE_CHECKING:
    from collections.abc import Sequence


def person(built: Built, name: str = "Cher") -> dict[str, Any]:
    return built("people").filter(name=name).row(0, named=True)


def test_counts_since_the_first_time(rows: Rows, built: Built) -> None:
    # Newest run: day 40, 08:00. 28 days back: after day 12, 08:00; 7 days back: after day 33, 08:00.
    rows.seen("B", on(0), {"name": "Cher", "confidence": 60.0, "id": "old"})
    rows.seen("A", on(12), {"name": "Cher", "confidence": 70.0})  # exactly 28 days before: outside
    rows.seen("A", on(12, hour=20), {"name": "Cher", "confidence": 80.0}, {"name": "Cher", "confidence": 55.0})
    rows.seen("A", on(33), {"name": "Cher", "confidence": 90.0, "id": "new"})  # exactly 7 days before: outside
    rows.seen("A", on(40), {"name": "Cher", "confidence": 99.0, "prominence": 2.5})
    rows.seen("B", on(40))
    rows.missed("C", on(40))
    row = person(built)
    assert (row["first_seen"], row["last_seen"], row["first_site"]) == (on(0), on(40), "B")
    assert (row["captures"], row["sightings"], row["sites"], row["days"]) == (5, 6, 2, 4)
    # Of the latest 28 days: 4 seen captures, 3 with her; of 7: 2 and 1.
    assert (row["captures_28d"], row["share_28d"], row["captures_7d"], row["share_7d"]) == (3, 0.75, 1, 0.5)
    assert (row["sites_28d"], row["sites_7d"], row["prominence_28d"]) == (1, 1, 1 + 1 + 1 + 2.5)
    # The surest of each capture: 60, 70, 80, 90, 99.
    assert row["confidence"] == 80
    assert row["id"] == "new"


def test_the_most_shown_of_late_come_first_then_by_name(rows: Rows, built: Built) -> None:
    for number in range(5):
        rows.seen("A", on(number), "Cher")
    rows.seen("A", on(60), "Zoe", "Adele", "Bo")
    rows.seen("A", on(61), "Bo")
    assert built("people")["name"].to_list() == ["Bo", "Adele", "Zoe", "Cher"]


def test_of_several_first_sites_the_first_by_name(rows: Rows, built: Built) -> None:
    for site in ("B", "A", "C"):
        rows.seen(site, on(0), "Cher")
    assert person(built)["first_site"] == "A"


@pytest.mark.parametrize(
    ("seen", "shown", "longest", "now"),
    [
        pytest.param(range(10), {0, 1, 2, 5, 8, 9}, 3, 2, id="the longest and the latest"),
        pytest.param([0, 1, 4, 5], {0, 1, 4, 5}, 4, 4, id="days on which nothing was seen break none, count for none"),
        pytest.param(range(5), {0, 1, 3, 4}, 2, 2, id="a day on which she was not shown breaks it"),
        pytest.param(range(5), {0, 1, 2, 3, 4}, 5, 5, id="up to the newest day"),
        pytest.param(range(5), {0, 1, 2, 3}, 4, 4, id="the newest day is still open"),
        pytest.param(range(5), {0, 1, 2}, 3, 0, id="it is over"),
        pytest.param(range(27, 31), set(range(27, 31)), 4, 4, id="over the turn of a month"),
    ],
)
def test_days_in_a_row(rows: Rows, built: Built, seen: Sequence[int], shown: set[int], longest: int, now: int) -> None:
    for day in range(seen[0], seen[-1] + 1):
        if day in seen:
            rows.seen("A", on(day), *(["Cher"] if day in shown else []))
        else:
            rows.missed("A", on(day), "skipped" if day % 2 else "failed")
    row = person(built)
    assert (row["longest_streak_days"], row["streak_days"]) == (longest, now)


class TestFace:
    def test_the_surest_of_the_newest_with_the_newest_headline(self, rows: Rows, built: Built) -> None:
        rows.seen("A", on(0), {"name": "Cher", "confidence": 95.0, "crop": "sure", "headline": "Old", "link": "x"})
        rows.seen("A", on(1), {"name": "Cher", "confidence": 80.0, "crop": "new", "headline": "New", "link": "y"})
        rows.seen("A", on(2), {"name": "Cher", "confidence": 70.0, "crop": "newest", "headline": "", "link": "z"})
        row = person(built)
        assert (row["crop"], row["headline"], row["link"]) == ("sure", "New", "y")

    def test_what_is_old_enough_is_no_longer_the_face(self, rows: Rows, built: Built) -> None:
        rows.seen("A", on(0), {"name": "Cher", "confidence": 99.0, "crop": "old"})
        for number in range(1, 25):
            rows.seen("A", on(number), {"name": "Cher", "confidence": 60 + number / 10, "crop": f"c{number}"})
        assert person(built)["crop"] == "c24"
