from __future__ import annotations

import io
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celeb_ops.core import keys
from celeb_ops.core.exceptions import ReasonCode, RecordError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Outcome, Picture, Result
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset.schema import SIGHTINGS, VERSION, VERSION_KEY
from celeb_ops.dataset.tables import captures_of, sighting_rows, update_captures, update_sightings
from tests.factories import RUN_TIME, a_result, a_screenshot, a_sighting, saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from celeb_ops.core.store import Store

OUTCOMES = ("skipped", "failed", "failed archive", "failed live", "seen")
LATER = RUN_TIME.replace(hour=20)


def table(store: Store, key: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(store.read(key)))


def sightings(store: Store, when: datetime = RUN_TIME) -> list[dict[str, Any]]:
    return table(store, keys.sightings(when)).to_dicts()


def names(store: Store, when: datetime = RUN_TIME) -> list[tuple[str, str]]:
    return [(row["site"], row["name"]) for row in sightings(store, when)]


def see(store: Store, when: datetime, results: list[Result]) -> bool:
    return update_sightings(
        store, when, [result.site for result in results], sighting_rows(store, results, RemovalList())
    )


def an_outcome(
    outcome: Literal["skipped", "failed"],
    site: str = "TMZ",
    reason: str = "because",
    when: datetime = RUN_TIME,
    source: Literal["live", "archive"] | None = None,
) -> Outcome:
    return Outcome(site=site, time=when, outcome=outcome, task="screenshot", reason=reason, source=source)


def a_seen(store: Store, site: str, *names: str, when: datetime = RUN_TIME) -> Result:
    """A result whose screenshot is in the store."""
    return a_result(site, *names, time=when, screenshot=saved(store, a_screenshot(site=site, time=when, parts=[])))


class TestSightings:
    def test_a_row_has_the_text_beside_the_face(self, store: Store) -> None:
        words = {"alt": "Cher", "link": "https://x/cher", "headline": "Cher is here"}
        pictures = [Picture(box=Box(0, 0, 9, 9), src="b"), Picture(box=Box(0, 0, 300, 300), src="https://x/a", **words)]
        key = saved(store, a_screenshot(parts=[], pictures=pictures))
        seen = a_sighting("Cher", picture=1, margin=0.2, id="Q1", urls=["www.wikidata.org/wiki/Q1"])
        see(store, RUN_TIME, [a_result("TMZ", sightings=[seen], screenshot=key)])
        (row,) = sightings(store)
        assert row == {
            **seen.model_dump(exclude={"box", "reference"}),
            **seen.box._asdict(),
            **{"time": RUN_TIME, "site": "TMZ", "captured_at": RUN_TIME, "source": "live", "memento": None},
            **words,
            "picture_url": "https://x/a",
            "prominence": pytest.approx(100 * 100 * 100 / (1440 * 900) / (1 + 20 / 900)),
            "screenshot": key,
        }
        assert row.keys() == SIGHTINGS.dtypes.keys()

    def test_a_face_in_no_picture_has_no_words(self, folder_store: FolderStore) -> None:
        see(folder_store, RUN_TIME, [a_seen(folder_store, "TMZ", "Cher")])
        (row,) = sightings(folder_store)
        assert [row[column] for column in ("picture", "headline", "link", "alt", "picture_url")] == [None] * 5

    @pytest.mark.parametrize(
        ("box", "percent"),
        # The first screen, a hundredth of it, one screen down, and three.
        [((0, 0, 500, 400), 100), ((0, 0, 50, 40), 1), ((0, 400, 50, 40), 0.5), ((0, 1_200, 50, 40), 0.25)],
    )
    def test_prominence_is_in_percent_of_the_first_screen_and_less_further_down(
        self, folder_store: FolderStore, box: tuple[int, int, int, int], percent: float
    ) -> None:
        key = saved(folder_store, a_screenshot(parts=[], viewport=(500, 400)))
        see(folder_store, RUN_TIME, [a_result("TMZ", sightings=[a_sighting("Cher", box=Box(*box))], screenshot=key)])
        assert [row["prominence"] for row in sightings(folder_store)] == [pytest.approx(percent)]

    def test_a_rerun_with_fewer_sightings_replaces_all(self, store: Store) -> None:
        see(store, RUN_TIME, [a_seen(store, "TMZ", "Cher", "Adele"), a_seen(store, "PEOPLE", "Cher")])
        see(store, RUN_TIME, [a_seen(store, "TMZ", "Zendaya")])
        assert names(store) == [("PEOPLE", "Cher"), ("TMZ", "Zendaya")]
        see(store, RUN_TIME, [a_seen(store, "TMZ")])
        assert names(store) == [("PEOPLE", "Cher")]


def test_a_run_is_in_the_file_of_its_month(store: Store) -> None:
    runs = {"2026-11": datetime(2026, 11, 30, 20, tzinfo=UTC), "2026-12": datetime(2026, 12, 1, 8, tzinfo=UTC)}
    for when in runs.values():
        see(store, when, [a_seen(store, "TMZ", "Cher", when=when)])
        update_captures(store, when, [a_seen(store, "TMZ", "Cher", when=when)], [])
    for name in ("Captures", "Sightings"):
        assert list(store.list(f"{name}/")) == [f"{name}/{month}.parquet" for month in runs]
        assert [table(store, f"{name}/{month}.parquet")["time"].to_list() for month in runs] == [
            [t] for t in runs.values()
        ]


class TestCaptures:
    def test_a_row_has_the_sites_outcome(self, store: Store) -> None:
        seen = a_result(
            "TMZ", "Zendaya", "Cher", faces=5, unrecognised=3, calls=2, cost_usd=0.002, calls_saved=1, images_missing=4
        )
        update_captures(store, RUN_TIME, [seen], [an_outcome("failed", "PEOPLE", "HTTP 503")])
        failed, row = captures_of(store, RUN_TIME)
        assert row == {
            **{"time": RUN_TIME, "site": "TMZ", "outcome": "seen", "reason_code": None, "reason": None},
            **{"captured_at": RUN_TIME, "source": "live", "memento": None, "celebrities": ["Cher", "Zendaya"]},
            **{"recognizer": "local", "recognizer_version": "1", "gallery": "abc", "cost_usd": 0.002, "seconds": 3.0},
            **{"faces": 5, "unrecognised": 3, "slices": 2, "calls": 2, "calls_saved": 1, "images_missing": 4},
            "adverts_counted": None,
        }
        filled = {column: value for column, value in failed.items() if value is not None}
        assert filled == {"time": RUN_TIME, "site": "PEOPLE", "outcome": "failed", "reason": "HTTP 503"}

    def test_an_unmerged_run_has_no_rows(self, store: Store) -> None:
        assert captures_of(store, RUN_TIME) == []
        update_captures(store, LATER, [], [an_outcome("failed", when=LATER)])
        assert captures_of(store, RUN_TIME) == []

    @settings(max_examples=40)
    @given(outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=6))
    def test_no_merge_downgrades_an_outcome(
        self, tmp_path_factory: pytest.TempPathFactory, outcomes: list[str]
    ) -> None:
        store = FolderStore(tmp_path_factory.mktemp("store"))
        for one in outcomes:
            outcome, _, source = one.partition(" ")
            results = [a_result("TMZ", "Cher")] if one == "seen" else []
            missed = [] if results else [an_outcome(outcome, source=source or None)]
            update_captures(store, RUN_TIME, results, missed)
        (row,) = captures_of(store, RUN_TIME)
        # Of those that tell as little as each other, the newest.
        most = next((most for most in ("seen", "failed live") if most in outcomes), outcomes[-1])
        assert (row["outcome"], row["source"]) == (most.split()[0], "live" if most == "seen" else most[7:] or None)

    def test_a_skipped_site_has_no_source(self, folder_store: FolderStore) -> None:
        update_captures(folder_store, RUN_TIME, [], [an_outcome("skipped", source="archive")])
        assert [row["source"] for row in captures_of(folder_store, RUN_TIME)] == [None]

    def test_an_archived_page_has_its_address(self, store: Store) -> None:
        address = "https://web.archive.org/web/20261123061200/https://www.tmz.com/"
        given = {"source": "archive", "memento": address, "images_missing": 9}
        result = a_seen(store, "TMZ", "Cher").model_copy(update=given)
        update_captures(store, RUN_TIME, [result], [])
        see(store, RUN_TIME, [result])
        (capture,), (sighting,) = captures_of(store, RUN_TIME), sightings(store)
        assert {name: capture[name] for name in given} == given
        assert (sighting["source"], sighting["memento"]) == ("archive", address)


class TestOlderFiles:
    def test_an_unversioned_file_gets_todays(self, folder_store: FolderStore) -> None:
        see(folder_store, RUN_TIME, [a_seen(folder_store, "TMZ", "Cher")])
        key = keys.sightings(RUN_TIME)
        assert version(folder_store, key) == str(VERSION)
        folder_store.write(key, parquet(table(folder_store, key).drop("prominence", "picture", "basis", "memento")))
        assert version(folder_store, key) is None
        see(folder_store, LATER, [a_seen(folder_store, "TMZ", "Adele", when=LATER)])
        assert version(folder_store, key) == str(VERSION)
        assert table(folder_store, key).schema == pl.Schema(SIGHTINGS.dtypes)
        assert [row["prominence"] is None for row in sightings(folder_store)] == [True, False]

    def test_rows_with_and_without_a_reason_code_coexist(self, folder_store: FolderStore) -> None:
        update_captures(folder_store, RUN_TIME, [], [an_outcome("failed", "TMZ")])
        key = keys.captures(RUN_TIME)
        folder_store.write(key, parquet(table(folder_store, key).drop("reason_code"), {VERSION_KEY: "4"}))
        assert not update_captures(folder_store, RUN_TIME, [], [an_outcome("failed", "TMZ")])
        coded = an_outcome("failed", "VARIETY").model_copy(update={"reason_code": ReasonCode.NO_ANSWER})
        update_captures(folder_store, RUN_TIME, [], [coded])
        found = {row["site"]: (row["reason_code"], row["reason"]) for row in captures_of(folder_store, RUN_TIME)}
        assert found == {"TMZ": (None, "because"), "VARIETY": ("no_answer", "because")}
        assert version(folder_store, key) == str(VERSION)

    def test_all_count_before_schema_6(self, folder_store: FolderStore) -> None:
        see(folder_store, RUN_TIME, [a_seen(folder_store, "TMZ", "Cher")])
        update_captures(folder_store, RUN_TIME, [a_result("TMZ", "Cher", adverts_counted=None)], [])
        for key, column in ((keys.sightings(RUN_TIME), "placement"), (keys.captures(RUN_TIME), "adverts_counted")):
            folder_store.write(key, parquet(table(folder_store, key).drop(column), {VERSION_KEY: "5"}))
        see(folder_store, LATER, [a_seen(folder_store, "TMZ", "Adele", when=LATER)])
        assert [(row["name"], row["placement"]) for row in sightings(folder_store)] == [("Cher", None), ("Adele", None)]
        update_captures(folder_store, RUN_TIME, [a_result("VARIETY", "Cher", adverts_counted=False)], [])
        counted = {row["site"]: row["adverts_counted"] for row in captures_of(folder_store, RUN_TIME)}
        assert counted == {"TMZ": None, "VARIETY": False}

    def test_failures_before_schema_3_were_live(self, folder_store: FolderStore) -> None:
        outcomes = [an_outcome("failed", "TMZ", "HTTP 503"), an_outcome("skipped", "PEOPLE")]
        update_captures(folder_store, RUN_TIME, [a_result("EONLINE", "Cher", images_missing=3)], outcomes)
        key = keys.captures(RUN_TIME)
        old = table(folder_store, key).drop("memento", "images_missing")
        folder_store.write(key, parquet(old, {VERSION_KEY: "2"}))
        before = captures_of(folder_store, RUN_TIME)
        assert [(row["site"], row["source"], row["memento"], row["images_missing"]) for row in before] == [
            ("EONLINE", "live", None, None),
            ("PEOPLE", None, None, None),
            ("TMZ", "live", None, None),
        ]
        # Cleared today, it is too late for its page: that it failed is not forgotten.
        update_captures(folder_store, RUN_TIME, [], [an_outcome("skipped", "TMZ"), an_outcome("skipped", "PEOPLE")])
        assert captures_of(folder_store, RUN_TIME) == before
        assert version(folder_store, key) == "2"
        update_captures(folder_store, LATER, [a_result("TMZ", "Cher", time=LATER)], [])
        assert captures_of(folder_store, RUN_TIME) == before
        assert version(folder_store, key) == str(VERSION)


DAMAGED = r"Captures/2026-11\.parquet can't be read as a table .*bring back an older version.* clear merge"
NEWER = r"2026-11\.parquet was written by a newer version .* {}, .* here {}\).*update the project"


def as_version(version: str, good: bytes) -> bytes:
    return parquet(pl.read_parquet(good), {VERSION_KEY: version})


class TestUnreadable:
    @pytest.mark.parametrize(
        ("damaged", "sentence"),
        [
            pytest.param(lambda good: b"", DAMAGED, id="empty"),
            pytest.param(lambda good: b"time,site\n", DAMAGED, id="text"),
            pytest.param(lambda good: good[:-20], DAMAGED, id="cut off"),
            pytest.param(lambda good: b"PAR1" + bytes(200) + b"PAR1", DAMAGED, id="zeros"),
            pytest.param(lambda good: parquet(pl.DataFrame({"time": ["a"], "site": ["TMZ"]})), DAMAGED, id="types"),
            *((partial(as_version, newer), NEWER.format(newer, VERSION)) for newer in (str(VERSION + 1), "2027.1")),
        ],
    )
    def test_a_table_is_an_error_and_stays(
        self, store: Store, damaged: Callable[[bytes], bytes], sentence: str
    ) -> None:
        update_captures(store, RUN_TIME, [a_result("TMZ", "Cher")], [])
        key = keys.captures(RUN_TIME)
        content = damaged(store.read(key))
        store.write(key, content)
        with pytest.raises(RecordError, match=sentence):
            update_captures(store, LATER, [a_result("TMZ", "Cher", time=LATER)], [])
        with pytest.raises(RecordError, match=sentence):
            captures_of(store, RUN_TIME)
        assert store.read(key) == content

    @pytest.mark.parametrize("column", ["time", "site"])
    @pytest.mark.parametrize(
        "without",
        [pl.DataFrame.drop, lambda table, column: table.with_columns(pl.lit(None, table.schema[column]).alias(column))],
        ids=["no column", "empty"],
    )
    def test_rows_without_a_key_are_an_error(
        self, folder_store: FolderStore, without: Callable[[pl.DataFrame, str], pl.DataFrame], column: str
    ) -> None:
        results = [a_seen(folder_store, "TMZ", "Cher")]
        update_captures(folder_store, RUN_TIME, results, [])
        see(folder_store, RUN_TIME, results)
        updates = {
            keys.captures(RUN_TIME): lambda: update_captures(folder_store, RUN_TIME, results, []),
            keys.sightings(RUN_TIME): lambda: see(folder_store, RUN_TIME, results),
        }
        for key, again in updates.items():
            content = parquet(without(table(folder_store, key), column), {VERSION_KEY: str(VERSION)})
            folder_store.write(key, content)
            with pytest.raises(RecordError, match=r"2026-11\.parquet has rows without time or site.* clear merge"):
                again()
            assert folder_store.read(key) == content


def parquet(frame: pl.DataFrame, metadata: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, metadata=metadata)
    return out.getvalue()


def version(store: Store, key: str) -> str | None:
    return pl.read_parquet_metadata(io.BytesIO(store.read(key))).get(VERSION_KEY)
