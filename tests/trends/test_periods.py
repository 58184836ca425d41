"""Shares by period. The tables below are counted by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.trends.rows import Built, Rows, on

MONDAY = date(2026, 11, 2)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.fixture
def fortnight(rows: Rows) -> Rows:
    """Two sites, once a day, over twelve days.

    A: days 0-8 seen, 9 failed, 10 skipped, 11 seen. B: seen on days 0, 1, 7 and 11 only, else not tried.
    Cher: on A on days 0, 1, 2 (twice on 2), on B on day 1, again on A on day 11. Prominence 1 each, 2 on day 2.
    Adele: once, on B on day 7, below the fold.
    """
    for number in range(9):
        who: list[Any] = ["Cher"] if number < 2 else []
        if number == 2:
            who = [{"name": "Cher", "prominence": 2.0}, {"name": "Cher", "prominence": 2.0, "above_fold": False}]
        rows.seen("A", on(number), *who)
    rows.missed("A", on(9), "failed")
    rows.missed("A", on(10), "skipped")
    rows.seen("A", on(11), "Cher")
    rows.seen("B", on(0))
    rows.seen("B", on(1), "Cher")
    rows.seen("B", on(7), {"name": "Adele", "above_fold": False})
    rows.seen("B", on(11))
    return rows


def test_days(fortnight: Rows, built: Built) -> None:
    counts = ["captures", "seen", "share", "sites", "sites_seen", "sightings", "prominence", "above_fold"]
    assert built("days").select("name", "period", *counts).rows() == [
        ("Adele", day(7), 1, 2, 0.5, 1, 2, 1, 1.0, 0.0),
        ("Cher", day(0), 1, 2, 0.5, 1, 2, 1, 1.0, 1.0),
        ("Cher", day(1), 2, 2, 1.0, 2, 2, 2, 2.0, 1.0),
        # Two faces on one page are one capture: one of them is above the fold.
        ("Cher", day(2), 1, 1, 1.0, 1, 1, 2, 4.0, 1.0),
        ("Cher", day(11), 1, 2, 0.5, 1, 2, 1, 1.0, 1.0),
    ]


def test_weeks_and_months(fortnight: Rows, built: Built) -> None:
    # Week 1: A seen on 7 days, B on 2: 9. Week 2: A on days 7, 8, 11, B on 7, 11: 5.
    columns = ["name", "period", "captures", "seen", "share", "sites", "sightings", "prominence"]
    assert built("weeks").select(columns).rows() == [
        ("Adele", day(7), 1, 5, 0.2, 1, 1, 1.0),
        ("Cher", day(0), 4, 9, round(4 / 9, 6), 2, 5, 7.0),
        ("Cher", day(7), 1, 5, 0.2, 1, 1, 1.0),
    ]
    # A month has all fourteen seen captures: the failed and the skipped one are not among them.
    assert built("months").select("name", "period", "captures", "seen").rows() == [
        ("Adele", date(2026, 11, 1), 1, 14),
        ("Cher", date(2026, 11, 1), 5, 14),
    ]


def test_periods_tell_what_was_not_seen(fortnight: Rows, built: Built) -> None:
    table = built("periods").rows_by_key("kind", named=True)
    assert {kind: len(rows) for kind, rows in table.items()} == {"day": 12, "week": 2, "month": 1}
    counts = {row["period"]: (row["seen"], row["skipped"], row["failed"], row["sites_seen"]) for row in table["day"]}
    assert counts[day(9)] == (0, 0, 1, 0)
    assert counts[day(10)] == (0, 1, 0, 0)
    assert counts[day(11)] == (2, 0, 0, 2)
    assert [(row["seen"], row["skipped"], row["failed"]) for row in table["week"]] == [(9, 0, 0), (5, 1, 1)]


def test_days_without_any_capture_are_there_as_gaps(rows: Rows, built: Built) -> None:
    rows.seen("A", on(0), "Cher")
    rows.seen("A", on(3), "Cher")
    periods = built("periods").rows_by_key("kind", named=True)
    assert [(row["period"], row["seen"]) for row in periods["day"]] == [(day(n), n in (0, 3)) for n in range(4)]


def test_a_week_begins_on_monday_and_a_day_at_midnight_utc(rows: Rows, built: Built) -> None:
    rows.seen("A", on(6, hour=23), "Cher")
    rows.seen("A", on(7, hour=0), "Cher")
    assert built("weeks")["period"].to_list() == [day(0), day(7)]
    assert built("days")["period"].to_list() == [day(6), day(7)]


def test_prominence_of_older_files_is_unknown_not_zero(rows: Rows, built: Built) -> None:
    rows.seen("A", on(0), {"name": "Cher", "prominence": None})
    assert built("days")["prominence"].to_list() == [None]
    assert built("people")["prominence_28d"].to_list() == [None]


def test_appearances_by_site_and_week(fortnight: Rows, built: Built) -> None:
    assert built("appearances").select("name", "site", "week", "captures").rows() == [
        ("Adele", "B", day(7), 1),
        ("Cher", "A", day(0), 3),
        ("Cher", "A", day(7), 1),
        ("Cher", "B", day(0), 1),
    ]


class TestBreaks:
    def breaks(self, built: Built, kind: str = "day") -> list[tuple[date, str]]:
        rows = built("periods").rows_by_key("kind", named=True)[kind]
        return [(row["period"], row["break"]) for row in rows if row["break"]]

    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"recognizer": "rekognition"}, "recognizer"),
            ({"recognizer_version": "2"}, "recognizer"),
            ({"gallery": None}, "gallery"),
            ({"source": "archive"}, "source"),
            ({"adverts_counted": False}, "adverts"),
            ({"gallery": "def", "recognizer_version": "2"}, "recognizer, gallery"),
        ],
    )
    def test_marks_the_period_of_the_first_capture_under_another(
        self, rows: Rows, built: Built, facts: dict[str, Any], said: str
    ) -> None:
        for number in (0, 1):
            rows.seen("A", on(number))
        for number in (8, 9):
            rows.seen("A", on(number), **facts)
        assert self.breaks(built) == [(day(8), said)]
        assert self.breaks(built, "week") == [(day(7), said)]
        assert built("site_days").select("day", "break").rows() == [
            *((day(n), None) for n in (0, 1)),
            (day(8), said),
            (day(9), None),
        ]

    def test_adverts_that_go_on_to_count_are_none(self, rows: Rows, built: Built) -> None:
        rows.seen("A", on(0), adverts_counted=None)
        rows.seen("A", on(1), adverts_counted=True)
        assert self.breaks(built) == []

    @pytest.mark.parametrize(("gallery", "expected"), [("abc", []), ("def", [(day(2), "gallery")])])
    def test_a_site_that_failed_between_is_compared_when_it_is_seen_again(
        self, rows: Rows, built: Built, gallery: str, expected: list[Any]
    ) -> None:
        rows.seen("A", on(0))
        rows.missed("A", on(1))
        rows.seen("A", on(2), gallery=gallery)
        assert self.breaks(built) == expected

    def test_sites_that_differ_from_one_another_are_none(self, rows: Rows, built: Built) -> None:
        for number in range(3):
            rows.seen("A", on(number))
            rows.seen("B", on(number), gallery="def")
        assert self.breaks(built) == []


@pytest.mark.parametrize(("counted", "who"), [(None, {"Cher", "Adele"}), (True, {"Cher", "Adele"}), (False, {"Cher"})])
def test_who_is_shown_in_adverts_alone_counts_where_they_do(
    rows: Rows, built: Built, counted: bool | None, who: set[str]
) -> None:
    adele = {"name": "Adele", "placement": "advert"}
    rows.seen("A", on(0), {"name": "Cher", "placement": "embed"}, adele, adverts_counted=counted)
    assert set(built("days")["name"]) == set(built("people")["name"]) == who
    assert built("days")["share"].to_list() == [1.0] * len(who)
