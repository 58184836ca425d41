"""The gallery as one file: written, read, merged with a folder, refused."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.geometry import Box
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.gallery_file import About, Entry, GalleryContent, Reference
from celeb_ops.recognition.local.recognizer import LocalRecognizer, Match
from celeb_ops.recognition.people import Person

HOPPER = Person("Grace Hopper", "Q11641", ("Amazing Grace", "Grace Brewster Hopper"))
COLLINS = Person("Eileen Collins", "Q234250")


def an_entry(person: Person, photos: int = 2, seed: int = 1) -> Entry:
    embeddings = np.random.default_rng(seed).normal(0, 0.08, (photos, 128)).astype(np.float32)
    references = tuple(
        Reference(f"File:{person.name} {n}.jpg", f"{seed}{n}" * 20, "A. Photographer", "CC BY-SA 4.0", "https://cc")
        for n in range(photos)
    )
    return Entry(person, "a person", 50, embeddings, references)


def a_whole(**about: object) -> GalleryContent:
    entries = [an_entry(HOPPER, 2), an_entry(COLLINS, 3, seed=2)]
    return GalleryContent(entries, About(made="2026-11-24", **about), [("Q1", "Somebody", "their photos disagree")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, a_whole())
    return tmp_path / "gallery"


def change(path: Path, drop: tuple[str, ...] = (), **about: object) -> None:
    """Write the file's metadata as another version would."""
    stored = json.loads(pl.read_parquet_metadata(path)["celeb_ops"])
    kept = {name: value for name, value in stored.items() if name not in drop}
    pl.read_parquet(path).write_parquet(path, metadata={"celeb_ops": json.dumps(kept | about)})


def test_comes_back_as_it_was_written(folder: Path) -> None:
    read, written = gallery_file.read(folder / gallery_file.FILE), a_whole()
    for one, other in zip(read.entries, written.entries, strict=True):
        assert replace(one, embeddings=None) == replace(other, embeddings=None)
        np.testing.assert_allclose(one.embeddings, other.embeddings, atol=2e-4)
    assert (read.about, read.left_out) == (written.about, written.left_out)
    gallery_file.write(folder / "again.parquet", a_whole())
    assert (folder / "again.parquet").read_bytes() == (folder / gallery_file.FILE).read_bytes()


def test_a_file_that_is_replaced_while_it_is_read_is_one_of_the_two(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / gallery_file.FILE
    old, metadata = gallery_file.read(path), pl.read_parquet_metadata
    new = GalleryContent([an_entry(HOPPER, 1)], About(made="2026-11-25"))

    def replaced(source: object) -> dict[str, str]:
        found = metadata(source)
        gallery_file.write(path, new)
        return found

    monkeypatch.setattr(pl, "read_parquet_metadata", replaced)
    read = gallery_file.read(path)
    assert (read.about.made, len(read.entries), read.left_out) == (old.about.made, len(old.entries), old.left_out)


def test_is_a_gallery_of_its_own_whose_faces_have_the_qid_and_the_other_names(folder: Path, tmp_path: Path) -> None:
    gallery = Gallery.load(folder, tmp_path / "cache")
    assert gallery.people == {"Grace Hopper": 2, "Eileen Collins": 3}
    assert gallery.photos[0] == "Grace Hopper/File:Grace Hopper 0.jpg"
    assert gallery.embeddings.shape == (5, 128)
    assert gallery.known["Grace Hopper"] == HOPPER
    face = LocalRecognizer(gallery).named(Box(0, 0, 9, 9), Match(1, 0.3, 0.2))
    assert (face.name, face.qid, face.aliases) == ("Grace Hopper", "Q11641", HOPPER.aliases)
    assert face.reference == "Grace Hopper/File:Grace Hopper 1.jpg"


@pytest.mark.parametrize(
    ("name", "known_as"),
    [(name, "Grace Hopper") for name in ("Grace Hopper", "grace brewster hopper", "Q11641")] + [("My Friend",) * 2],
)
def test_a_folder_of_somebody_it_knows_adds_to_their_photos_and_another_person_stands_beside_them(
    folder: Path, tmp_path: Path, demo_folder: Path, name: str, known_as: str
) -> None:
    (folder / name).mkdir()
    shutil.copy(demo_folder / "www" / "pictures" / "hopper-small.jpeg", folder / name / "mine.jpg")
    gallery = Gallery.load(folder, tmp_path / "cache")
    file = {"Grace Hopper": 2, "Eileen Collins": 3}
    assert gallery.people == file | {known_as: file.get(known_as, 0) + 1}
    assert gallery.photos[-1] == f"{name}/mine.jpg"
    assert gallery.names[-1] == known_as


@pytest.mark.parametrize("name", ["Grace Hopper", "Amazing Grace"])
def test_who_asked_not_to_be_in_the_dataset_is_not_loaded(folder: Path, tmp_path: Path, name: str) -> None:
    before = Gallery.load(folder, tmp_path / "cache")
    gallery = Gallery.load(folder, tmp_path / "cache", RemovalList((RemovedPerson(name),)))
    assert gallery.people == {"Eileen Collins": 3}
    assert gallery.embeddings.shape == (3, 128)
    np.testing.assert_array_equal(gallery.embeddings, before.embeddings[2:])
    assert gallery.digest != before.digest


@pytest.mark.parametrize(
    ("about", "message"),
    [({"model": "arcface-r100"}, r"model arcface-r100.*make gallery"), ({"format": 99}, "newer version")],
)
def test_files_of_another_model_or_a_newer_version_are_refused(
    about: dict[str, object], message: str, folder: Path, tmp_path: Path
) -> None:
    change(folder / gallery_file.FILE, **about)
    with pytest.raises(GalleryError, match=message):
        Gallery.load(folder, tmp_path / "cache")


def test_other_content_is_refused(folder: Path, tmp_path: Path) -> None:
    other = io.BytesIO()
    pl.DataFrame({"name": ["x"]}).write_parquet(other)
    for content in (b"", b"no parquet", other.getvalue()):
        (folder / gallery_file.FILE).write_bytes(content)
        with pytest.raises(GalleryError, match=gallery_file.FILE):
            Gallery.load(folder, tmp_path / "cache")


def test_a_file_that_can_not_be_written_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (folder / gallery_file.FILE).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(GalleryError, match="No space left"):
        gallery_file.write(folder / gallery_file.FILE, a_whole())
    assert (folder / gallery_file.FILE).read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [gallery_file.FILE]


def test_one_of_dlib_alone_is_used_by_dlib_alone_and_says_how_to_bring_it_up_to_date(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As every file of the first format is: there too a distance stood where today's have a score."""
    path = folder / gallery_file.FILE
    change(path, drop=("counted_score", "growing_to"), format=1, counted=0.1, strangers=[0.8, 0.1])
    assert gallery_file.read(path).about.growing_to is None
    gallery = Gallery.load(folder, tmp_path / "cache", model=face_model.BOTH)
    assert gallery.model is face_model.DLIB
    assert gallery.counted_score is None
    assert "`make gallery` brings it up to date" in caplog.text
    caplog.clear()
    assert Gallery.load(folder, tmp_path / "cache", model=face_model.DLIB).embeddings.shape == (5, 128)
    assert "WARNING" not in caplog.text


def test_one_of_both_networks_is_used_by_dlib_alone_where_the_other_is_not(folder: Path, tmp_path: Path) -> None:
    before = Gallery.load(folder, tmp_path / "cache", model=face_model.DLIB).embeddings
    path = folder / gallery_file.FILE
    more = [
        replace(one, embeddings=np.pad(one.embeddings, ((0, 0), (0, face_model.BOTH.size - 128)), constant_values=0.1))
        for one in a_whole().entries
    ]
    gallery_file.write(path, replace(a_whole(model=face_model.BOTH.name), entries=more))
    assert Gallery.load(folder, tmp_path / "cache", model=face_model.BOTH).embeddings.shape == (5, face_model.BOTH.size)
    gallery = Gallery.load(folder, tmp_path / "cache", model=face_model.DLIB)
    assert gallery.model is face_model.DLIB
    np.testing.assert_array_equal(gallery.embeddings, before)


def test_people_are_read_without_the_embeddings(folder: Path, tmp_path: Path) -> None:
    assert gallery_file.people_of(folder).find("amazing grace") == HOPPER
    assert len(gallery_file.people_of(tmp_path / "none")) == 0
    gallery_file.write(folder / gallery_file.FILE, GalleryContent([], About()))
    assert Gallery.load(folder, tmp_path / "cache").names == []


def test_an_article_more_is_no_other_gallery(folder: Path, tmp_path: Path) -> None:
    """The dataset's lines break where the gallery is another one: not for what names nobody."""
    path = folder / gallery_file.FILE
    before = Gallery.load(folder, tmp_path / "cache").digest
    whole = a_whole()
    more = [replace(one, sitelinks=one.sitelinks + 1, description="known") for one in whole.entries]
    gallery_file.write(path, replace(whole, entries=more))
    assert Gallery.load(folder, tmp_path / "cache").digest == before
    gallery_file.write(path, replace(whole, entries=whole.entries[:1]))
    assert Gallery.load(folder, tmp_path / "cache").digest != before
