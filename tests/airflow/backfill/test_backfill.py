"""A backfill from Airflow's UI: the people of the days it is of, and nobody of any other day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from celeb_ops.core import keys
from celeb_ops.core.settings import Settings
from tests.airflow.backfill.newsroom import GAPS, PEOPLE, SEEN, SITES, TIMES, TODAY, WINDOW_H, archived_at
from tests.airflow.backfill.state import left_over

if TYPE_CHECKING:
    from tests.airflow.backfill.past import Past
    from tests.airflow.backfill.state import State

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]


def test_its_rows_are_those_of_the_days(past: Past, clean: State) -> None:
    assert set(past.ended().values()) == {"success"}
    expected = [
        ",".join(
            [
                keys.iso(when),
                site,
                "; ".join(sorted(PEOPLE[site, when])),
                keys.iso(archived_at(site, when)),
                "archive",
            ]
        )
        for when in SEEN
        for site in SITES
    ]
    assert clean.csv.decode().splitlines() == ["time,site,celebrities,captured_at,source", *expected]


def test_nobody_of_today_or_of_a_later_year_was_seen(past: Past, clean: State) -> None:
    # The sites' people are told apart: each is missing somewhere, and there the page tries to show them.
    assert all(any(name not in people for people in PEOPLE.values()) for name in ("Grace Hopper", "Eileen Collins"))
    assert past.newsroom.pictures.asked == []
    seen = {(row["site"], row["time"]): row for row in clean.captures if row["outcome"] == "seen"}
    for (site, when), people in PEOPLE.items():
        row = seen[site, when]
        assert (row["faces"], row["unrecognised"]) == (len(people), 0)
        others = 2 - len(people)
        # The script asks twice for each of them.
        assert row["images_missing"] == {"ALPHA": 2 * others, "BETA": others, "GAMMA": 0}[site]


def test_what_was_seen_says_where_it_is_from(past: Past, clean: State) -> None:
    mementos = {
        (site, when): past.newsroom.archive.memento(f"https://{site.lower()}.example/", archived_at(site, when), "")
        for site in SITES
        for when in SEEN
    }
    assert {(row["site"], row["time"], row["name"]) for row in clean.sightings} == {
        (site, when, name) for (site, when), people in PEOPLE.items() for name in people
    }
    for row in clean.sightings:
        assert row["source"] == "archive"
        assert row["captured_at"] == archived_at(row["site"], row["time"])
        assert row["memento"] == mementos[row["site"], row["time"]]
    seen = [row for row in clean.captures if row["outcome"] == "seen"]
    assert {(row["site"], row["time"]): row["memento"] for row in seen} == mementos
    assert {row["source"] for row in seen} == {"archive"}


def test_what_the_archive_lacks_is_skipped_and_says_why(clean: State) -> None:
    rows = [row for row in clean.captures if row["outcome"] != "seen"]
    assert {(row["site"], row["time"], row["outcome"]) for row in rows} == {
        (site, when, "skipped") for site in SITES for when in GAPS
    }
    for row in rows:
        near = min((archived_at(row["site"], when) for when in SEEN), key=lambda at: abs(at - row["time"]))
        assert abs(near - row["time"]) > timedelta(hours=WINDOW_H)
        assert f"within {WINDOW_H} h" in row["reason"]
        assert keys.iso(near) in row["reason"]
        assert row["source"] is None


def test_a_live_run_went_on_beside_it(past: Past) -> None:
    when = keys.iso(past.live)
    lines = [line.split(",") for line in past.store.read(keys.CSV).decode().splitlines()]
    assert [(line[1], line[2], line[4]) for line in lines if line[0] == when] == [(TODAY, "", "live")]
    captures = pl.read_parquet(past.store.root / keys.captures(past.live)).filter(pl.col("time") == past.live)
    assert captures.select("site", "outcome", "source", "memento").rows() == [(TODAY, "seen", "live", None)]


def test_ten_runs_at_once_share_the_browsers(past: Past) -> None:
    assert 0 < max(past.browsers_at_once) <= Settings.load({}).browsers
    assert len(past.runs()) == len(TIMES)
    assert left_over(past.folder) == []
