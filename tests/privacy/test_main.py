import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from celeb_ops.cli.main import main
from celeb_ops.core import keys
from celeb_ops.core.exceptions import RecordError
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import merge
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.recognition.detections import _clean
from celeb_ops.recognition.local.gallery import Gallery
from tests.core.test_removal_list import HOSTILE
from tests.factories import RUN_TIME, a_picture, a_result, a_screenshot, a_sighting, saved
from tests.privacy.conftest import COLLINS, HOPPER, Press, contents
from tests.privacy.searching import naming


@pytest.fixture
def gallery(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gallery of the two, with cached embeddings, as the settings name it."""
    folder = tmp_path / "gallery"
    shutil.copytree(demo_folder / "gallery", folder)
    shutil.copytree(demo_folder / "cache", tmp_path / "cache", dirs_exist_ok=True)
    monkeypatch.setenv("CELEBS_GALLERY", str(folder))
    Gallery.load(folder, tmp_path / "cache")
    return folder


def embeddings(tmp_path: Path) -> int:
    return len(list((tmp_path / "cache").rglob("*.npy")))


def test_says_what_was_done(press: Press, gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    had = embeddings(tmp_path)
    assert main(["forget", HOPPER, "--alias", "Amazing Grace"]) == 0
    said = capsys.readouterr().out
    lines = ("rows of Sightings", "faces on screenshots", "embeddings of photos", "rows of Celebs.v1.csv", "slices")
    assert [line for line in lines if line not in said] == []
    assert "exports" in said
    assert naming(press.store, HOPPER) == []
    assert RemovalList.load(press.store).holds("amazing grace")
    # Photos are the user's own; what was made of them is not.
    assert f"Left in {gallery}: 1 photo of theirs" in said
    assert (gallery / HOPPER).is_dir()
    assert embeddings(tmp_path) == had - 1
    assert Gallery.load(gallery, tmp_path / "cache", RemovalList.load(press.store)).people == {COLLINS: 1}
    assert embeddings(tmp_path) == had - 1


def test_photos_go_where_that_is_asked_for_and_not_in_a_dry_run(
    press: Press, gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def everything() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = everything()
    assert main(["forget", HOPPER, "--dry-run", "--gallery"]) == 0
    assert "would be removed" in capsys.readouterr().out
    assert everything() == before
    assert main(["forget", HOPPER, "--gallery"]) == 0
    assert [person.name for person in gallery.iterdir()] == [COLLINS]


def test_an_unknown_name_is_reported_with_those_near_it(
    press: Press, gallery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(press.store)
    assert main(["forget", "Grace Hoper"]) == 2
    error = capsys.readouterr().err
    assert "is called 'Grace Hoper'. Similar: Grace Hopper." in error
    assert "FORCE=1" in error
    assert contents(press.store) == before
    assert main(["forget", "Grace Hoper", "--yes"]) == 0
    assert RemovalList.load(press.store).holds("grace hoper")


def test_a_damaged_csv_keeps_nobody_in_who_asked(press: Press, gallery: Path) -> None:
    press.store.update(keys.CSV, lambda old: (old or b"") + b"2026-11-23 08:00,TMZ,,,\n")
    assert main(["forget", HOPPER, "--yes"]) == 2
    assert RemovalList.load(press.store).holds(HOPPER)


def test_without_a_name_the_list_is_gone_through_again(
    folder_store: FolderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget"]) == 2
    assert 'NAME="Grace Hopper"' in capsys.readouterr().err
    saved(folder_store, a_screenshot(parts=[]))
    merge(folder_store, RUN_TIME, [a_result("TMZ", HOPPER, COLLINS)], [])
    # By hand.
    folder_store.write(keys.REMOVED, b"- name: Grace Hopper\n")
    assert main(["forget"]) == 0
    assert naming(folder_store, HOPPER) == []


def test_a_damaged_list_stops_all_work(folder_store: FolderStore, capsys: pytest.CaptureFixture[str]) -> None:
    key = saved(folder_store, a_screenshot(parts=[]))
    folder_store.write(keys.REMOVED, b"- Grace Hopper")
    assert main(["forget", HOPPER]) == 2
    assert "removed.yaml, entry 1" in capsys.readouterr().err
    with pytest.raises(RecordError, match=r"removed\.yaml, entry 1"):
        merge(folder_store, RUN_TIME, [a_result("TMZ", HOPPER, screenshot=key)], [])
    assert set(folder_store.list("")) == {key, keys.REMOVED}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name: str, folder_store: FolderStore, capsys: pytest.CaptureFixture[str]) -> None:
    name = _clean(name)
    stem = keys.stem("TMZ", RUN_TIME)
    shot = a_screenshot(page_width=400, captured_height=400)
    saved(folder_store, shot, a_picture(400, 400))
    crops = [keys.crop(stem, number) for number in (1, 2)]
    for crop in crops:
        folder_store.write(crop, a_picture())
    sightings = [a_sighting(name, crop=crops[0]), a_sighting(COLLINS, crop=crops[1])]
    result = a_result(sightings=sightings, faces=2)
    result.save(folder_store, keys.result(stem))
    merge(folder_store, RUN_TIME, [result], [])
    assert main(["forget", name]) == 0
    kept = [key for key in folder_store.list("") if key != keys.REMOVED]
    assert [key for key in kept if name.encode() in folder_store.read(key)] == []
    assert [row[2] for row in read_csv(folder_store.read(keys.CSV)).values()] == [COLLINS]
    # Her crop is of the same place, so it was cut again from what is blurred now.
    assert list(folder_store.list("Faces/")) == [crops[1]]
    with Image.open(io.BytesIO(folder_store.read(crops[1]))) as crop:
        assert crop.size != (100, 100)  # type: ignore[attr-defined]
