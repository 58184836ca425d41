from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from celeb_ops import trends
from celeb_ops.report.leaderboard import Query, board, latest, lead
from celeb_ops.report.movement import movement
from celeb_ops.report.table_cache import Tables
from tests.report import history
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore
    from celeb_ops.report.table_cache import Load


def shares(past: FolderStore, days: int, sites: tuple[str, ...] = history.SITES) -> dict[str, float]:
    """Counted from the rows themselves."""
    captures = pl.concat([pl.read_parquet(path) for path in (past.root / "Captures").glob("*.parquet")])
    recent = captures.filter(
        pl.col("time") > history.END - pl.duration(days=days), pl.col("outcome") == "seen", pl.col("site").is_in(sites)
    )
    counts = recent.explode("celebrities").drop_nulls("celebrities").group_by("celebrities").len()
    return {name: n / recent.height for name, n in counts.iter_rows()}


@pytest.mark.parametrize(("period", "days"), [("7d", 7), ("28d", 28), ("all", 400)])
def test_shares_are_of_the_seen_captures_of_the_period(load: Load, past: FolderStore, period: str, days: int) -> None:
    found = board(load, Query(period))
    assert {row["name"]: row["share"] for row in found.rows} == pytest.approx(shares(past, days))
    assert [row["rank"] for row in found.rows] == [1, 2]
    assert found.rows[0]["share"] > found.rows[1]["share"]
    assert found.last == history.END


def test_of_chosen_sites_it_counts_in_whole_weeks(load: Load, past: FolderStore) -> None:
    found = board(load, Query("28d", sites=("DAILY-PLAIN",)))
    # The Monday in or before the first of the 28 days.
    assert found.first == date(2026, 10, 26)
    assert [row["name"] for row in found.rows] == ["Grace Hopper"]
    days = (history.END.date() - found.first).days + 0.5
    assert found.rows[0]["share"] == pytest.approx(shares(past, days, ("DAILY-PLAIN",))["Grace Hopper"], abs=0.02)
    assert found.rows[0]["sites"] == 1


def test_the_change_goes_with_the_period(load: Load) -> None:
    week, month = (board(load, Query(period)).rows[0]["move"] for period in ("7d", "28d"))
    assert week.mover == "rising"
    assert week != month


def test_people_are_found_and_keep_their_rank(load: Load) -> None:
    found = board(load, Query(search="  COLLÍNS "))
    assert [(row["name"], row["rank"]) for row in found.rows] == [("Eileen Collins", 2)]
    assert (found.found, found.pages) == (1, 1)
    # And by movement.
    assert [row["name"] for row in board(load, Query("7d", move="rising")).rows] == ["Grace Hopper"]
    assert board(load, Query("7d", move="newcomer")).rows == ()


def test_nobody_leads_an_empty_store(folder_store: FolderStore) -> None:
    load = Tables(folder_store).now()
    assert lead(load) == latest(load) == []


def test_who_moves_leads(load: Load) -> None:
    (one,) = lead(load)
    assert (one["name"], one["movement"].label) == ("Grace Hopper", "rising")
    assert one["crop"]


def test_the_newest_pictures_show_a_person_once(load: Load) -> None:
    assert sorted(one["name"] for one in latest(load)) == ["Eileen Collins", "Grace Hopper"]


@pytest.mark.parametrize(
    ("mover", "given", "label", "factor"),
    [
        ("rising", {}, "rising", "×2.5 (1.2–5.0)"),
        ("rising", {"high": 99.0}, "rising", "×2.5 (1.2–1097)"),
        ("falling", {"change": -4.0, "low": -9.0, "high": -0.1}, "falling", "×<0.1 (<0.1–0.9)"),
        *((mover, {}, None, "") for mover in ("newcomer", "returner", "absent")),
        ("steady", {"change": None, "low": None, "high": None}, "no clear change", ""),
    ],
)
def test_movement_is_a_factor_with_its_interval_or_a_word(
    mover: str, given: dict[str, Any], label: str | None, factor: str
) -> None:
    row = {"mover": mover, "change": 0.9, "low": 0.2, "high": 1.6, "across_break": False}
    one = movement(row | given)
    assert (one.label, one.factor) == (label or one.label, factor)


def test_whom_a_period_counts(folder_store: FolderStore) -> None:
    # Cher on two sites, on one of them of late; Adele daily, and then no more.
    rows = Rows()
    for day in range(36):
        adele = ["Adele"] if day < 29 else []
        rows.seen("A", on(day, 20), "Cher", *adele)
        rows.seen("B", on(day, 20), *adele, *(["Cher"] if day == 20 else []))
    rows.seen("A", on(36))
    rows.write(folder_store)
    trends.build(folder_store)
    load = Tables(folder_store).now()

    week, month = (board(load, Query(period)) for period in ("7d", "28d"))
    sites = [{row["name"]: row["sites"] for row in one.rows} for one in (week, month)]
    assert (sites[0]["Cher"], sites[1]["Cher"]) == (1, 2)
    # The newest run is at 08:00: the seven days before it begin with the evening of the same weekday.
    assert week.first == on(29).date()
    # Who fell to nothing is found by that.
    assert "Adele" not in sites[0]
    (row,) = board(load, Query("7d", move="falling")).rows
    assert (row["name"], row["captures"], row["share"]) == ("Adele", 0, 0)
