from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from celeb_ops import keys
from celeb_ops.dataset import captures_of, merge
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.exceptions import NotStoredError, RecordError
from celeb_ops.records import Outcome, Result
from tests.factories import RUN_TIME, a_result, a_screenshot, saved

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.store import FolderStore, Store


def seen(store: Store, site: str, *names: str, when: datetime = RUN_TIME) -> Result:
    """A result whose screenshot is in the store."""
    key = saved(store, a_screenshot(site=site, time=when, parts=[]))
    return a_result(site, *names, time=when, screenshot=key, calls=2, cost_usd=0.002)


def failed(site: str, when: datetime = RUN_TIME) -> Outcome:
    return Outcome(site=site, time=when, outcome="failed", task="screenshot", reason="HTTP 503")


def skipped(site: str, when: datetime = RUN_TIME) -> Outcome:
    return Outcome(site=site, time=when, outcome="skipped", task="screenshot", reason="too late")


def files(store: Store) -> dict[str, bytes]:
    """The dataset's files."""
    return {key: store.read(key) for key in store.list("") if key.startswith(("Celebs", "Captures/", "Sightings/"))}


def rows_of(content: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(content))


def test_a_run_is_in_all_three_tables(store: Store) -> None:
    done = merge(
        store,
        RUN_TIME,
        [seen(store, "TMZ", "Zendaya", "Cher"), seen(store, "EONLINE", "Cher")],
        [failed("PEOPLE"), skipped("VARIETY")],
    )
    assert files(store).keys() == {"Celebs.csv", "Captures/2026-11.parquet", "Sightings/2026-11.parquet"}
    assert [(row[1], row[2]) for row in read_csv(store.read(keys.CSV)).values()] == [
        ("EONLINE", "Cher"),
        ("TMZ", "Cher; Zendaya"),
    ]
    assert {row["site"]: row["outcome"] for row in captures_of(store, RUN_TIME)} == {
        "EONLINE": "seen",
        "PEOPLE": "failed",
        "TMZ": "seen",
        "VARIETY": "skipped",
    }
    assert (done.seen, done.failed, done.skipped) == (["EONLINE", "TMZ"], ["PEOPLE"], ["VARIETY"])
    assert (done.celebrities, done.calls, done.cost_usd, done.changed) == (["Cher", "Zendaya"], 4, 0.004, True)


def test_a_second_merge_changes_nothing(store: Store) -> None:
    given = [seen(store, "TMZ", "Zendaya", "Cher"), seen(store, "EONLINE")], [failed("PEOPLE")]
    merge(store, RUN_TIME, *given)
    before = files(store)
    assert merge(store, RUN_TIME, *given).changed is False
    assert files(store) == before


def test_the_order_of_the_sites_does_not_matter(folder_store: FolderStore) -> None:
    results = [seen(folder_store, site, "Cher", "Adele") for site in ("TMZ", "EONLINE", "PEOPLE")]
    merge(folder_store, RUN_TIME, results, [])
    assert merge(folder_store, RUN_TIME, results[::-1], []).changed is False


def test_a_site_that_comes_back_adds_just_its_row(store: Store) -> None:
    merge(store, RUN_TIME, [seen(store, "TMZ", "Cher")], [failed("PEOPLE")])
    before = files(store)
    merge(store, RUN_TIME, [seen(store, "TMZ", "Cher"), seen(store, "PEOPLE", "Adele")], [])
    after = files(store)
    assert set(after[keys.CSV].splitlines()) - set(before[keys.CSV].splitlines()) == {
        b"2026-11-23T08:00:00Z,PEOPLE,Adele,2026-11-23T08:00:00Z,live"
    }
    key = keys.sightings(RUN_TIME)
    assert rows_of(after[key]).filter(pl.col("site") != "PEOPLE").equals(rows_of(before[key]))
    assert [row["outcome"] for row in captures_of(store, RUN_TIME)] == ["seen", "seen"]


def test_a_site_that_fails_later_stays_seen_in_all_tables(folder_store: FolderStore) -> None:
    merge(folder_store, RUN_TIME, [seen(folder_store, "TMZ", "Cher")], [])
    before = files(folder_store)
    assert merge(folder_store, RUN_TIME, [], [failed("TMZ")]).changed is False
    assert files(folder_store) == before


def test_a_run_in_which_nobody_was_seen_is_a_run_too(folder_store: FolderStore) -> None:
    merge(folder_store, RUN_TIME, [], [failed("TMZ")])
    assert folder_store.read(keys.CSV) == b"time,site,celebrities,captured_at,source\n"
    assert [row["outcome"] for row in captures_of(folder_store, RUN_TIME)] == ["failed"]


def test_merges_at_once_lose_nothing(store: Store) -> None:
    runs = [RUN_TIME + timedelta(hours=12 * number) for number in range(6)]
    given = [([seen(store, "TMZ", "Cher", when=when)], [failed("PEOPLE", when)]) for when in runs]
    with ThreadPoolExecutor(len(runs)) as pool:
        done = list(pool.map(lambda when, one: merge(store, when, *one), runs, given))
    assert all(one.changed for one in done)
    assert [row[0] for row in read_csv(store.read(keys.CSV)).values()] == [keys.iso(when) for when in runs]
    assert rows_of(store.read(keys.captures(RUN_TIME)))["time"].to_list() == sorted(runs * 2)
    assert rows_of(store.read(keys.sightings(RUN_TIME)))["time"].to_list() == runs


def test_nothing_is_written_where_the_csv_can_not_be_read(store: Store) -> None:
    store.write(keys.CSV, b"<html>")
    with pytest.raises(RecordError):
        merge(store, RUN_TIME, [seen(store, "TMZ", "Cher")], [])
    assert files(store) == {keys.CSV: b"<html>"}


def test_nothing_is_written_where_a_screenshot_is_gone(folder_store: FolderStore) -> None:
    gone = a_result("TMZ", "Cher", screenshot="Images/gone.json")
    with pytest.raises(NotStoredError, match=r"Images/gone\.json is not there"):
        merge(folder_store, RUN_TIME, [gone], [])
    assert files(folder_store) == {}
