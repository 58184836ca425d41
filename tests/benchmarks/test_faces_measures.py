"""What is counted, on photos whose outcome is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.faces.labelled import Labelled, Photo
from benchmarks.faces.looking import Look
from benchmarks.faces.measures import TIERS, Measured, Share, rates, take, take_all
from benchmarks.faces.naming import Group, Said, Size, sizes, with_words
from benchmarks.faces.report import figures, markdown, page, tables

from celeb_ops.core.geometry import Box
from celeb_ops.recognition.recognizer import Face

BOX = Box(60, 60, 100, 100)


def a_photo(name: str, kind: str = "frontal", file: str = "1.jpg") -> Photo:
    return Photo(Path(name or "strangers", file), name, kind, "athletes")


def a_said(photo: Photo, *names: str, sure: float = 90, side: int = 300) -> Said:
    faces = [Face(BOX, name, candidate=name, confidence=sure) for name in names]
    return Said(photo, side, Look(BOX, [BOX], []), faces, faces, faces)


SAID = [
    a_said(a_photo("Ann"), "Ann"),
    a_said(a_photo("Ann", "profile"), sure=0),
    a_said(a_photo("Bea"), "Ann", sure=60),
    a_said(a_photo("Bea", "two"), "Bea", "Ann"),
    a_said(a_photo("Bea", "hidden"), "Bea"),
    a_said(a_photo(""), "Bea", sure=60),
    a_said(a_photo("", file="2.jpg")),
]


def test_rates() -> None:
    told = rates(SAID, TIERS["face alone"])
    # Who is not to be seen is not missed; of two people the second may truly be there.
    assert told.right == Share(2, 4)
    assert told.others == Share(1, 3)
    assert told.strangers == Share(1, 2)


@pytest.fixture
def measured() -> Measured:
    told = Measured(version="a model")
    take(told, Size(2, "all", []), SAID)
    take_all(told, SAID)
    return told


def test_by_kind_and_where_nobody_should_be_named(measured: Measured) -> None:
    assert measured.by_kind["frontal", 300, "face alone"].right == Share(1, 2)
    assert measured.by_kind["profile", 300, "face alone"].right == Share(0, 1)
    assert ("hidden", 300, "face alone") not in measured.by_kind
    assert measured.nobody["hidden", "face alone"] == Share(1, 1)


def test_reliability_counts_each_name_and_takes_strangers_for_wrong(measured: Measured) -> None:
    bins = {one.low: one.right for one in measured.reliability["face alone"]}
    assert bins == {60: Share(0, 2), 90: Share(2, 2)}


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    # R: prop.test(x, n, correct = FALSE)
    [
        (23, 24, "23 of 24 = 96 % (80–99)"),
        (0, 31, "0 of 31 = 0 % (0–11)"),
        (3, 300, "3 of 300 = 1.0 % (0.3–2.9)"),
        (0, 0, "none"),
    ],
)
def test_intervals(part: int, whole: int, told: str) -> None:
    assert str(Share(part, whole)) == told


def many(people: int, strangers: int = 7) -> Labelled:
    names = [f"P{number}" for number in range(people)]
    found = Labelled(enrolled={name: [Path(name)] for name in [*names, "Only Known"]})
    found.tests = [a_photo(name, file=file) for name in names for file in ("1.jpg", "2.jpg")]
    found.strangers = [a_photo("", file=f"{number}.jpg") for number in range(strangers)]
    found.more = [Path("x/Stranger.jpg")]
    return found


def test_at_each_number_of_people_each_photo_is_named_once() -> None:
    labelled = many(37)
    made = sizes(labelled)
    assert [size.people for size in made] == [10, 30, 38, 39]
    for size in made:
        photos = [photo.path for group in size.groups for photo in group.photos]
        assert sorted(photos) == sorted(one.path for one in (*labelled.tests, *labelled.strangers))
        for group in size.groups:
            assert len({*group.names, *(path.stem for path in group.more)}) == size.people
            assert {photo.name for photo in group.photos if photo.name} <= set(group.names)


def test_page_words_name_who_is_too_far_for_the_face_alone() -> None:
    """Beside a stranger they have whom the stranger is most like; by chance it is mostly somebody else."""
    group = Group([f"P{number}" for number in range(500)], [])
    faces = [Face(BOX, None, candidate="P0", confidence=60), Face(Box(0, 0, 9, 9), None, candidate="P1", confidence=70)]
    seen = Look(Box(0, 0, 300, 300), [face.box for face in faces], [])
    of_p0 = with_words(group, a_photo("P0"), 300, seen, faces)
    of_stranger = with_words(group, a_photo(""), 300, seen, faces)
    of_nobody = with_words(group, a_photo(""), 300, seen, [Face(BOX)])
    assert [[face.name for face in one.with_words] for one in (of_p0, of_stranger, of_nobody)] == [["P0"], ["P1"], []]
    assert [[face.name for face in one.by_chance] for one in (of_p0, of_stranger)] == [["P0"], []]
    assert not any(one.alone for one in (of_p0, of_stranger, of_nobody))


def test_page_and_figures_say_the_same(measured: Measured) -> None:
    labelled = many(2)
    before = figures(measured, labelled, None)
    before["version"] = "an <old> model"
    shown = tables(measured, None, before)
    html = page(measured, labelled, shown, [], "some <photos>")
    assert next(one for one in before["rates"] if one["px"] == 300)["right"] == [2, 4, 0.15, 0.85]
    assert "2 of 4 = 50 % (15–85)" in html
    assert "50 % (15–85)" in next(line for line in markdown(measured).splitlines() if line.startswith("| 2 (all)"))
    assert html.count("<svg") == 3
    assert "some &lt;photos&gt;" in html
    assert "an &lt;old&gt; model" in html
    assert shown[0].title == "Before and now"
    assert shown[0].rows
    assert all(row[3] == row[4] for row in shown[0].rows)
