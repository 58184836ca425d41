from __future__ import annotations

import pytest

from tests.trends.rows import Built, Rows, on


@pytest.fixture
def month(rows: Rows) -> Rows:
    """A: seen on days 0 and 30 (and 35 anew), then two failures with a skipped run between. B: never seen."""
    rows.seen("A", on(0), "Cher", faces=9, calls=4, calls_saved=1, cost_usd=0.004)
    rows.seen("A", on(30), "Cher", "Cher", "Adele", faces=4, calls=2, calls_saved=3, cost_usd=0.002)
    rows.seen("A", on(35), faces=5, calls=1, calls_saved=0, cost_usd=0.001, recognizer="rekognition", gallery=None)
    rows.missed("A", on(36))
    rows.missed("A", on(37), "skipped")
    rows.missed("A", on(38))
    rows.missed("B", on(38))
    return rows


def test_sites(month: Rows, built: Built) -> None:
    a, b = built("sites").rows(named=True)
    assert a == {
        "site": "A",
        "last_time": on(38),
        "last_outcome": "failed",
        "last_reason": "It failed.",
        "captures": 6,
        "seen": 3,
        "skipped": 1,
        "failed": 2,
        "failed_in_a_row": 2,
        # Cher on day 0, Cher and Adele on day 30, nobody on day 35.
        "people_per_capture": 1.0,
        "faces_per_capture": 6.0,
        # After day 10.
        "calls_28d": 3,
        "calls_saved_28d": 3,
        "cost_28d": 0.003,
        "recognizer": "rekognition 1",
        "gallery": None,
        "source": "live",
    }
    assert (b["captures"], b["failed_in_a_row"], b["people_per_capture"], b["recognizer"]) == (1, 1, None, None)


def test_site_days(month: Rows, built: Built) -> None:
    assert built("site_days").drop("day").rows() == [
        ("A", 1, 0, 0, 1, 9, 4, 0.004, None),
        ("A", 1, 0, 0, 2, 4, 2, 0.002, None),
        ("A", 1, 0, 0, 0, 5, 1, 0.001, "recognizer, gallery"),
        ("A", 0, 0, 1, 0, 0, 0, 0.0, None),
        ("A", 0, 1, 0, 0, 0, 0, 0.0, None),
        ("A", 0, 0, 1, 0, 0, 0, 0.0, None),
        ("B", 0, 0, 1, 0, 0, 0, 0.0, None),
    ]


def test_runs_newest_first(month: Rows, built: Built) -> None:
    assert built("runs").rows()[0] == (on(38), 0, 0, 0, 2, 0, 0, 0.0)
    assert built("runs").rows()[4] == (on(30), 1, 0, 0, 0, 2, 2, 0.002)


def test_runs_tell_which_of_the_seen_pages_came_from_an_archive(rows: Rows, built: Built) -> None:
    rows.seen("A", on(0), "Cher", source="archive")
    rows.seen("B", on(0))
    rows.seen("C", on(0), source="archive")
    rows.seen("D", on(0), source=None)
    rows.missed("E", on(0))
    rows.captures[-1]["source"] = "archive"
    (run,) = built("runs").select("seen", "archived", "skipped", "failed").rows()
    assert run == (4, 2, 0, 1)
