import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from celeb_ops.recognition.local import face_model
from celeb_ops.recognition.local.gallery import Gallery
from tests.factories import a_page

HOPPER, COLLINS = "Grace Hopper", "Eileen Collins"


@pytest.fixture
def folder(tmp_path: Path, pictures: Path) -> Path:
    """One small photo of each of two people."""
    for name, photo in ((HOPPER, "hopper-small.jpeg"), (COLLINS, "collins-small.jpeg")):
        (tmp_path / "gallery" / name).mkdir(parents=True)
        shutil.copy(pictures / photo, tmp_path / "gallery" / name / photo)
    return tmp_path / "gallery"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: it is by content, so none sees another's photos."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def empty_cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shape of each photo that is searched for faces."""
    shapes: list[tuple[int, ...]] = []
    find_faces = face_model.find_faces  # type: ignore[attr-defined]

    def noted(pixels: np.ndarray, areas: object = ()) -> object:
        shapes.append(pixels.shape)
        return find_faces(pixels, areas)

    monkeypatch.setattr(face_model, "find_faces", noted)
    return shapes


def test_a_person_has_a_row_for_each_photo(folder: Path, cache: Path, pictures: Path) -> None:
    shutil.copy(pictures / "hopper.jpeg", folder / HOPPER / "second.JPEG")
    gallery = Gallery.load(folder, cache)
    assert gallery.people == {HOPPER: 2, COLLINS: 1}
    assert gallery.embeddings.shape == (3, face_model.best().size)
    hopper = gallery.embeddings[[name == HOPPER for name in gallery.names]]
    assert np.linalg.norm(hopper[0] - hopper[1]) < 0.4


class TestCache:
    def test_a_photo_is_looked_at_once_by_its_content(
        self, folder: Path, empty_cache: Path, pictures: Path, looked_at: list[tuple[int, ...]]
    ) -> None:
        shutil.copy(pictures / "coffee.jpeg", folder / HOPPER)
        first = Gallery.load(folder, empty_cache)
        assert [why for _, why in first.unused] == ["It shows no face that can be used."]
        again = Gallery.load(folder, empty_cache)
        assert (again.names, again.digest, again.unused) == (first.names, first.digest, first.unused)
        assert np.array_equal(again.embeddings, first.embeddings)
        (folder / HOPPER).rename(folder / "Rear Admiral Hopper")
        assert Gallery.load(folder, empty_cache).people == {"Rear Admiral Hopper": 1, COLLINS: 1}
        assert len(looked_at) == 3
        shutil.copy(pictures / "collins.jpeg", folder / COLLINS / "collins-small.jpeg")
        assert not np.array_equal(first.embeddings, Gallery.load(folder, empty_cache).embeddings)
        assert len(looked_at) == 4

    def test_a_damaged_file_of_the_cache_is_written_again(
        self, folder: Path, empty_cache: Path, looked_at: list[tuple[int, ...]]
    ) -> None:
        whole = Gallery.load(folder, empty_cache)
        photo = (folder / HOPPER / "hopper-small.jpeg").read_bytes()
        (cached,) = empty_cache.rglob(f"{hashlib.sha256(photo).hexdigest()}.npy")
        good = cached.read_bytes()
        other_shape = good.replace(f"({face_model.best().size},)".encode(), b"(64,)")
        assert other_shape != good
        for damaged in (b"", b"hello", good[:-8], b"PK\x03\x04" + good, other_shape):
            cached.write_bytes(damaged)
            looked_at.clear()
            assert np.array_equal(Gallery.load(folder, empty_cache).embeddings, whole.embeddings)
            assert len(looked_at) == 1
            assert cached.read_bytes() == good

    def test_a_cache_that_can_not_be_written_costs_only_time(
        self, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        assert Gallery.load(folder, tmp_path / "file").people == {HOPPER: 1, COLLINS: 1}
        assert "the embedding is computed each time" in caplog.text


def test_the_digest_distinguishes_galleries_by_names_and_photos(folder: Path, cache: Path, pictures: Path) -> None:
    digests = [Gallery.load(folder, cache).digest]
    shutil.copy(pictures / "hopper.jpeg", folder / HOPPER)
    digests.append(Gallery.load(folder, cache).digest)
    (folder / HOPPER).rename(folder / "G. Hopper")
    digests.append(Gallery.load(folder, cache).digest)
    assert None not in digests
    assert len(set(digests)) == 3


class TestFolder:
    @pytest.mark.parametrize("name", ["_unknown", ".trash", f"{COLLINS}/.hidden.jpeg", f"{COLLINS}/Thumbs.db"])
    def test_what_is_no_person_or_no_photo_is_passed_over(self, folder: Path, cache: Path, name: str) -> None:
        (folder / COLLINS / "collins-small.jpeg" if "/" in name else folder / COLLINS).rename(folder / name)
        assert Gallery.load(folder, cache).people == {HOPPER: 1}

    @pytest.mark.parametrize("name", ["one.jfif", "one.avif", "one", "one [1]"])
    def test_a_photo_is_one_by_its_content(self, folder: Path, cache: Path, name: str) -> None:
        photo = folder / HOPPER / "hopper-small.jpeg"
        Image.open(photo).save(photo.with_name(name), "AVIF" if name.endswith("avif") else "JPEG", quality=95)
        photo.unlink()
        assert Gallery.load(folder, cache).people == {HOPPER: 1, COLLINS: 1}

    def test_what_is_not_used_is_named_once_with_the_reason(
        self, folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for place in ("left out.jpg", f"{HOPPER}/phone.heic", f"{HOPPER}/2024/a.jpg", "_later/a.jpg", "Nobody/.hidden"):
            (folder / place).parent.mkdir(exist_ok=True)
            (folder / place).write_bytes(b"no picture")
        (folder / HOPPER / "gone.jpeg").symlink_to(folder / "nowhere.jpeg")
        for quiet in (".DS_Store", f"{HOPPER}/Thumbs.db", f"{HOPPER}/.DS_Store"):
            (folder / quiet).touch()
        gallery = Gallery.load(folder, cache)
        why = {path.relative_to(folder).as_posix(): why for path, why in gallery.unused}
        files = {f"{HOPPER}/{name}" for name in ("phone.heic", "2024", "gone.jpeg")}
        assert set(why) == {"left out.jpg", "_later", "Nobody", *files}
        assert "no picture that can be decoded" in why[f"{HOPPER}/phone.heic"]
        assert "can't be read (No such file" in why[f"{HOPPER}/gone.jpeg"]
        [warning] = [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert all(f"{path}: {reason}" in warning for path, reason in why.items())
        # A long list is cut.
        for number in range(1_000):
            (folder / f"{number}.txt").touch()
        assert len(Gallery.load(folder, cache).unused) == 1_006
        assert "and 986 more, which `make gallery-check` lists" in caplog.text
        assert len(caplog.text) < 5_000

    def test_a_folder_may_have_any_name(self, folder: Path, cache: Path) -> None:
        # Latin-1 bytes, which are no UTF-8: Python gives them as a lone surrogate.
        odd = Path(os.fsdecode(os.fsencode(folder) + b"/Beyonc\xe9"))
        (folder / HOPPER).rename(odd)
        assert Gallery.load(folder, cache).people == {"Beyonc\udce9": 1, COLLINS: 1}

    def test_a_film_is_not_read_and_removed_people_are_not_named(
        self, folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with (folder / HOPPER / "film.mov").open("wb") as film:
            film.truncate(10**12)
        (folder / HOPPER / "inside").mkdir()
        assert not Gallery.load(folder, cache, RemovalList((RemovedPerson(HOPPER),))).unused
        assert HOPPER not in caplog.text
        (folder / HOPPER / "inside").rmdir()
        [(_, why)] = Gallery.load(folder, cache).unused
        assert why == "It is larger than 100 MB: no photo is."


def test_without_a_folder_or_people_the_gallery_is_empty(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        gallery = Gallery.load(tmp_path / "gallery", cache)
        assert (gallery.names, gallery.embeddings.shape, gallery.digest) == ([], (0, face_model.best().size), None)
        (tmp_path / "gallery").mkdir(exist_ok=True)
    assert "has no photo with a usable face" in caplog.text
    (tmp_path / "gallery.zip").touch()
    with pytest.raises(GalleryError, match=r"gallery\.zip is not a folder: CELEBS_GALLERY is a folder"):
        Gallery.load(tmp_path / "gallery.zip", cache)


class TestPhotos:
    def test_a_large_photo_is_looked_at_smaller(
        self, tmp_path: Path, empty_cache: Path, pictures: Path, looked_at: list[tuple[int, ...]]
    ) -> None:
        person = tmp_path / "one" / HOPPER
        person.mkdir(parents=True)
        with Image.open(pictures / "hopper-small.jpeg") as image:
            image.resize((2_400, 3_000)).save(person / "photo.jpeg")
        assert Gallery.load(tmp_path / "one", empty_cache).people == {HOPPER: 1}
        assert looked_at == [(1_500, 1_200, 3)]

    def test_of_several_faces_the_largest_counts(
        self, folder: Path, cache: Path, tmp_path: Path, pictures: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        person = tmp_path / "one" / COLLINS
        person.mkdir(parents=True)
        both = {(0, 0): pictures / "hopper-small.jpeg", (260, 0): pictures / "collins.jpeg"}
        (person / "both.jpeg").write_bytes(a_page(900, 600, both))
        (embedding,) = Gallery.load(tmp_path / "one", cache).embeddings
        assert "both.jpeg shows 2 faces: the largest is taken" in caplog.text
        known = Gallery.load(folder, cache)
        distances = np.linalg.norm(known.embeddings - embedding, axis=1)
        assert known.names[int(distances.argmin())] == COLLINS


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("Grace Hopper", "Grace_Hopper", "Grace Hopper"),
        ("Grace Hopper", "grace  hopper", "Grace Hopper"),
        ("Beyonc\u00e9", "Beyonce\u0301", "Beyonc\u00e9"),
        ("Øyvind O'Neil", "Oyvind ONeil", "Oyvind ONeil"),
        ("Sinead O'Connor", "Sinead O’Connor", "Sinead O'Connor"),
    ],
)
def test_two_spellings_of_a_name_are_one_person(
    one: str, other: str, shown: str, tmp_path: Path, cache: Path, pictures: Path
) -> None:
    for name, photo in ((one, "hopper.jpeg"), (other, "hopper-small.jpeg"), (COLLINS, "collins-small.jpeg")):
        (tmp_path / "g" / name).mkdir(parents=True)
        shutil.copy(pictures / photo, tmp_path / "g" / name / photo)
    assert Gallery.load(tmp_path / "g", cache).people == {shown: 2, COLLINS: 1}
