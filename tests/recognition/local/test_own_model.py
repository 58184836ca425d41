"""A network of one's own in ArcFace's convention, by CELEBS_FACE_MODEL."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from celeb_ops.core.exceptions import GalleryError, SettingsError
from celeb_ops.core.geometry import Box
from celeb_ops.core.settings import Settings
from celeb_ops.recognition.factory import check_recognizer
from celeb_ops.recognition.local import embedders, face_model, gallery_file
from celeb_ops.recognition.local.detector import Found
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.gallery_file import About, Entry, GalleryContent, Reference
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.people import Person
from celeb_ops.recognition.pictures import decode


def a_network(path: Path, shape: Sequence[int | str] = ("n", 3, 112, 112)) -> Path:
    """Of each face the means of 8 × 8 cells: people look alike to it, but not the same."""
    nodes = [
        helper.make_node("AveragePool", ["in"], ["cells"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["cells"], ["out"]),
    ]
    inputs = [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [shape[0], 192])]
    model = helper.make_model(helper.make_graph(nodes, "cells", inputs, outputs))
    model.ir_version = 8
    model.opset_import[0].version = 13
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("batch", ["n", 1])
def test_names_by_a_gallery_of_its_own(batch: int | str, tmp_path: Path, demo_folder: Path, pictures: Path) -> None:
    model = face_model.chosen(Settings(face_model=str(a_network(tmp_path / "cells.onnx", (batch, 3, 112, 112)))))
    assert (model.name.startswith("cells-"), model.size) == (True, 192)
    gallery = Gallery.load(demo_folder / "gallery", tmp_path / "cache", model=model)
    recognizer = LocalRecognizer(gallery)
    np.testing.assert_allclose(np.linalg.norm(gallery.embeddings, axis=1), 1, atol=1e-5)
    assert recognizer.info.version == f"yunet-2023mar+{model.name}"
    (face,) = recognizer.recognize((demo_folder / "gallery" / "Grace Hopper" / "grace_hopper.jpg").read_bytes())
    assert face.candidate == "Grace Hopper"
    collage = np.concatenate([decode((pictures / f"{name}.jpeg").read_bytes())[:480, :480] for name in ("hopper",) * 2])
    assert model.embed(collage, model.find(collage)).shape == (2, 192)


def test_a_face_is_turned_and_scaled_until_its_points_are_where_they_are_expected() -> None:
    turn, move = 2.5 * np.exp(0.3j), 40 + 90j
    points = [(one.real, one.imag) for one in (embedders._ARCFACE_POINTS @ [1, 1j]) * turn + move]
    a, b, c, d, e, f = embedders._alignment(Found(Box(0, 0, 9, 9), tuple(points)))
    for (x, y), point in zip(embedders._ARCFACE_POINTS, points, strict=True):
        assert (a * x + b * y + c, d * x + e * y + f) == pytest.approx(point)


def test_a_file_that_another_model_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    model = face_model.chosen(Settings(face_model=str(a_network(tmp_path / "cells.onnx"))))
    entry = Entry(Person("Grace Hopper"), "", 9, np.ones((1, 128), np.float32), (Reference("File:A.jpg", "aa" * 20),))
    gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, GalleryContent([entry], About()))
    with pytest.raises(GalleryError, match=r"model dlib-resnet-v1, and .* cells-.* `make gallery`"):
        Gallery.load(tmp_path / "gallery", tmp_path / "cache", model=model)


def test_what_is_no_such_network_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no-such.onnx'.*write dlib, the path of an ONNX file, or leave it out"):
        check_recognizer(Settings(face_model="no-such.onnx"))
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(SettingsError, match=r"empty.onnx.*can't be read"):
        face_model.chosen(Settings(face_model=str(tmp_path / "empty.onnx")))
    with pytest.raises(SettingsError, match=r"\[3, 98, 98\].*it needs one input of faces \(n × 3 × 112 × 112"):
        face_model.chosen(Settings(face_model=str(a_network(tmp_path / "other.onnx", ("n", 3, 98, 98)))))


def test_dlib_alone_can_be_asked_for() -> None:
    assert face_model.chosen(Settings(face_model="dlib")) is face_model.DLIB
    assert face_model.chosen(Settings()) is face_model.best()
