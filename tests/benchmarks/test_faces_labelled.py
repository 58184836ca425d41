"""Whose photos of a folder are enrolled, and which are to be named."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from benchmarks.faces.labelled import Labelled, read

from celeb_ops.core.exceptions import GalleryError

if TYPE_CHECKING:
    from pathlib import Path


def even(name: str) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 0


def made(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def kinds(found: Labelled) -> set[tuple[str, str, str]]:
    return {(photo.name, photo.path.name, photo.kind) for photo in found.tests}


def test_names_of_files_say_what_they_are_for(tmp_path: Path) -> None:
    files = ("gallery-1.jpg", "gallery-2.jpg", "gallery-3.jpg", "test-profile-1.jpg", "test-not_shown-2.jpg")
    found = read(made(tmp_path, *(f"athletes/Ann/{file}" for file in files)))
    assert [path.name for path in found.enrolled["Ann"]] == ["gallery-1.jpg", "gallery-2.jpg"]
    assert kinds(found) == {("Ann", "test-profile-1.jpg", "profile"), ("Ann", "test-not_shown-2.jpg", "not_shown")}
    assert found.labelled_sets == {"athletes": ["Ann"]}


def test_of_plain_photos_the_first_two_are_enrolled(tmp_path: Path) -> None:
    found = read(made(tmp_path, "Ann/b.jpg", "Ann/a.jpg", "Ann/c.png", "Ann/notes.txt", "Bea/a.jpg", "_unknown/x.jpg"))
    assert [path.name for path in found.enrolled["Ann"]] == ["a.jpg", "b.jpg"]
    assert kinds(found) == {("Ann", "c.png", tmp_path.name)}
    # With nothing to be named she can still be mistaken for somebody.
    assert "Bea" in found.enrolled
    assert [photo.path.name for photo in found.strangers] == ["x.jpg"]


def test_who_constants_are_fitted_on_is_known_and_not_measured_on(tmp_path: Path) -> None:
    names = [f"Person {number}" for number in range(12)]
    made(tmp_path, *(f"lfw/{name}/{n}.jpg" for name in names for n in range(3)))
    made(tmp_path, *(f"lfw-strangers/{name}.jpg" for name in names))
    found = read(tmp_path)
    assert set(found.enrolled) == set(names)
    assert {photo.name for photo in found.tests} == {name for name in names if not even(name)}
    assert {photo.path.stem for photo in found.strangers} == {name for name in names if not even(f"{name}.jpg")}
    assert {path.stem for path in found.more} == {name for name in names if even(f"{name}.jpg")}
    everybody = read(tmp_path, everybody=True)
    assert {photo.name for photo in everybody.tests} == set(names)
    assert everybody.fitted_on == 0


def test_other_sets_are_measured_whole(tmp_path: Path) -> None:
    made(tmp_path, *(f"Person {number}/{n}.jpg" for number in range(12) for n in range(3)))
    assert len(read(tmp_path).people) == 12


@pytest.mark.parametrize(
    ("files", "said"),
    [((), "is no folder"), (("A/1.jpg", "A/2.jpg", "_unknown/1.jpg"), "nobody with photos enough")],
)
def test_what_cannot_be_measured_is_said(files: tuple[str, ...], said: str, tmp_path: Path) -> None:
    made(tmp_path / "photos", *files)
    with pytest.raises(GalleryError, match=said):
        read(tmp_path / "photos")
