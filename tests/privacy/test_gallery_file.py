"""Somebody of the gallery's file who asks not to be in the dataset; and their other names."""

import re
from pathlib import Path

import numpy as np
import pytest

from celeb_ops.cli.main import main
from celeb_ops.core import keys
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.store import FolderStore
from celeb_ops.gallery import photo_analysis
from celeb_ops.gallery.photo_analysis import PhotoAnalysis
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.face_model import DLIB
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.gallery_file import About, Entry, GalleryContent, Reference
from celeb_ops.recognition.people import Person
from tests.trends.rows import Rows, on


def _entry(person: Person, place: float, sha1: str) -> Entry:
    return Entry(person, "", 9, np.full((1, 128), place, np.float32), (Reference(f"File:{person.name}.jpg", sha1),))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which two recognisers named Ye, and a gallery that has him."""
    entries = [
        _entry(Person("Ye", "Q15935", ("Kanye West", "The Boss")), 0.0, "aa" * 20),
        _entry(Person("Cher", "Q12003"), 0.01, "bb" * 20),
    ]
    about = About(confusable=(("Cher", "Ye", 0.1),))
    gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, GalleryContent(entries, about))
    for sha1 in ("aa" * 20, "bb" * 20):
        photo_analysis.save(
            tmp_path / "cache" / "gallery", sha1, PhotoAnalysis(embedding=np.zeros(128), crop=b"x"), DLIB
        )
    rows = Rows()
    rows.seen("A", on(0), {"name": "Kanye West", "qid": "Q15935"}, {"name": "Cher", "qid": "Q12003"})
    rows.seen("A", on(1), {"name": "Ye", "qid": "Q15935"})
    rows.write(FolderStore(tmp_path / "store"))
    for name in ("store", "gallery", "cache"):
        monkeypatch.setenv(f"CELEBS_{name.upper()}", str(tmp_path / name))
    return tmp_path


def looks(place: Path) -> set[str]:
    return {path.stem for path in (place / "cache").rglob("*.npz")}


def test_goes_under_every_name_that_the_dataset_has(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert main(["forget", "Ye", "--dry-run", "--gallery"]) == 0
    said = capsys.readouterr().out
    assert "Kanye West, Q15935" in said
    # Both of their rows, though one has another name.
    assert re.search(r"rows of Sightings\W+2\b", said)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before
    assert main(["forget", "Ye"]) == 0
    assert "Kanye West, Q15935" in capsys.readouterr().out
    removed = RemovalList.load(FolderStore(place / "store"))
    assert removed.people[0].names == ("Ye", "Kanye West", "Q15935")
    # A nickname of Wikidata's is not looked for in headlines.
    assert not removed.holds("The Boss")
    assert b"Kanye" not in (place / "store" / "Sightings" / "2026-11.parquet").read_bytes()
    assert looks(place) == {"bb" * 20}
    assert set(Gallery.load(place / "gallery", place / "cache", removed).people) == {"Cher"}
    # Out of the file on demand.
    path = place / "gallery" / gallery_file.FILE
    assert {one.person.name for one in gallery_file.read(path).entries} == {"Ye", "Cher"}
    assert main(["forget", "Ye", "--gallery"]) == 0
    whole = gallery_file.read(path)
    assert {one.person.name for one in whole.entries} == {"Cher"}
    assert whole.about.confusable == ()


def test_a_qid_written_by_hand_is_gone_through_again(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = FolderStore(place / "store")
    store.write(keys.REMOVED, b"- {name: Somebody, aliases: [Q15935]}\n")
    assert main(["forget"]) == 0
    assert "Somebody is also kept out as: Kanye West, Ye." in capsys.readouterr().out
    assert RemovalList.load(store).holds("Kanye West")
    assert b"Kanye" not in store.read(keys.sightings(on(0)))
    listed = store.read(keys.REMOVED)
    assert main(["forget"]) == 0
    assert store.read(keys.REMOVED) == listed


def test_a_row_goes_by_its_qid_where_nobody_knew_its_name(place: Path) -> None:
    assert main(["forget", "Ye"]) == 0
    # A task that had begun before ends after.
    rows = Rows()
    rows.seen("A", on(2), {"name": "Yeezus", "qid": "Q15935"}, {"name": "Cher", "qid": "Q12003"})
    rows.write(FolderStore(place / "store"))
    assert main(["forget"]) == 0
    assert not [path for path in (place / "store").rglob("*.parquet") if b"Yeezus" in path.read_bytes()]


def test_of_two_with_one_name_the_qid_says_who_is_meant(place: Path) -> None:
    store = FolderStore(place / "store")
    rows = Rows()
    rows.seen("A", on(0), {"name": "John Smith", "qid": "Q1"}, {"name": "Johnny", "qid": "Q1"})
    rows.seen("A", on(1), {"name": "John Smith", "qid": "Q2"}, {"name": "Jack", "qid": "Q2"})
    rows.write(store)
    assert main(["forget", "Q1"]) == 0
    # A second time follows the QID again, and not the name to the other one.
    assert main(["forget"]) == 0
    removed = RemovalList.load(store)
    assert removed.holds("Johnny")
    assert not removed.holds("Jack")
    assert b"Jack" in store.read(keys.sightings(on(1)))


@pytest.mark.parametrize("asked", ["Rose Oyen", "Ro\u0301se Oyen"])
def test_goes_whatever_letters_the_gallery_has_for_it(place: Path, asked: str) -> None:
    """Issue 19, 5: known with ø, asked for with o, named by another name with the same QID."""
    store = FolderStore(place / "store")
    person = Person("Róse Øyen", "Q77")
    gallery_file.write(place / "gallery" / gallery_file.FILE, GalleryContent([_entry(person, 0.0, "cc" * 20)], About()))
    rows = Rows()
    rows.seen("A", on(0), {"name": "Madame X", "qid": "Q77"}, {"name": "Cher", "qid": "Q12003"})
    rows.write(store)
    assert main(["forget", asked]) == 0
    assert b"Madame X" not in store.read(keys.sightings(on(0)))
    assert b"Cher" in store.read(keys.sightings(on(0)))
    assert RemovalList.load(store).holds("Madame X", "Q77")
