"""One person found by both recognisers: one in sightings and in the trends, and gone under every name."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from celeb_ops.core import keys
from celeb_ops.core.records import Picture, Plan, Result, Slice, Span
from celeb_ops.core.removal_list import RemovedPerson, add
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import merge
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.gallery_file import About, Entry, GalleryContent, Reference
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.page import recognize_page
from celeb_ops.recognition.people import People, Person
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.recognizer import Recognizer
from celeb_ops.trends import build
from celeb_ops.trends.schema import load
from tests.aws.rekognition import qid_of, serving
from tests.factories import RUN_TIME, a_page, a_screenshot, saved
from tests.recognition.aws.test_rekognition import asking

THEIRS = "Rear Admiral Hopper"
"""What Rekognition calls her here."""
QID = qid_of(THEIRS)
HOPPER = Person("Grace Hopper", QID, ("Amazing Grace", "Grace Murray Hopper"))


@pytest.fixture
def folder(tmp_path: Path, pictures: Path) -> Path:
    """A gallery's folder with a file that knows her."""
    pixels, model = decode((pictures / "hopper.jpeg").read_bytes()), face_model.best()
    embeddings = model.embed(pixels, model.find(pixels))
    entry = Entry(HOPPER, "", 9, embeddings, (Reference("File:Hopper.jpg", "aa" * 20),))
    gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, GalleryContent([entry], About(model=model.name)))
    return tmp_path / "gallery"


@pytest.fixture
def rekognition(tmp_path: Path, pictures: Path) -> Iterator[Recognizer]:
    """One that knows her by another name, with her address at Wikidata."""
    (tmp_path / "theirs" / THEIRS).mkdir(parents=True)
    shutil.copy(pictures / "hopper.jpeg", tmp_path / "theirs" / THEIRS)
    with serving(LocalRecognizer(Gallery.load(tmp_path / "theirs", tmp_path / "cache"))) as service:
        yield asking(service.url)


def result_of(
    store: FolderStore, recognizer: Recognizer, day: int, pictures: Path, people: People | None = None
) -> Result:
    """A page with her picture, of a run some days on."""
    when = RUN_TIME + timedelta(days=day)
    stem = keys.stem("TMZ", when)
    page = a_page(800, 700, {(50, 50): pictures / "hopper.jpeg"})
    shown = [Picture(box=(50, 50, 480, 480), src="")]
    shot = a_screenshot(time=when, captured_at=when, page_width=800, captured_height=700, pictures=shown)
    sidecar = saved(store, shot, page)
    rows, columns = Span(0, 700), Span(0, 800)
    key = keys.slice_(stem, rows, columns)
    store.write(key, page)
    plan = Plan(screenshot=sidecar, slices=[Slice(key=key, bands=[rows], columns=columns)])
    result = recognize_page(plan, shot, recognizer, stem, store, people=people)
    merge(store, when, [result], [])
    return result


@pytest.mark.parametrize("with_gallery", [True, False])
def test_found_by_both_is_one_in_the_trends(
    rekognition: Recognizer, folder: Path, folder_store: FolderStore, pictures: Path, tmp_path: Path, with_gallery: bool
) -> None:
    local = LocalRecognizer(Gallery.load(folder, tmp_path / "cache"))
    people = gallery_file.people_of(folder) if with_gallery else None
    theirs = result_of(folder_store, rekognition, 0, pictures, people)
    ours = result_of(folder_store, local, 1, pictures, people)
    assert ours.celebrities == ["Grace Hopper"]
    assert theirs.celebrities == ["Grace Hopper" if with_gallery else THEIRS]
    assert [one.qid for one in (*theirs.sightings, *ours.sightings)] == [QID, QID]
    build(folder_store)
    rows = load(folder_store, "people").select("name", "qid", "captures").rows()
    assert rows == [("Grace Hopper", QID, 2)]


@pytest.mark.parametrize(
    "removed",
    # By name, by QID alone, by a name that only the gallery knows, by the recogniser's name.
    [(HOPPER.name,), ("Somebody Else", (QID,)), ("Grace Murray Hopper",), (THEIRS,)],
)
def test_people_who_asked_not_to_be_in_it_is_in_by_no_name(
    rekognition: Recognizer, folder: Path, folder_store: FolderStore, pictures: Path, removed: tuple[Any, ...]
) -> None:
    add(folder_store, RemovedPerson(*removed))
    result = result_of(folder_store, rekognition, 0, pictures, gallery_file.people_of(folder))
    assert (result.celebrities, result.unrecognised) == ([], 1)
