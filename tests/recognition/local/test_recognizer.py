import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from celeb_ops.core.geometry import Box
from celeb_ops.recognition.local import face_model
from celeb_ops.recognition.local.embedders import Embedding32
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LEAD, LocalRecognizer, Match
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.recognizer import Face
from tests.factories import a_page


@pytest.fixture(scope="module")
def hopper(pictures: Path) -> bytes:
    return (pictures / "hopper-small.jpeg").read_bytes()


@pytest.fixture(scope="module")
def embedding(hopper: bytes) -> Embedding32:
    pixels = decode(hopper)
    (row,) = face_model.DLIB.embed(pixels, face_model.DLIB.find(pixels))
    return row


def at(embedding: Embedding32, *distances: tuple[str, float]) -> LocalRecognizer:
    """A recogniser that knows people at these distances from the face."""
    away = np.zeros(128)
    away[0] = 1
    rows = np.stack([embedding + away * distance for _, distance in distances])
    return LocalRecognizer(Gallery([name for name, _ in distances], rows, "digest"))


def only(faces: list[Face]) -> Face:
    (face,) = faces
    return face


class TestDemoPictures:
    @pytest.mark.parametrize(
        ("picture", "names"),
        [
            *((picture, ["Grace Hopper"]) for picture in ("hopper", "hopper-small")),
            *((picture, ["Eileen Collins"]) for picture in ("collins", "collins-small")),
            *((picture, []) for picture in ("chelsea", "coffee", "rocket")),
        ],
    )
    def test_people_are_named(
        self, recognizer: LocalRecognizer, pictures: Path, picture: str, names: list[str]
    ) -> None:
        faces = recognizer.recognize((pictures / f"{picture}.jpeg").read_bytes())
        assert [face.name for face in faces] == names
        for face in faces:
            assert 90 < face.confidence <= 100
            assert face.margin is not None
            assert face.margin > face_model.best().margin
            assert face.basis == "face"

    def test_a_face_on_the_edge_has_its_box_inside_the_picture(
        self, recognizer: LocalRecognizer, hopper: bytes, pictures: Path
    ) -> None:
        whole = only(recognizer.recognize(hopper)).box
        page = a_page(240, 300, {(-whole.left - 20, 0): pictures / "hopper-small.jpeg"})
        face = only(recognizer.recognize(page))
        assert face.name == "Grace Hopper"
        assert face.box.left == 0
        assert face.box.clipped(240, 300) == face.box


STRICT = face_model.DLIB.strict_at(1)


def test_confidence_falls_with_the_distance_and_rises_with_the_page_s_words(
    embedding: Embedding32, hopper: bytes
) -> None:
    distances = (0.53, 0.55, 0.56, STRICT - 0.001)
    faces = [only(at(embedding, ("A", distance)).recognize(hopper)) for distance in distances]
    assert all(nearer.confidence > farther.confidence for nearer, farther in pairwise(faces))
    assert all(50 < face.confidence <= 100 for face in faces)
    assert faces[-1].confidence < (faces[-1].with_words or 0) <= 100
    # Past the threshold nobody is named.
    face = only(at(embedding, ("A", STRICT + 0.001)).recognize(hopper))
    assert (face.name, face.candidate, face.confidence, face.margin) == (None, None, 0, None)
    assert face.box.area > 0


class TestMargin:
    def test_is_the_distance_to_the_next_person(self, embedding: Embedding32, hopper: bytes) -> None:
        face = only(at(embedding, ("A", 0.4), ("B", 0.3), ("C", 0.9)).recognize(hopper))
        assert (face.name, face.margin) == ("B", pytest.approx(0.1, abs=0.001))
        # There is none if one person is known.
        face = only(at(embedding, ("A", 0.3), ("A", 0.31)).recognize(hopper))
        assert (face.name, face.margin) == ("A", None)

    def test_a_person_who_is_there_twice_is_not_named(self, embedding: Embedding32, hopper: bytes) -> None:
        margin = face_model.DLIB.margin
        assert only(at(embedding, ("A", 0.2), ("B", 0.2 + margin - 0.002)).recognize(hopper)).name is None
        assert only(at(embedding, ("A", 0.2), ("B", 0.2 + margin + 0.002)).recognize(hopper)).name == "A"

    def test_the_further_the_next_person_the_further_a_face_may_be(self, embedding: Embedding32, hopper: bytes) -> None:
        """A stranger is about as near to several people, somebody known to one."""
        strict, margin = face_model.DLIB.strict_at(2), 0.15
        inside, outside = (strict + LEAD * margin + off for off in (-0.002, 0.002))
        assert only(at(embedding, ("A", inside), ("B", inside + margin)).recognize(hopper)).name == "A"
        assert only(at(embedding, ("A", outside), ("B", outside + margin)).recognize(hopper)).name is None
        assert only(at(embedding, ("A", inside), ("B", inside + margin - 0.02)).recognize(hopper)).name is None


def test_a_candidate_gets_a_name_by_the_page_s_words_alone(recognizer: LocalRecognizer) -> None:
    far = face_model.best().candidate - 0.02
    face = recognizer.named(Box(0, 0, 9, 9), Match(0, far, 0.04))
    assert (face.name, face.candidate is not None) == (None, True)
    assert face.with_words is not None
    assert face.confidence < 50 < face.with_words


def test_it_says_which_model_and_gallery_it_has(recognizer: LocalRecognizer, hopper: bytes, tmp_path: Path) -> None:
    assert (recognizer.info.name, recognizer.info.version) == ("local", face_model.best().version)
    assert recognizer.info.version.startswith("yunet")
    assert recognizer.info.gallery
    # Without a gallery faces are counted and nobody is named.
    nobody = LocalRecognizer(Gallery.load(tmp_path / "nowhere", tmp_path / "cache"))
    assert nobody.info.gallery is None
    face = only(nobody.recognize(hopper))
    assert (face.name, face.box.area > 0) == (None, True)


def test_a_thumbnail_s_face_and_a_hero_s_are_both_found(recognizer: LocalRecognizer, hopper: bytes) -> None:
    """Of about 30 px and of 550 px, on one slice."""
    with Image.open(io.BytesIO(hopper)) as image:
        photo = image.convert("RGB")
    page = Image.new("RGB", (1_440, 1_920), "white")
    areas = [Box(40, 40, 1_000, 1_250), Box(1_200, 1_500, 46, 58)]
    for area in areas:
        page.paste(photo.resize((area.width, area.height)), (area.left, area.top))
    out = io.BytesIO()
    page.save(out, "PNG")
    large, small = sorted(recognizer.recognize(out.getvalue(), areas), key=lambda face: -face.box.area)
    assert large.name == small.name == "Grace Hopper"
    assert (large.box.width > 350, small.box.width < 45) == (True, True)
    assert areas[0].contains(large.box.centre)
    assert areas[1].contains(small.box.centre)


def test_real_people_are_named_right_and_strangers_are_not(faces: Path, tmp_path: Path) -> None:
    """By one photo each, on another one."""

    def small(photo: Path) -> bytes:
        with Image.open(photo) as image:
            image.thumbnail((800, 800))
            image.convert("RGB").save(out := io.BytesIO(), "JPEG", quality=90)
        return out.getvalue()

    people = {one.name: sorted(one.glob("*.*"))[:2] for one in faces.glob("[!_]*/")}
    for name, (known, _) in people.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo.jpeg").write_bytes(small(known))
    recognizer = LocalRecognizer(Gallery.load(tmp_path, tmp_path / ".cache"))
    others = dict.fromkeys(sorted((faces / "_unknown").iterdir())[:10], "")
    others |= {other: name for name, (_, other) in people.items()}
    named = [(name, face.name) for photo, name in others.items() for face in recognizer.recognize(small(photo))]
    assert [one for one in named if one[1] not in (None, one[0])] == []
    assert len({name for name, _ in named if name} & {name for _, name in named}) >= 0.8 * len(people)
