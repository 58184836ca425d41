"""One person, whatever a recogniser called them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celeb_ops.core.geometry import Box
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.recognition.naming import identified
from celeb_ops.recognition.people import People, Person
from celeb_ops.recognition.recognizer import Face
from celeb_ops.trends import build
from celeb_ops.trends.schema import load
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore


def who(name: str, qid: str | None = None) -> dict[str, object]:
    return {"name": name, "qid": qid}


def people(store: FolderStore, rows: Rows) -> dict[str, tuple[int, str | None]]:
    """Captures and QID by name."""
    rows.write(store)
    build(store)
    told = load(store, "people").select("name", "captures", "qid")
    return {name: (captures, qid) for name, captures, qid in told.iter_rows()}


BOX, KNOWN = Box(0, 0, 9, 9), People([Person("Simon Helberg", "Q104", ("Simon Maxwell Helberg",))])


@pytest.mark.parametrize(
    ("face", "told"),
    [
        (Face(BOX, "Simon M. Helberg", urls=("www.wikidata.org/wiki/Q104",)), ("Simon Helberg", "Q104")),
        (Face(BOX, "Simon Maxwell Helberg"), ("Simon Helberg", "Q104")),
        (Face(BOX, "Simon Helberg", qid="Q104"), ("Simon Helberg", "Q104")),
        (Face(BOX, "Cher", qid="Q9"), ("Cher", "Q9")),
        (Face(BOX, "Cher"), ("Cher", None)),
    ],
)
def test_whom_the_gallery_knows_has_its_name_whatever_recognised_them(face: Face, told: tuple[str, str | None]) -> None:
    one = identified(face, KNOWN, RemovalList())
    assert (one.name, one.qid) == told


# By day: (name, QID) of everybody on the page of that day. What is expected: captures and QID by name.
BEYONCE = {"Beyoncé Knowles": (2, "Q36153")}
STORIES = {
    "a row without a QID is theirs whose name it has": (
        {0: [("J. Biden", None)], 1: [("J. Biden", "Q101")], 2: [("Joe Biden", "Q101"), ("Somebody", None)]},
        {"Joe Biden": (3, "Q101"), "Somebody": (1, None)},
    ),
    "two spellings without a QID are one person": (
        {0: [("Beyonce", None)], 1: [("Beyonce\u0301", None)], 2: [("Beyonc\u00e9", None), ("Cher", None)]},
        {"Beyoncé": (3, None), "Cher": (1, None)},
    ),
    "two people with one name stay two": (
        {0: [("John Smith", "Q1")], 1: [("John Smith", "Q2")], 2: [("John Smith", "Q2")]},
        {"John Smith": (2, "Q2"), "John Smith (Q1)": (1, "Q1")},
    ),
    "both names on one page are one capture": (
        {0: [("Ye", "Q15"), ("Kanye West", "Q15"), ("Kim", "Q3")]},
        {"Kanye West": (1, "Q15"), "Kim": (1, "Q3")},
    ),
    "without any QID nothing changes": (
        {0: [("Cher", None), ("Ye", None)], 1: [("Cher", None)]},
        {"Cher": (2, None), "Ye": (1, None)},
    ),
    # The newest rows have no QID: whose the name is, only an older month says.
    "who is who is known before the newest month is counted": (
        {0: [("J. Biden", "Q101")], 40: [("Joe Biden", "Q101")], 80: [("J. Biden", None)]},
        {"Joe Biden": (3, "Q101")},
    ),
    "without accents": ({0: [("Beyonce Knowles", None)], 40: [("Beyoncé Knowles", "Q36153")]}, BEYONCE),
    "in capitals": ({0: [("BEYONCÉ KNOWLES", None)], 40: [("Beyoncé Knowles", "Q36153")]}, BEYONCE),
    "with two spaces": ({0: [("Beyoncé  Knowles", None)], 40: [("Beyoncé Knowles", "Q36153")]}, BEYONCE),
    "a name that two people had is neither's": (
        {
            0: [("Jenny", "Q1"), ("Jenny", "Q2")],
            40: [("Jennifer Lopez", "Q1"), ("Jennifer Lawrence", "Q2"), ("Jenny", None)],
        },
        {"Jennifer Lopez": (2, "Q1"), "Jennifer Lawrence": (2, "Q2"), "Jenny": (1, None)},
    ),
    "of two names at one time the more frequent is shown": (
        {0: [("Ye", "Q15"), ("Kanye West", "Q15"), ("Ye", "Q15")]},
        {"Ye": (1, "Q15")},
    ),
    "a person keeps the QID when the newest pictures have none": (
        {0: [("Cher", "Q12003")]} | {day: [("Cher", None)] for day in range(1, 40)},
        {"Cher": (40, "Q12003")},
    ),
    "names of signs alone are nobody else's": (
        {0: [("†", "Q1")], 1: [("…", None)]},
        {"†": (1, "Q1"), "…": (1, None)},
    ),
}


@pytest.mark.parametrize(("days", "expected"), STORIES.values(), ids=STORIES)
def test_a_person_is_one_by_qid_else_by_name(
    folder_store: FolderStore,
    days: dict[int, list[tuple[str, str | None]]],
    expected: dict[str, tuple[int, str | None]],
) -> None:
    rows = Rows()
    for day, faces in days.items():
        rows.seen("A", on(day), *(who(name, qid) for name, qid in faces))
    assert people(folder_store, rows) == expected


def test_one_person_in_every_table_that_names_people_each_time(folder_store: FolderStore) -> None:
    rows = Rows()
    for day in range(40):
        name = "Kanye West" if day % 2 else "Ye"
        rows.seen("A", on(day), {"picture_url": "p", **who(name, "Q15")}, {"picture_url": "p", **who("Kim")})
    people(folder_store, rows)
    for table in ("people", "days", "weeks", "months", "movers", "together", "appearances", "evidence"):
        assert set(load(folder_store, table)["name"]) == {"Kanye West", "Kim"}, table
    assert load(folder_store, "together").filter(name="Kim").rows() == [("Kim", "Kanye West", 1, 40)]
    assert build(folder_store).changed == []
