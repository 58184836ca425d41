"""Where the models' files are, and how they are run."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celeb_ops.core.exceptions import RecognitionError
from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from onnxruntime import InferenceSession

FOLDER = PROJECT / ".venv" / "models"
"""``make setup`` writes them (:mod:`conversion`)."""
YUNET, DLIB, FACERES = "yunet.onnx", "dlib.onnx", "faceres.onnx"


@cache
def session(path: Path) -> InferenceSession:
    """The model of a file, ready to run. RecognitionError where there is none."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A page's pictures are of all sizes: what was fetched for the largest would be kept. And a core for each task.
    options.enable_cpu_mem_arena = False
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # Its errors have no common class but this one.
    except Exception as error:
        if not path.is_file():
            raise RecognitionError(f"The face model {path} is missing: run `make setup`.") from None
        raise RecognitionError(f"The face model {path} can't be read: {str(error).splitlines()[0]}") from None


def run(path: Path, given: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
    """What a model with one input says, by its outputs' names."""
    model = session(path)
    (wanted,) = model.get_inputs()
    names = [one.name for one in model.get_outputs()]
    return dict(zip(names, model.run(names, {wanted.name: given}), strict=True))


def packaged(package: str, *parts: str) -> Path:
    """A data file of an installed package, found without importing it: face_recognition_models would need
    pkg_resources, which setuptools no longer has. RecognitionError where it is missing."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, *parts)).is_file():
            return path
    raise RecognitionError(f"The model file {parts[-1]} is missing: install {package} (`make setup`).")
