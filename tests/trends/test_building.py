"""All tables together: what holds for any dataset."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.store import FolderStore
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    import random

    from celeb_ops.core.store import Store

ODD = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "Zoë \u202eevil",
    "Beyoncé; Jay-Z",
    "李小龍",
    "",
    "a" * 10_000,
    "../x",
    "\0",
]


def tables(store: Store) -> dict[str, pl.DataFrame]:
    return {name: trends.load(store, name) for name in trends.SCHEMAS}


def test_an_empty_store_gives_empty_tables(store: Store) -> None:
    made = trends.build(store)
    assert (made.captures, made.people, made.changed) == (0, 0, list(trends.SCHEMAS))
    for name, table in tables(store).items():
        assert table.is_empty(), name
        assert dict(table.schema) == trends.SCHEMAS[name]


def test_months_of_failures_only_and_without_sightings(folder_store: FolderStore, rows: Rows) -> None:
    rows.missed("A", on(0))
    rows.missed("A", on(1), "skipped")
    rows.write(folder_store)
    trends.build(folder_store)
    there = {name for name, table in tables(folder_store).items() if not table.is_empty()}
    assert there == {"periods", "sites", "site_days", "runs"}
    rows.seen("A", on(2))
    rows.seen("A", on(40), "Cher")
    rows.write(folder_store)
    assert not folder_store.exists(keys.sightings(on(0)))
    assert trends.build(folder_store).people == 1


def test_a_second_time_changes_nothing(store: Store, rows: Rows) -> None:
    for day in range(40):
        rows.seen("A", on(day), "Cher", *(["Adele"] if day % 3 else []))
    rows.write(store)
    assert trends.build(store).changed
    before = {key: store.read(key) for key in store.list(keys.TRENDS)}
    assert trends.build(store).changed == []
    assert {key: store.read(key) for key in store.list(keys.TRENDS)} == before
    assert set(before) == {keys.trends(name) for name in trends.SCHEMAS}


def test_odd_names_stay_what_they_are(folder_store: FolderStore, rows: Rows) -> None:
    for day in (0, 1):
        rows.seen("A", on(day), *ODD)
    rows.write(folder_store)
    trends.build(folder_store)
    made = tables(folder_store)
    for name in ("people", "days", "weeks", "together", "appearances", "evidence"):
        assert set(made[name]["name"]) == set(ODD), name
    assert made["people"]["name"].to_list() == sorted(ODD)


def test_a_run_that_is_backfilled_is_counted_in_its_own_time(folder_store: FolderStore, rows: Rows) -> None:
    rows.seen("A", on(40), "Cher")
    rows.write(folder_store)
    trends.build(folder_store)
    rows.seen("A", on(0), "Cher", "Adele", source="archive")
    rows.write(folder_store)
    trends.build(folder_store)
    people = {row["name"]: row for row in tables(folder_store)["people"].iter_rows(named=True)}
    assert (people["Cher"]["first_seen"], people["Cher"]["captures"]) == (on(0), 2)
    assert (people["Adele"]["mover"], people["Adele"]["captures_28d"]) == ("absent", 0)


def test_a_damaged_table_of_the_trends_is_named(folder_store: FolderStore) -> None:
    folder_store.write(keys.trends("people"), b"no table")
    with pytest.raises(RecordError, match=r"Trends/people\.parquet can't be read .* Delete it and run `make report`"):
        trends.load(folder_store, "people")


def test_a_table_of_an_older_version_lacks_nothing(folder_store: FolderStore) -> None:
    path = folder_store.root / keys.trends("firsts")
    pl.DataFrame({"site": ["A"], "stories": [3]}).write_parquet(path, mkdir=True)
    assert trends.load(folder_store, "firsts").rows() == [("A", 3, None, None, None, None)]


CAPTURES = st.dictionaries(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(0, 50), st.sampled_from([8, 20])),
    st.one_of(
        st.sampled_from(["failed", "skipped"]),
        st.lists(st.tuples(st.sampled_from(["Cher", "Adele", "Bo"]), st.sampled_from(["p", "q", None])), max_size=4),
    ),
    max_size=60,
)


def as_rows(captures: dict[tuple[str, int, int], Any]) -> Rows:
    rows = Rows()
    for (site, day, hour), what in captures.items():
        if isinstance(what, str):
            rows.missed(site, on(day, hour), what)
        else:
            faces = ({"name": name, "picture_url": url, "left": left} for left, (name, url) in enumerate(what))
            rows.seen(site, on(day, hour), *faces, gallery="abc" if day < 30 else "def")
    return rows


def built_of(rows: Rows) -> dict[str, pl.DataFrame]:
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        rows.write(store)
        trends.build(store)
        return tables(store)


@settings(max_examples=15)
@given(CAPTURES, st.randoms(use_true_random=False))
def test_any_dataset(captures: dict[tuple[str, int, int], Any], order: random.Random) -> None:
    last = ("B", max((day for _, day, _ in captures), default=0), 20)
    captures = captures | {last: captures.get(last, "failed")}
    made = built_of(as_rows(captures))
    shares_and_counts_add_up(made, captures)
    # Captures that failed or were skipped change no share, wherever the newest run is the same.
    seen_only = {place: what for place, what in captures.items() if not isinstance(what, str) or place == last}
    of_seen = built_of(as_rows(seen_only))
    for name in ("people", "days", "weeks", "months", "movers", "together", "firsts", "appearances", "evidence"):
        assert_frame_equal(made[name], of_seen[name])
    # Nor does the order of rows.
    mixed = as_rows(captures)
    order.shuffle(mixed.captures)
    order.shuffle(mixed.sightings)
    of_mixed = built_of(mixed)
    for name, table in made.items():
        assert_frame_equal(table, of_mixed[name])


def shares_and_counts_add_up(made: dict[str, pl.DataFrame], captures: dict[tuple[str, int, int], Any]) -> None:
    seen = {place: {name for name, _ in what} for place, what in captures.items() if not isinstance(what, str)}
    for name in ("days", "weeks", "months"):
        table = made[name]
        assert ((table["share"] > 0) & (table["share"] <= 1) & (table["sites"] <= table["sites_seen"])).all()
        assert (table["above_fold"] <= 1).all()
        assert table["captures"].sum() == sum(map(len, seen.values()))
    for kind in ("day", "week", "month"):
        assert made["periods"].filter(kind=kind)["seen"].sum() == len(seen)
    people = made["people"]
    assert people["captures"].sum() == sum(map(len, seen.values()))
    assert ((people["share_28d"] <= 1) | people["share_28d"].is_null()).all()
    assert (people["streak_days"] <= people["longest_streak_days"]).all()
    assert (people["longest_streak_days"] <= people["days"]).all()
    assert people["mover"].is_in(["rising", "falling", "newcomer", "returner", "steady", "absent"]).all()
    movers = made["movers"]
    assert ((movers["share_now"] <= 1) & (movers["share_before"] <= 1)).all()
    assert ((movers["low"] <= movers["change"]) & (movers["change"] <= movers["high"])).all()
    assert movers["z"].is_finite().all()
    firsts = made["firsts"]
    assert firsts["first"].sum() == pytest.approx((firsts["stories"] * firsts["chance"]).sum(), abs=1e-4)
    assert made["evidence"].select("name", "picture_url", "time", "site", "left").is_unique().all()
    pairs = set(made["together"].select("name", "other", "pictures", "pages").rows())
    assert {(b, a, *rest) for a, b, *rest in pairs} == pairs
