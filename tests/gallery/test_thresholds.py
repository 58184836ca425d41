"""How near a gallery's people come to each other."""

import numpy as np
import pytest

from celeb_ops.gallery import thresholds
from celeb_ops.recognition.local.face_model import DLIB
from celeb_ops.recognition.local.gallery_file import About, Entry
from celeb_ops.recognition.local.recognizer import LEAD
from celeb_ops.recognition.people import Person


def some_entries(people: int, seed: int = 1, apart: tuple[float, float] = (0.085, 0.037)) -> list[Entry]:
    """People with three photos each: 0.85 ± 0.09 apart, their photos some 0.35."""
    dice = np.random.default_rng(seed)
    made = []
    for number in range(people):
        rows = np.zeros((3, 128))
        rows[:, :45] = dice.normal(0, apart[0], 45) + dice.normal(0, apart[1], (3, 45))
        made.append(Entry(Person(f"Person {number:05}", f"Q{number + 1}"), "", 9, rows.astype(np.float32), ()))
    return made


def measured(entries: list[Entry]) -> About:
    return thresholds.measured(entries, "2026-11-24", DLIB)


def test_the_counted_score_names_one_in_two_hundred_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "ENOUGH", 300)
    entries = some_entries(300)
    about = measured(entries)
    people = np.stack([one.embeddings.astype(float).mean(axis=0) for one in entries])
    first = np.stack([one.embeddings[0] for one in entries])
    distances = np.sqrt(((first[:, None] - people[None]) ** 2).sum(axis=2) + DLIB.spread * 2 / 3)
    np.fill_diagonal(distances, np.inf)
    near, next_near = np.sort(distances, axis=1)[:, :2].T
    scores = near - LEAD * (next_near - near)
    assert about.counted_score is not None
    assert (scores <= about.counted_score).mean() <= 0.005
    assert (scores <= about.counted_score + 0.02).mean() > 0.005
    assert about.made == "2026-11-24"


def test_too_few_people_are_not_counted() -> None:
    assert measured(some_entries(10)).counted_score is None
    assert measured(some_entries(1)).recall is None


def test_recall_is_what_the_others_of_their_person_name() -> None:
    # All photos near: everybody is named; photos of one person as far apart as strangers: nobody.
    assert measured(some_entries(40)).recall == 1
    assert measured(some_entries(40, apart=(0, 0.095))).recall == 0


def test_look_alikes_are_listed_nearest_first() -> None:
    entries = some_entries(12)
    for one, other, apart in ((3, 7, 0.2), (1, 2, 0.3)):
        rows = entries[one].embeddings.copy()
        rows[:, 100] += apart
        entries[other] = Entry(entries[other].person, "", 9, rows, ())
    pairs = measured(entries).confusable
    assert [pair[:2] for pair in pairs] == [("Person 00003", "Person 00007"), ("Person 00001", "Person 00002")]
    assert [pair[2] for pair in pairs] == pytest.approx([0.31, 0.38], abs=0.05)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = some_entries(200, 2)
    monkeypatch.setattr(thresholds, "ENOUGH", 200)
    whole = measured(entries)
    monkeypatch.setattr(thresholds, "_BLOCK", 7)
    assert measured(entries) == whole
