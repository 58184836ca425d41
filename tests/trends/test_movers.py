"""Movers. Two sites once a day: 14 site-days in the latest week, 56 in the four weeks before."""

from __future__ import annotations

from math import log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.trends.rows import Built, Rows, on

if TYPE_CHECKING:
    from collections.abc import Iterable

BY_HAND_Z = 3.430736
"""Of test_by_hand, which counts it."""

# Days 0-27 are before, 28-34 now: the newest run is on day 34.
ALL, BEFORE, NOW = range(35), range(28), range(28, 35)


def fill(rows: Rows, shown: dict[tuple[str, int], list[str]], days: Iterable[int] = ALL, sites: str = "AB") -> None:
    for day in days:
        for site in sites:
            rows.seen(site, on(day), *shown.get((site, day), []))


def showing(name: str, site: str, days: Iterable[int]) -> dict[tuple[str, int], list[str]]:
    return {(site, day): [name] for day in days}


BY_HAND = showing("Cher", "A", [0, 3, 7, 10, 14, 17, 21, 24, *range(28, 34)]) | showing("Cher", "B", range(30, 34))


def mover(built: Built, name: str, kind: str = "week") -> dict[str, Any]:
    return built("movers").row(by_predicate=(pl.col("name") == name) & (pl.col("kind") == kind), named=True)


def test_by_hand(rows: Rows, built: Built) -> None:
    # Now: A on 6 of 7 days, B on 4: 10 of 14 site-days. Before: A on two days of each week: 8 of 56.
    fill(rows, BY_HAND)
    # The prior at the share of both, (10 + 8 + 1/2) / (14 + 56 + 1): 2 site-days with her, and as many without as that
    # leaves, 2 × (71 - 18.5) / 18.5 = 5.68, in each window.
    without = 2 * 52.5 / 18.5
    cells = [10 + 2, 4 + without, 8 + 2, 48 + without]
    change = log(cells[0] / cells[1]) - log(cells[2] / cells[3])
    error = sqrt(sum(1 / cell for cell in cells))
    row = mover(built, "Cher")
    assert (row["captures_now"], row["seen_now"], row["captures_before"], row["seen_before"]) == (10, 14, 8, 56)
    assert (row["share_now"], row["share_before"]) == pytest.approx((10 / 14, 8 / 56), abs=1e-6)
    assert row["change"] == pytest.approx(change, abs=1e-6)
    assert (row["low"], row["high"]) == pytest.approx((change - 1.96 * error, change + 1.96 * error), abs=1e-6)
    assert row["z"] == pytest.approx(change / error, abs=1e-6)
    assert row["z"] == pytest.approx(BY_HAND_Z, abs=1e-5)
    # Two in each week: less apart than chance would have them, which makes nothing surer.
    assert row["dispersion"] == 1
    assert (row["mover"], row["period"]) == ("rising", on(28).date())
    assert row["across_break"] is False


def test_two_runs_of_a_day_are_one_piece_of_evidence(rows: Rows, built: Built) -> None:
    # As above, and every page seen again 12 h before, with the same people.
    for day in ALL:
        for site in "AB":
            for hour in (8, -4):
                rows.seen(site, on(day, hour), *BY_HAND.get((site, day), []))
    row = mover(built, "Cher")
    assert (row["captures_now"], row["seen_now"]) == (20, 28)
    assert row["z"] == pytest.approx(BY_HAND_Z, abs=1e-5)


def test_what_comes_in_clusters_is_less_sure(rows: Rows, built: Built) -> None:
    # Before: 8 site-days in one week, none in the three others. Share p = 8/56 = 1/7; Pearson's χ² is
    # (Σ y²/n - p²·56) / (p(1 - p)) = (64/14 - 8/7) / (6/49) = 28, with three degrees of freedom.
    days = [*range(7, 11), *range(28, 34)]
    fill(rows, showing("Cher", "A", days) | showing("Cher", "B", [*range(7, 11), *range(30, 34)]))
    row = mover(built, "Cher")
    assert row["dispersion"] == pytest.approx(28 / 3, abs=1e-6)
    assert row["z"] == pytest.approx(BY_HAND_Z / sqrt(28 / 3), abs=1e-5)
    assert row["mover"] == "steady"


def test_falling_to_none(rows: Rows, built: Built) -> None:
    fill(rows, showing("Cher", "A", BEFORE) | showing("Cher", "B", BEFORE))
    row = mover(built, "Cher")
    assert (row["mover"], row["captures_now"]) == ("falling", 0)
    assert row["z"] < -1.96


def test_as_ever_is_no_change(rows: Rows, built: Built) -> None:
    fill(rows, showing("Cher", "A", ALL) | showing("Adele", "A", range(0, 35, 7)))
    for name in ("Cher", "Adele"):
        row = mover(built, name)
        assert row["mover"] == "steady"
        # Not quite 0: half a site-day more makes the prior's share.
        assert abs(row["change"]) < 0.05
        assert row["q"] > 0.9


@pytest.mark.parametrize(
    ("on_a", "on_b", "days", "kind"),
    [
        pytest.param([30], [], ALL, "steady", id="once is no trend"),
        pytest.param([30, 31], [], ALL, "newcomer", id="never before"),
        pytest.param([30], [30], ALL, "newcomer", id="on two sites on one day"),
        pytest.param([27, 30, 31], [], ALL, "steady", id="once before"),
        pytest.param([30, 31], [], [*range(15, 28), *NOW], "steady", id="more than half of the time before unknown"),
        pytest.param([30, 31], [], [*range(14, 28), *NOW], "newcomer", id="half of it is enough"),
        pytest.param([-5, 30, 31], [], range(-10, 35), "returner", id="seen long ago"),
    ],
)
def test_newcomers(rows: Rows, built: Built, on_a: list[int], on_b: list[int], days: Iterable[int], kind: str) -> None:
    fill(rows, showing("Cher", "A", on_a) | showing("Cher", "B", on_b), days)
    assert mover(built, "Cher")["mover"] == kind
    assert built("people")["mover"].to_list() == [kind]


def test_a_new_site_brings_no_newcomer(rows: Rows, built: Built) -> None:
    # C begins in the latest week: whom only it shows is not compared, but is there.
    fill(rows, showing("Cher", "A", range(0, 35, 7)))
    fill(rows, {("C", day): ["Adele", "Cher"] for day in NOW}, NOW, "C")
    assert built("movers").filter(kind="week")["name"].to_list() == ["Cher"]
    row = mover(built, "Cher")
    assert (row["captures_now"], row["seen_now"]) == (1, 14)
    people = dict(built("people").select("name", "mover").iter_rows())
    assert people == {"Cher": "steady", "Adele": "steady"}


class TestWhatIsNoEvidence:
    def test_one_day_on_many_sites_is_no_trend(self, rows: Rows, built: Built) -> None:
        sites = "ABCDEFGHI"
        fill(rows, {(site, 34): ["Cher"] for site in sites} | {("A", -20): ["Cher"]}, range(-20, 35), sites)
        row = mover(built, "Cher")
        assert (row["mover"], row["z"] > 1.96, row["q"]) == ("returner", True, None)

    def test_three_site_days_on_two_days_are_the_least(self, rows: Rows, built: Built) -> None:
        fill(rows, showing("Cher", "A", [30, 31, 32]) | showing("Adele", "B", [30, 31]))
        assert mover(built, "Cher")["q"] is not None
        assert mover(built, "Adele")["q"] is None

    def test_failed_and_skipped_captures_are_not_seen_without_somebody(self, rows: Rows, built: Built) -> None:
        # A shows Cher whenever it is seen, B never. A fails or is skipped for most of the latest week.
        for day in ALL:
            rows.seen("B", on(day))
            if day in BEFORE or day == 34:
                rows.seen("A", on(day), "Cher")
            else:
                rows.missed("A", on(day), "failed" if day % 2 else "skipped")
        row = mover(built, "Cher")
        assert (row["seen_now"], row["captures_now"]) == (8, 1)
        # Now 1 site-day of A of 8; before, weighted alike, 1/8 of the site-days in effect show her too.
        assert row["change"] == pytest.approx(0, abs=0.05)
        assert row["mover"] == "steady"

    def test_without_a_time_before_there_is_nothing_to_compare(self, rows: Rows, built: Built) -> None:
        fill(rows, showing("Cher", "A", NOW), NOW)
        assert built("movers").is_empty()
        (row,) = built("people").rows(named=True)
        assert (row["mover"], row["change"], row["z"]) == ("steady", None, None)


@pytest.mark.parametrize(
    ("facts", "day", "across"),
    [
        ({"gallery": "def"}, 20, True),
        ({"recognizer": "rekognition"}, 20, True),
        ({"recognizer_version": "2"}, 20, True),
        ({"source": "archive"}, 20, True),
        ({"gallery": "def"}, 0, False),
        ({"gallery": "def"}, -3, False),
    ],
)
def test_breaks_are_told_where_they_lie_between(
    rows: Rows, built: Built, facts: dict[str, Any], day: int, across: bool
) -> None:
    for number in range(-10, 35):
        rows.seen("A", on(number), "Cher", **(facts if number >= day else {}))
    assert mover(built, "Cher")["across_break"] is across
    assert built("people")["across_break"].to_list() == [across]


def test_month_compares_28_days_with_112(rows: Rows, built: Built) -> None:
    fill(rows, showing("Cher", "A", [*range(0, 112, 4), *range(112, 140)]), range(-5, 140))
    row = mover(built, "Cher", "month")
    assert (row["seen_now"], row["seen_before"], row["captures_now"], row["captures_before"]) == (56, 224, 28, 28)
    assert (row["mover"], row["period"]) == ("rising", on(112).date())


def test_q_is_benjamini_and_hochbergs(rows: Rows, built: Built) -> None:
    days = {"Ann": range(28, 35), "Bea": [0, 14, 28, 29, 31, 33], "Cis": [0, 7, 14, 21, 28, 29]}
    days |= {"Dot": [0, 7, 14, 21, 28], "Eve": [1, 30]}
    fill(rows, {("A", day): [name for name, on_days in days.items() if day in on_days] for day in ALL})
    table = built("movers").filter(kind="week")
    # Eve has two site-days only: she is not tested.
    assert table.filter(pl.col("q").is_null())["name"].to_list() == ["Eve"]
    # The k-th smallest of n p-values, times n / k; and no less than that of any smaller one.
    p = 2 * (1 - pl.Series([NormalDist().cdf(abs(z)) for z in table.drop_nulls("q")["z"]])).sort()
    q = [min(p[at] * len(p) / (at + 1) for at in range(k, len(p))) for k in range(len(p))]
    assert sorted(table["q"].drop_nulls()) == pytest.approx(q, abs=2e-6)
