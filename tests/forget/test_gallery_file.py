"""Somebody of the gallery's file who asks not to be in the dataset; and their other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from celeb_ops.forget.__main__ import main
from celeb_ops.gallery import looking
from celeb_ops.gallery.looking import Look
from celeb_ops.recognition import gallery_file
from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.gallery_file import About, Entry, Reference, Whole
from celeb_ops.recognition.people import Person
from celeb_ops.removed import Removed
from celeb_ops.store import FolderStore
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from pathlib import Path


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
    gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, Whole(entries, about))
    for sha1 in ("aa" * 20, "bb" * 20):
        looking.keep_look(tmp_path / "cache" / "gallery", sha1, Look(embedding=np.zeros(128), crop=b"x"))
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
    assert main(["Ye"]) == 0
    assert "Kanye West, Q15935" in capsys.readouterr().out
    removed = Removed.load(FolderStore(place / "store"))
    assert removed.people[0].names == ("Ye", "Kanye West", "Q15935")
    # A nickname of Wikidata's is not looked for in headlines.
    assert not removed.holds("The Boss")
    assert b"Kanye" not in (place / "store" / "Sightings" / "2026-11.parquet").read_bytes()
    assert looks(place) == {"bb" * 20}
    assert set(Gallery.load(place / "gallery", place / "cache", removed).people) == {"Cher"}


@pytest.mark.parametrize("name", ["kanye west", "Q15935"])
def test_is_found_by_any_of_them(place: Path, name: str) -> None:
    assert main([name]) == 0
    assert Removed.load(FolderStore(place / "store")).holds("Ye")


def test_goes_out_of_the_file_on_demand(place: Path) -> None:
    assert main(["Ye"]) == 0
    path = place / "gallery" / gallery_file.FILE
    assert {one.person.name for one in gallery_file.read(path).entries} == {"Ye", "Cher"}
    assert main(["Ye", "--gallery"]) == 0
    whole = gallery_file.read(path)
    assert {one.person.name for one in whole.entries} == {"Cher"}
    assert whole.about.confusable == ()


def test_a_dry_run_changes_nothing(place: Path) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    assert main(["Ye", "--dry-run", "--gallery"]) == 0
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before
