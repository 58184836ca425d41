"""The models give the same numbers as ONNX as in their original form."""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from celeb_ops.recognition.local import detector, embedders, onnx_conversion, onnx_models
from celeb_ops.recognition.pictures import decode


@pytest.fixture(params=["hopper", "collins"])
def pixels(request: pytest.FixtureRequest, pictures: Path) -> Any:
    return decode((pictures / f"{request.param}.jpeg").read_bytes())


def test_yunet_is_as_opencv_runs_it(pixels: Any, tmp_path: Path) -> None:
    model = onnx_conversion.onnx.load(onnx_models.FOLDER / onnx_models.YUNET)  # type: ignore[attr-defined]
    theirs = tmp_path / "yunet.onnx"
    for place in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[place].dim_value = 640
    onnx_conversion.onnx.save(model, theirs)  # type: ignore[attr-defined]
    onnx_conversion.yunet(theirs, tmp_path / "ours.onnx")
    height, width = pixels.shape[:2]
    opencv = cv2.FaceDetectorYN.create(str(theirs), "", (width, height), 0.7, 0.3)
    _, found = opencv.detect(np.ascontiguousarray(pixels[..., ::-1]))
    np.testing.assert_allclose(detector.detected(pixels), found, atol=0.01)
    blank = np.zeros((1, 3, 64, 96), np.float32)
    assert onnx_models.run(tmp_path / "ours.onnx", blank)["cls_32"].shape == (1, 6, 1)


def test_dlibs_network_gives_dlibs_numbers(pixels: Any) -> None:
    (face,) = detector.find_faces(pixels)
    weights = onnx_models.packaged("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
    network = dlib.face_recognition_model_v1(str(weights))
    shape = embedders._shape(pixels, face.box)
    chip = dlib.get_face_chip(pixels, shape, size=150, padding=0.25)
    mirrored = np.array(network.compute_face_descriptor(np.ascontiguousarray(chip[:, ::-1])))
    wanted = (np.array(network.compute_face_descriptor(pixels, shape)) + mirrored) / 2
    (ours,) = embedders.dlib_embeddings(pixels, [face])
    np.testing.assert_allclose(ours, wanted, atol=1e-5)


def test_a_tensorflow_js_graph_gives_its_numbers(tmp_path: Path) -> None:
    """One in which a small picture can be followed by hand: a convolution, a depthwise one, arithmetic, the mean."""
    dice = np.random.default_rng(1)
    weights = {
        "kernel": dice.normal(size=(1, 1, 3, 2)),
        "depthwise": dice.normal(size=(1, 1, 2, 1)),
        "bias": dice.normal(size=2),
        "six": np.array(6),
        "zero": np.array(0),
    }
    weights = {name: value.astype(np.float16) for name, value in weights.items()}
    same = {"s": base64.b64encode(b"SAME").decode()}
    steps = {"padding": same, "strides": {"list": {"i": ["1", "2", "2", "1"]}}}
    nodes = [
        {"name": "input", "op": "Placeholder"},
        {"name": "conv", "op": "Conv2D", "input": ["input", "kernel"], "attr": steps},
        {"name": "added", "op": "Add", "input": ["conv", "bias"]},
        {"name": "relu", "op": "Relu", "input": ["added"]},
        {"name": "at most", "op": "Minimum", "input": ["relu", "six"]},
        {"name": "clipped", "op": "Maximum", "input": ["at most", "zero"]},
        {"name": "dw", "op": "DepthwiseConv2dNative", "input": ["clipped", "depthwise"], "attr": steps},
        {"name": "global_pooling/Mean", "op": "Mean", "input": ["dw", "axes"]},
    ]
    manifest = [
        {
            "paths": ["weights.bin"],
            "weights": [
                {"name": name, "shape": list(one.shape), "dtype": "float32", "quantization": {"dtype": "float16"}}
                for name, one in weights.items()
            ],
        }
    ]
    (tmp_path / "weights.bin").write_bytes(b"".join(one.tobytes() for one in weights.values()))
    graph = {"modelTopology": {"node": nodes}, "weightsManifest": manifest}
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    onnx_conversion.faceres(tmp_path / "graph.json", tmp_path / "out.onnx")

    faces = dice.normal(size=(2, 224, 224, 3)).astype(np.float32)
    (embeddings,) = onnx_models.run(tmp_path / "out.onnx", faces).values()
    made = faces[:, ::2, ::2] @ weights["kernel"][0, 0].astype(np.float32) + weights["bias"]
    made = made.clip(0, 6)[:, ::2, ::2] * weights["depthwise"][0, 0, :, 0]
    np.testing.assert_allclose(embeddings, made.mean(axis=(1, 2)), rtol=1e-3, atol=1e-4)


def test_nothing_is_made_of_faces_but_what_they_are_compared_by(pixels: Any) -> None:
    """The graph that faceres comes as goes on to age and gender."""
    if not (onnx_models.FOLDER / onnx_models.FACERES).is_file():
        pytest.skip("faceres is not here: npm could not fetch it")
    session = onnx_models.session(onnx_models.FOLDER / onnx_models.FACERES)
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("embeddings", ["n", 1_024])]
