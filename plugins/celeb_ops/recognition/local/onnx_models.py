"""The models' files, and how they run."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celeb_ops.core.exceptions import RecognitionError
from celeb_ops.core.settings import setup_path

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from onnxruntime import InferenceSession

FOLDER = setup_path(".venv/models")
"""``make setup`` writes them (:mod:`onnx_conversion`)."""
YUNET, DLIB, FACERES = "yunet.onnx", "dlib.onnx", "faceres.onnx"


@cache
def session(path: Path) -> InferenceSession:
    """A model, ready to run. RecognitionError: its file is missing or can't be read."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Pictures are of all sizes: an arena would keep the memory of the largest. And each task has one core.
    options.enable_cpu_mem_arena = False
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # Its errors have no other common class.
    except Exception as error:
        if not path.is_file():
            raise RecognitionError(f"The face model {path} is missing: run `make setup`.") from None
        raise RecognitionError(f"The face model {path} can't be read: {str(error).splitlines()[0]}") from None


def run(path: Path, pixels: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
    """The outputs of a model with one input, by name."""
    model = session(path)
    names = [one.name for one in model.get_outputs()]
    return dict(zip(names, model.run(names, {model.get_inputs()[0].name: pixels}), strict=True))


def packaged(package: str, *parts: str) -> Path:
    """A data file of an installed package. RecognitionError: it is missing.

    Nothing is imported: face_recognition_models needs pkg_resources, which setuptools no longer has.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, *parts)).is_file():
            return path
    raise RecognitionError(f"{parts[-1]} is missing: install {package} (`make setup`).")
