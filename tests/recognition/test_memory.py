from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from celeb_ops import keys
from celeb_ops.geometry import Box
from celeb_ops.recognition.answers import AnsweredFace
from celeb_ops.recognition.memory import Memory, Remembered, alike, shades_of
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.recognition.memory import Known
    from celeb_ops.recognition.models import Pixels
    from celeb_ops.store import FolderStore, Store

SRC = "https://example.com/photo.jpg"
SHADES = bytes(range(256))
FACES = [AnsweredFace(box=Box(10, 20, 60, 60), name="A", id="1x", urls=("www.wikidata.org/wiki/Q1",), confidence=99)]


def memory(store: Store, stem: str = "second", days: float = 30, anew: bool = False) -> Memory:
    return Memory(store, "rekognition", "TMZ", stem, timedelta(days=days), anew)


def a_known(by: Memory, shades: bytes = SHADES, src: str = SRC, when: datetime = RUN_TIME) -> Known:
    return by.known(src, Box(5, 6, 300, 200), shades, FACES, when)


def drawn(photo: Path, left: int, top: int) -> Pixels:
    """A photo at its place on a page that was encoded as JPEG."""
    page = Image.new("RGB", (400, 300), "white")
    with Image.open(photo) as image:
        page.paste(image.resize((300, 200)), (left, top))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=80)
    return np.asarray(Image.open(out))[top : top + 200, left : left + 300]


class TestAlike:
    @pytest.mark.parametrize("place", [(1, 0), (3, 5), (8, 8), (15, 11)])
    @pytest.mark.parametrize("photo", ["hopper", "collins", "coffee"])
    def test_a_picture_at_another_place(self, pictures: Path, photo: str, place: tuple[int, int]) -> None:
        path = pictures / f"{photo}.jpeg"
        assert alike(shades_of(drawn(path, 0, 0)), shades_of(drawn(path, *place)))

    def test_not_another_picture(self, pictures: Path) -> None:
        hopper, collins = (shades_of(drawn(pictures / f"{name}.jpeg", 0, 0)) for name in ("hopper", "collins"))
        assert not alike(hopper, collins)

    def test_not_one_with_another_small_face_in_it(self, pictures: Path) -> None:
        several = []
        for name in ("hopper", "collins"):
            frame = np.array(drawn(pictures / "coffee.jpeg", 0, 0))
            with Image.open(pictures / f"{name}-small.jpeg") as inset:
                frame[80:120, 200:240] = np.asarray(inset.convert("RGB").resize((40, 40)))
            several.append(shades_of(frame))
        assert not alike(*several)


class TestRecall:
    def test_of_what_an_earlier_run_asked(self, store: Store) -> None:
        first = memory(store, "first")
        first.keep([a_known(first)])
        known = memory(store).recall(SRC, (300, 200), SHADES)
        assert known
        assert list(known.faces) == FACES
        assert known.asked_by == "first"

    @pytest.mark.parametrize(
        ("src", "size", "shades"),
        [
            ("https://example.com/other.jpg", (300, 200), SHADES),
            (SRC, (301, 200), SHADES),
            (SRC, (300, 200), SHADES[::-1]),
        ],
        ids=["another address", "another size", "other pixels"],
    )
    def test_not_of_anything_else(
        self, folder_store: FolderStore, src: str, size: tuple[int, int], shades: bytes
    ) -> None:
        first = memory(folder_store, "first")
        first.keep([a_known(first)])
        assert memory(folder_store).recall(src, size, shades) is None

    def test_not_of_its_own(self, folder_store: FolderStore) -> None:
        # Its questions are the same at every try, and their answers are kept.
        own = memory(folder_store)
        own.keep([a_known(own)])
        assert memory(folder_store).recall(SRC, (300, 200), SHADES) is None

    def test_not_of_what_is_too_long_ago(self, folder_store: FolderStore) -> None:
        first = memory(folder_store, "first")
        old = datetime.now(UTC) - timedelta(days=9)
        first.keep([a_known(first).model_copy(update={"asked_at": old})])
        assert memory(folder_store, days=10).recall(SRC, (300, 200), SHADES)
        assert memory(folder_store, days=8).recall(SRC, (300, 200), SHADES) is None

    def test_not_when_all_is_to_be_asked_anew(self, folder_store: FolderStore) -> None:
        first = memory(folder_store, "first")
        first.keep([a_known(first)])
        assert memory(folder_store, anew=True).recall(SRC, (300, 200), SHADES) is None

    def test_not_of_a_damaged_file(self, folder_store: FolderStore) -> None:
        folder_store.write(keys.memory("rekognition", "TMZ"), b"{")
        broken = memory(folder_store)
        assert broken.recall(SRC, (300, 200), SHADES) is None
        broken.keep([a_known(broken)])
        assert memory(folder_store, "third").recall(SRC, (300, 200), SHADES)


class TestKeep:
    def kept(self, store: Store) -> Remembered:
        return Remembered.load(store, keys.memory("rekognition", "TMZ"))

    def test_a_second_try_changes_nothing(self, folder_store: FolderStore) -> None:
        first = memory(folder_store)
        first.keep([a_known(first)])
        before = folder_store.read(keys.memory("rekognition", "TMZ"))
        again = a_known(first).model_copy(update={"asked_at": datetime.now(UTC) + timedelta(hours=1)})
        first.keep([again])
        assert folder_store.read(keys.memory("rekognition", "TMZ")) == before

    def test_two_pictures_of_one_address_are_both_kept(self, folder_store: FolderStore) -> None:
        first = memory(folder_store, "first")
        first.keep([a_known(first)])
        first.keep([a_known(first, shades=SHADES[::-1])])
        assert all(memory(folder_store).recall(SRC, (300, 200), shades) for shades in (SHADES, SHADES[::-1]))

    def test_what_no_page_showed_for_long_is_forgotten(self, folder_store: FolderStore) -> None:
        first = memory(folder_store, "first", days=10)
        first.keep([a_known(first), a_known(first, src="gone")])
        later = RUN_TIME + timedelta(days=10)
        first.keep([a_known(first, when=later)])
        assert len(self.kept(folder_store).pictures) == 2
        first.keep([a_known(first, when=later + timedelta(seconds=1))])
        assert [one.seen for one in self.kept(folder_store).pictures] == [later + timedelta(seconds=1)]

    def test_a_new_answer_takes_the_place_of_the_old(self, folder_store: FolderStore) -> None:
        first = memory(folder_store, "first")
        first.keep([a_known(first)])
        anew = memory(folder_store, anew=True)
        anew.keep([anew.known(SRC, Box(0, 0, 300, 200), SHADES, [], RUN_TIME)])
        known = memory(folder_store, "third").recall(SRC, (300, 200), SHADES)
        assert known
        assert (known.asked_by, known.faces) == ("second", ())

    def test_no_address_of_a_picture_is_written(self, folder_store: FolderStore) -> None:
        first = memory(folder_store)
        first.keep([a_known(first)])
        assert b"example.com" not in folder_store.read(keys.memory("rekognition", "TMZ"))
