from __future__ import annotations

import io
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, RecordError
from celeb_ops.core.records import Mention, Outcome, Result
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import captures_of, merge
from celeb_ops.dataset.celebs_csv import read_csv
from tests.factories import RUN_TIME, a_result, a_screenshot, a_sighting, saved

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.store import Store


def seen(store: Store, site: str, *names: str, when: datetime = RUN_TIME) -> Result:
    """A result whose screenshot is in the store."""
    key = saved(store, a_screenshot(site=site, time=when, parts=[]))
    return a_result(site, *names, time=when, screenshot=key, calls=2, cost_usd=0.002)


def failed(site: str, when: datetime = RUN_TIME) -> Outcome:
    return Outcome(site=site, time=when, outcome="failed", task="screenshot", reason="HTTP 503")


def skipped(site: str, when: datetime = RUN_TIME) -> Outcome:
    return Outcome(site=site, time=when, outcome="skipped", task="screenshot", reason="too late")


TABLES = ("Celebs", "Captures/", "Mentions/", "Sightings/")


def files(store: Store) -> dict[str, bytes]:
    """The dataset's files."""
    return {key: store.read(key) for key in store.list("") if key.startswith(TABLES)}


def rows_of(content: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(content))


def test_a_run_is_in_all_tables_and_a_second_merge_changes_nothing(store: Store) -> None:
    results = [seen(store, "TMZ", "Zendaya", "Cher"), seen(store, "EONLINE", "Cher")]
    outcomes = [failed("PEOPLE"), skipped("VARIETY")]
    done = merge(store, RUN_TIME, results, outcomes)
    assert files(store).keys() == {
        "Celebs.csv",
        *(f"{table}/2026-11.parquet" for table in ("Captures", "Mentions", "Sightings")),
    }
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
    before = files(store)
    assert merge(store, RUN_TIME, results, outcomes).changed is False
    assert files(store) == before


def test_people_shown_only_in_adverts_are_sightings_but_not_in_the_csv(folder_store: FolderStore) -> None:
    result = seen(folder_store, "TMZ", "Cher", "Zendaya").model_copy(update={"adverts_counted": False})
    advert = result.sightings[1].model_copy(update={"placement": "advert"})
    result = result.model_copy(update={"sightings": [result.sightings[0], advert]})
    assert merge(folder_store, RUN_TIME, [result], []).celebrities == ["Cher"]
    assert [row[2] for row in read_csv(folder_store.read(keys.CSV)).values()] == ["Cher"]
    assert [row["celebrities"] for row in captures_of(folder_store, RUN_TIME)] == [["Cher"]]
    rows = rows_of(folder_store.read(keys.sightings(RUN_TIME)))
    assert dict(rows.select("name", "placement").iter_rows()) == {"Cher": None, "Zendaya": "advert"}


def test_mentions_are_rows_and_a_rerun_replaces_them(folder_store: FolderStore) -> None:
    store = folder_store

    def mentioned(*names: str, site: str = "TMZ") -> Result:
        words = [Mention(name=name, qid="Q1", part="headline", text=f"{name} sings", shown=True) for name in names]
        return seen(store, site, "Cher").model_copy(update={"mentions": words})

    merge(store, RUN_TIME, [mentioned("Cher", "Adele"), mentioned("Zendaya", site="PEOPLE")], [])
    key = keys.mentions(RUN_TIME)
    rows = rows_of(store.read(key))
    assert rows.select("site", "name").rows() == [("PEOPLE", "Zendaya"), ("TMZ", "Cher"), ("TMZ", "Adele")]
    assert rows.row(1, named=True) | {"captured_at": None, "screenshot": None} == {
        **{"time": RUN_TIME, "site": "TMZ", "captured_at": None, "source": "live", "memento": None, "name": "Cher"},
        **{"qid": "Q1", "part": "headline", "text": "Cher sings", "link": "", "picture": None, "picture_url": ""},
        **{"placement": None, "shown": True, "screenshot": None},
    }
    before = files(store)
    assert not merge(store, RUN_TIME, [mentioned("Cher", "Adele")], []).changed
    assert files(store) == before
    # A new result replaces a site's rows, and one of an earlier version has none.
    merge(store, RUN_TIME, [seen(store, "TMZ", "Cher")], [])
    assert rows_of(store.read(key))["name"].to_list() == ["Zendaya"]


def test_a_recovered_site_adds_only_its_row(store: Store) -> None:
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
    # Nor does one that fails later take anything away.
    assert merge(store, RUN_TIME, [], [failed("TMZ")]).changed is False
    assert files(store) == after


def test_a_run_without_a_seen_site_is_recorded(folder_store: FolderStore) -> None:
    merge(folder_store, RUN_TIME, [], [failed("TMZ")])
    assert folder_store.read(keys.CSV) == b"time,site,celebrities,captured_at,source\n"
    assert [row["outcome"] for row in captures_of(folder_store, RUN_TIME)] == ["failed"]


def test_parallel_merges_keep_all(folder_store: FolderStore) -> None:
    store = folder_store
    runs = [RUN_TIME + timedelta(hours=12 * number) for number in range(6)]
    given = [([seen(store, "TMZ", "Cher", when=when)], [failed("PEOPLE", when)]) for when in runs]
    with ThreadPoolExecutor(len(runs)) as pool:
        done = list(pool.map(lambda when, one: merge(store, when, *one), runs, given))
    assert all(one.changed for one in done)
    assert [row[0] for row in read_csv(store.read(keys.CSV)).values()] == [keys.iso(when) for when in runs]
    assert rows_of(store.read(keys.captures(RUN_TIME)))["time"].to_list() == sorted(runs * 2)
    assert rows_of(store.read(keys.sightings(RUN_TIME)))["time"].to_list() == runs


def test_nothing_is_written_where_the_csv_can_not_be_read_or_a_screenshot_is_gone(store: Store) -> None:
    gone = a_result("TMZ", "Cher", screenshot="Images/gone.json")
    with pytest.raises(NotStoredError, match=r"Images/gone\.json is not there"):
        merge(store, RUN_TIME, [gone], [])
    assert files(store) == {}
    store.write(keys.CSV, b"<html>")
    with pytest.raises(RecordError):
        merge(store, RUN_TIME, [seen(store, "TMZ", "Cher")], [])
    assert files(store) == {keys.CSV: b"<html>"}


SITES = ("FIRST", "SECOND", "LAST")
MERGES = st.lists(st.tuples(st.lists(st.sampled_from(SITES)), st.lists(st.sampled_from(SITES))), max_size=4)
"""The sites of a run's results and outcomes, merge after merge: in any order, doubled, some removed since."""


@settings(max_examples=30)
@given(MERGES, st.booleans())
def test_a_key_has_one_row_whatever_is_merged(
    tmp_path_factory: pytest.TempPathFactory, merges: list[tuple[list[str], list[str]]], doubled: bool
) -> None:
    store = FolderStore(tmp_path_factory.mktemp("store"))
    other = RUN_TIME + timedelta(hours=12)
    merge(store, other, [faces(store, site, other) for site in SITES], [])
    if doubled:
        merge(store, RUN_TIME, [faces(store, "LAST")], [failed("SECOND")])
        double(store)
    for results, outcomes in merges:
        done = merge(store, RUN_TIME, [faces(store, site) for site in results], [failed(site) for site in outcomes])
        assert (set(done.seen), set(done.failed)) == (set(results), set(outcomes) - set(results))
        with pytest.raises(
            RecordError, match=r"What came of LAST at 2026-11-23T20:00:00Z can't be merged into the run"
        ):
            merge(store, RUN_TIME, [faces(store, "LAST", other)], [])
    if doubled and not merges:
        merge(store, RUN_TIME, [], [])

    seen = {site for results, _ in merges for site in results} | ({"LAST"} if doubled else set())
    known = seen | {site for _, outcomes in merges for site in outcomes} | ({"SECOND"} if doubled else set())
    captures, sightings = (rows_of(store.read(of(other))) for of in (keys.captures, keys.sightings))
    keys_there = [(RUN_TIME, site) for site in known] + [(other, site) for site in SITES]
    assert Counter(captures.select("time", "site").iter_rows()) == Counter(keys_there)
    assert {row["site"] for row in captures_of(store, RUN_TIME) if row["outcome"] == "seen"} == seen
    two_faces = [(RUN_TIME, site) for site in seen] * 2 + [(other, site) for site in SITES] * 2
    assert Counter(sightings.select("time", "site").iter_rows()) == Counter(two_faces)
    listed = [(row[0], row[1]) for row in read_csv(store.read(keys.CSV)).values()]
    assert Counter(listed) == Counter((keys.iso(when), site) for when, site in set(two_faces))
    shutil.rmtree(store.root)


def faces(store: Store, site: str, when: datetime = RUN_TIME) -> Result:
    """A result with two faces of one person."""
    stem = keys.stem(site, when)
    two = [a_sighting("Cher", crop=keys.crop(stem, number)) for number in (1, 2)]
    return seen(store, site, when=when).model_copy(update={"sightings": two, "faces": 2})


def double(store: Store) -> None:
    """Leave the run as a merge of before did, which was handed LAST twice."""
    for key in (keys.captures(RUN_TIME), keys.sightings(RUN_TIME)):
        table = rows_of(store.read(key))
        out = io.BytesIO()
        pl.concat([table, table.filter(pl.col("time") == RUN_TIME)]).write_parquet(
            out, metadata=pl.read_parquet_metadata(io.BytesIO(store.read(key)))
        )
        store.write(key, out.getvalue())
