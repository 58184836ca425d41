"""Feeds: valid by their formats, read by a reader's library, and without anybody who is removed or not watched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import feedparser
import jsonschema
import pytest
from lxml import etree

from celeb_ops import trends
from celeb_ops.core import keys
from celeb_ops.core.removal_list import RemovalList, RemovedPerson, add
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import FolderStore
from celeb_ops.core.watch_list import Watch
from celeb_ops.privacy.purge import Purge
from celeb_ops.report import feeds
from celeb_ops.report.table_cache import Tables
from celeb_ops.report.writing import write_report
from tests.factories import a_picture
from tests.trends.rows import Rows, on

SCHEMAS = Path(__file__).parent / "schemas"
BASE = "https://press.example/celebs/"
LAST = 34
HOSTILE = 'Cher ]]> <script>alert(1)</script> & "quoted" \uffff sings'


@pytest.fixture
def rows() -> Rows:
    """Five weeks of three sites: Cher rises, Ada Lovelace is new, somebody is seen once, Adele is always there."""
    rows = Rows()
    for day in range(LAST + 1):
        for site in "ABC":
            who: list[Any] = ["Adele"]
            if day >= 28 or (day % 9 == 0 and site == "A"):
                who.append(
                    {"name": "Cher", "headline": HOSTILE, "link": f"https://{site}.example/cher?a=1&b={day // 20}"}
                )
            if day >= 32:
                who.append({"name": "Ada Lovelace", "headline": "The first program", "link": "javascript:alert(1)"})
            if (day, site) == (LAST, "B"):
                who.append("Once")
            rows.seen(site, on(day), *who)
    return rows


@pytest.fixture
def store(folder_store: FolderStore, rows: Rows) -> FolderStore:
    rows.write(folder_store)
    trends.build(folder_store)
    for sighting in rows.sightings[-12:]:
        folder_store.write(sighting["crop"], a_picture())
    return folder_store


def write(store: FolderStore, *names: str, base: str = BASE) -> None:
    watches = [Watch(name=name, when=["first seen"]) for name in names]
    feeds.write(store, Tables(store).now(), watches, RemovalList.load(store), base)


def atom(store: FolderStore, person: str = "") -> Any:
    """Valid, and as a reader's library reads it."""
    content = store.read(keys.feed("xml", person))
    etree.RelaxNG(file=str(SCHEMAS / "atom.rng")).assertValid(etree.fromstring(content))
    read = feedparser.parse(content)
    assert (read.bozo, read.version) == (0, "atom10")
    return read


def jsonfeed(store: FolderStore, person: str = "") -> Any:
    content = json.loads(store.read(keys.feed("json", person)))
    jsonschema.validate(content, json.loads((SCHEMAS / "jsonfeed.json").read_text()))
    return content


class TestMovers:
    def test_those_who_rise_with_their_intervals_and_those_who_are_new(self, store: FolderStore) -> None:
        write(store)
        read, feed = atom(store), jsonfeed(store)
        assert {one.title for one in read.entries} == {"Cher is rising", "Ada Lovelace is new"}
        assert [one["title"] for one in feed["items"]] == [one.title for one in read.entries]
        by_title = {one["title"]: one for one in feed["items"]}
        cher, ada = by_title["Cher is rising"], by_title["Ada Lovelace is new"]
        row = trends.load(store, "movers").row(by_predicate=_is("Cher"), named=True)
        assert f"Shown in {row['captures_now']} of {row['seen_now']} captures" in cher["content_html"]
        assert "those in the 4 weeks before (95 % interval " in cher["content_html"]
        assert "and never before" in ada["content_html"]
        assert cher["date_modified"] == keys.iso(on(LAST))
        assert (cher["url"], feed["home_page_url"], feed["feed_url"]) == (
            f"{BASE}index.html#moving",
            f"{BASE}index.html",
            f"{BASE}feed.json",
        )
        assert {one.rel: one.href for one in read.feed.links} == {
            "alternate": f"{BASE}index.html",
            "self": f"{BASE}feed.xml",
        }

    def test_words_of_pages_are_text_and_their_scripts_no_links(self, store: FolderStore) -> None:
        write(store)
        for item in jsonfeed(store)["items"]:
            assert "<script" not in item["content_html"]
            assert "javascript:" not in item["content_html"]
        assert any("&lt;script&gt;" in one["content_html"] for one in jsonfeed(store)["items"])
        assert any("data:image/jpeg;base64," in one.content[0].value for one in atom(store).entries)

    def test_without_an_address_there_are_no_absolute_links_of_ours(self, store: FolderStore) -> None:
        write(store, "Cher", base="")
        read, feed = atom(store), jsonfeed(store)
        assert [(one.rel, one.href) for one in read.feed.links] == [("alternate", "index.html")]
        assert [one.href for one in atom(store, "Cher").feed.links] == ["../index.html"]
        assert not feed.keys() & {"home_page_url", "feed_url"}
        # What is left is the story.
        assert {one.get("url") for one in feed["items"]} == {None, "https://A.example/cher?a=1&b=1"}

    def test_nothing_changes_when_nothing_has_and_ids_stay_with_a_new_run(self, store: FolderStore, rows: Rows) -> None:
        write(store, "Cher")
        before = {key: store.read(key) for key in store.list("Report/")}
        written = {one.key: one.written for one in store.files("Report/")}
        write(store, "Cher")
        assert {key: store.read(key) for key in store.list("Report/")} == before
        assert {one.key: one.written for one in store.files("Report/")} == written

        # A run that shows Cher on the old stories, Ada Lovelace nowhere.
        link = "https://A.example/cher?a=1&b=1"
        rows.seen("A", on(LAST, 20), "Adele", {"name": "Cher", "headline": HOSTILE, "link": link})
        rows.write(store)
        trends.build(store)
        old = {one["title"]: one for one in json.loads(before[keys.feed("json")])["items"]}
        write(store, "Cher")
        new = {one["title"]: one for one in jsonfeed(store)["items"]}
        assert {title: one["id"] for title, one in new.items()} == {title: one["id"] for title, one in old.items()}
        assert new["Ada Lovelace is new"]["date_modified"] == old["Ada Lovelace is new"]["date_modified"]
        assert new["Cher is rising"]["date_modified"] == keys.iso(on(LAST, 20))
        # Stories are those of before.
        told, told_before = jsonfeed(store, "Cher")["items"], json.loads(before[keys.feed("json", "Cher")])["items"]
        assert [one for one in told if "rising" not in one["title"]] == [
            one for one in told_before if "rising" not in one["title"]
        ]

    def test_one_capture_is_no_trend(self, folder_store: FolderStore) -> None:
        rows = Rows()
        rows.seen("A", on(0), "Cher", "Adele")
        rows.write(folder_store)
        trends.build(folder_store)
        write(folder_store)
        assert (atom(folder_store).entries, jsonfeed(folder_store)["items"]) == ([], [])

    def test_of_an_empty_store_are_valid(self, folder_store: FolderStore) -> None:
        write(folder_store, "Cher")
        for person in ("", "Cher"):
            assert (atom(folder_store, person).entries, jsonfeed(folder_store, person)["items"]) == ([], [])


class TestPeople:
    def test_each_story_of_a_watched_person_once_from_its_first_run_on(self, store: FolderStore, rows: Rows) -> None:
        rows.named("B", on(LAST), "Cher", text="Cher tours again", link="https://b.example/tour")
        for day in (29, 30):
            rows.seen("D", on(day), {"name": "Cher", "headline": "", "alt": "Cher at work" if day == 30 else None})
        rows.write(store)
        write(store, "CHÉR", "Nobody Yet")
        items = jsonfeed(store, "CHÉR")["items"]
        assert [one.title for one in atom(store, "CHÉR").entries] == [one["title"] for one in items]
        stories = [one for one in items if one["title"] != "Cher is rising"]
        assert len(items) == len(stories) + 1
        assert (stories[0]["title"], stories[0]["url"]) == ("Cher tours again", "https://b.example/tour")
        assert "Named in the text on B" in stories[0]["content_html"]
        # The same headline stood on three sites for a week; on A it is older than that.
        assert [one["date_modified"] for one in stories[1:]] == [keys.iso(on(day)) for day in (30, 29, 28, 28)]
        assert [one["title"] for one in stories[1:3]] == ["Cher at work", "Cher on D"]
        assert all("Shown on" in one["content_html"] for one in stories[1:])
        assert atom(store, "Nobody Yet").feed.title == "Nobody Yet in the press"

    def test_who_is_watched_no_more_or_was_removed_is_in_no_feed(
        self, store: FolderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        write(store, "Cher", "Ada Lovelace")
        assert len(list(store.list(keys.PERSON_FEEDS))) == 4
        write(store, "Cher")
        assert set(store.list(keys.PERSON_FEEDS)) == {keys.feed("xml", "Cher"), keys.feed("json", "Cher")}
        # By hand: what there is of her stays in the tables, and comes out of nothing.
        add(store, RemovedPerson("Chér"))
        write(store, "Cher", "Adele")
        assert set(store.list(keys.PERSON_FEEDS)) == {keys.feed("xml", "Adele"), keys.feed("json", "Adele")}
        assert no_cher(store)

    def test_make_forget_takes_them_out_of_the_feeds(
        self, store: FolderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "watch.yaml").write_text("watch: [{name: Cher, when: rising}, {name: Adele, when: rising}]")
        monkeypatch.setenv("CELEBS_WATCH", str(tmp_path / "watch.yaml"))
        write_report(store, Settings.load())
        assert store.exists(keys.feed("xml", "Cher"))
        Purge(store, add(store, RemovedPerson("Cher"))).run()
        assert not store.exists(keys.feed("xml", "Cher"))
        assert store.exists(keys.feed("xml", "Adele"))
        assert no_cher(store)
        assert [one["title"] for one in jsonfeed(store)["items"]] == ["Ada Lovelace is new"]

    def test_a_broken_watch_list_does_not_keep_anybody_in(
        self, store: FolderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "watch.yaml").write_text("watch: [{name: Cher, when: rising}]")
        monkeypatch.setenv("CELEBS_WATCH", str(tmp_path / "watch.yaml"))
        write_report(store, Settings.load())
        (tmp_path / "watch.yaml").write_text("watch: [{nam: Cher}]")
        Purge(store, add(store, RemovedPerson("Cher"))).run()
        assert store.exists(keys.REPORT)
        assert not list(store.list(keys.PERSON_FEEDS))
        assert no_cher(store)

    def test_names_of_any_script_have_feeds_of_their_own(self, folder_store: FolderStore) -> None:
        write(folder_store, "王菲", "张学友", "../../etc/passwd", "Q11641", "Cher")
        assert len(list(folder_store.list(keys.PERSON_FEEDS))) == 10
        assert keys.feed("xml", "Q11641") == "Report/people/Q11641.xml"


def no_cher(store: FolderStore) -> bool:
    return all(b"Cher" not in store.read(key) for key in store.list("Report/") if key != keys.REPORT)


def _is(name: str) -> Any:
    import polars as pl

    return (pl.col("name") == name) & (pl.col("kind") == "week")


def test_a_returner_is_one_entry_as_long_as_it_is_about_the_same_return(folder_store: FolderStore) -> None:
    rows = Rows()
    for day in range(60):
        rows.seen("A", on(day), *(["Cher"] if day in (1, 2, 55, 57, 58) else []), "Adele")
        rows.seen("B", on(day), *(["Cher"] if day >= 56 else []), "Adele")
    ids = set()
    for last in (57, 59):
        until = Rows()
        until.captures = [one for one in rows.captures if one["time"] <= on(last)]
        until.sightings = [one for one in rows.sightings if one["time"] <= on(last)]
        until.write(folder_store)
        trends.build(folder_store)
        write(folder_store)
        (back,) = [one for one in jsonfeed(folder_store)["items"] if one["title"] == "Cher is back"]
        ids.add(back["id"])
    assert len(ids) == 1
