"""One person, whatever a recogniser called them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from celeb_ops.geometry import Box
from celeb_ops.recognition import Face
from celeb_ops.recognition.findings import Finding
from celeb_ops.recognition.naming import identified
from celeb_ops.recognition.people import People, Person
from celeb_ops.removed import Removed
from celeb_ops.trends import build
from celeb_ops.trends.tables import load
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore


def who(name: str, qid: str | None = None) -> dict[str, object]:
    return {"name": name, "qid": qid}


def people(store: FolderStore, rows: Rows) -> dict[str, tuple[int, str | None]]:
    """Captures and QID by name."""
    rows.write(store)
    build(store)
    told = load(store, "people").select("name", "captures", "qid")
    return {name: (captures, qid) for name, captures, qid in told.iter_rows()}


def test_two_names_from_two_recognisers_are_one_person(folder_store: FolderStore) -> None:
    """Done when 3 of the gallery: Rekognition's name with a Wikidata address, the gallery's with a QID."""
    known = People([Person("Simon Helberg", "Q104", ("Simon Maxwell Helberg",))])
    box = Box(0, 0, 9, 9)
    faces = [
        Face(box, "Simon M. Helberg", urls=("www.wikidata.org/wiki/Q104",)),
        Face(box, "Simon Maxwell Helberg"),
        Face(box, "Simon Helberg", qid="Q104"),
    ]
    told = [one.face for one in identified([Finding(face, box, "", False) for face in faces], known, Removed())]
    assert {(face.name, face.qid) for face in told} == {("Simon Helberg", "Q104")}
    # And where no gallery knew who is who: two runs by two recognisers, some months apart.
    rows = Rows()
    rows.seen("A", on(0), who("Simon M. Helberg", "Q104"), recognizer="rekognition")
    rows.seen("A", on(40), who("Simon Helberg", "Q104"))
    assert people(folder_store, rows) == {"Simon Helberg": (2, "Q104")}


def test_a_row_without_a_qid_is_whose_name_it_has(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("J. Biden"))
    rows.seen("A", on(1), who("J. Biden", "Q101"))
    rows.seen("A", on(2), who("Joe Biden", "Q101"), who("Somebody"))
    assert people(folder_store, rows) == {"Joe Biden": (3, "Q101"), "Somebody": (1, None)}


def test_two_spellings_without_a_qid_are_one_person(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("Beyonce"))
    rows.seen("A", on(1), who("Beyonce\u0301"))
    rows.seen("A", on(2), who("Beyonc\u00e9"), who("Cher"))
    assert people(folder_store, rows) == {"Beyoncé": (3, None), "Cher": (1, None)}


def test_two_people_with_one_name_stay_two(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("John Smith", "Q1"))
    rows.seen("B", on(1), who("John Smith", "Q2"))
    rows.seen("C", on(2), who("John Smith", "Q2"))
    assert people(folder_store, rows) == {"John Smith": (2, "Q2"), "John Smith (Q1)": (1, "Q1")}


def test_both_names_on_one_page_are_one_capture(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("Ye", "Q15"), who("Kanye West", "Q15"), who("Kim", "Q3"))
    assert people(folder_store, rows)["Kanye West"] == (1, "Q15")
    assert set(load(folder_store, "evidence")["name"]) == {"Kanye West", "Kim"}
    assert set(load(folder_store, "appearances")["name"]) == {"Kanye West", "Kim"}


def test_without_any_qid_nothing_changes(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), "Cher", "Ye")
    rows.seen("A", on(1), "Cher")
    assert people(folder_store, rows) == {"Cher": (2, None), "Ye": (1, None)}


def test_the_same_each_time(folder_store: FolderStore) -> None:
    rows = Rows()
    for day in range(0, 90, 3):
        rows.seen("A", on(day), who("Ye" if day % 2 else "Kanye West", "Q15"), who("Cher"))
    people(folder_store, rows)
    assert build(folder_store).changed == []


@pytest.mark.parametrize("qid", ["Q9", None])
def test_who_is_unknown_to_the_gallery_keeps_name_and_qid(qid: str | None) -> None:
    box = Box(0, 0, 9, 9)
    [one] = identified([Finding(Face(box, "Cher", qid=qid), box, "", False)], People([Person("Ye", "Q15")]), Removed())
    assert (one.face.name, one.face.qid) == ("Cher", qid)


def test_months_of_before_have_no_qid(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("Ye"))
    rows.write(folder_store)
    key = "Sightings/2026-11.parquet"
    table = pl.read_parquet(folder_store.read(key)).drop("qid")
    with (folder_store.root / key).open("wb") as file:
        table.write_parquet(file)
    build(folder_store)
    assert load(folder_store, "people")["name"].to_list() == ["Ye"]


def test_who_is_who_is_known_before_the_newest_month_is_counted(folder_store: FolderStore) -> None:
    """The newest rows have no QID: whose the name is, only an older month says."""
    rows = Rows()
    rows.seen("A", on(0), who("J. Biden", "Q101"))
    rows.seen("A", on(40), who("Joe Biden", "Q101"))
    rows.seen("A", on(80), who("J. Biden"))
    assert people(folder_store, rows) == {"Joe Biden": (3, "Q101")}


@pytest.mark.parametrize("spelling", ["Beyonce Knowles", "BEYONCÉ KNOWLES", "Beyoncé  Knowles"])
def test_a_row_without_a_qid_may_be_spelled_otherwise(folder_store: FolderStore, spelling: str) -> None:
    rows = Rows()
    rows.seen("A", on(0), who(spelling))
    rows.seen("A", on(40), who("Beyoncé Knowles", "Q36153"))
    assert people(folder_store, rows) == {"Beyoncé Knowles": (2, "Q36153")}


def test_a_name_that_two_people_had_is_neithers(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("Jenny", "Q1"), who("Jenny", "Q2"))
    rows.seen("A", on(40), who("Jennifer Lopez", "Q1"), who("Jennifer Lawrence", "Q2"), who("Jenny"))
    assert people(folder_store, rows) == {
        "Jennifer Lopez": (2, "Q1"),
        "Jennifer Lawrence": (2, "Q2"),
        "Jenny": (1, None),
    }


def test_of_two_names_at_one_time_the_more_frequent_is_shown(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("Ye", "Q15"), who("Kanye West", "Q15"))
    rows.seen("B", on(0), who("Ye", "Q15"))
    assert people(folder_store, rows) == {"Ye": (2, "Q15")}


def test_a_person_keeps_the_qid_when_the_newest_pictures_have_none(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("Cher", "Q12003"))
    for day in range(1, 40):
        rows.seen("A", on(day), who("Cher"))
    assert people(folder_store, rows) == {"Cher": (40, "Q12003")}


def test_names_of_signs_alone_are_nobody_elses(folder_store: FolderStore) -> None:
    rows = Rows()
    rows.seen("A", on(0), who("†", "Q1"))
    rows.seen("A", on(1), who("…"))
    assert people(folder_store, rows) == {"†": (1, "Q1"), "…": (1, None)}


def test_one_person_in_every_table_that_names_people(folder_store: FolderStore) -> None:
    rows = Rows()
    for day in range(40):
        name = "Kanye West" if day % 2 else "Ye"
        rows.seen("A", on(day), {"picture_url": "p", **who(name, "Q15")}, {"picture_url": "p", **who("Kim")})
    people(folder_store, rows)
    for table in ("people", "days", "weeks", "months", "movers", "together", "appearances", "evidence"):
        assert set(load(folder_store, table)["name"]) == {"Kanye West", "Kim"}, table
    assert load(folder_store, "together").filter(name="Kim").rows() == [("Kim", "Kanye West", 1, 40)]
