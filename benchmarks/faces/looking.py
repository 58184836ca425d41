"""What the recogniser sees on photos, looked at once by as many processes as there are cores.

The one module here that knows the recogniser's inside: it does in two steps, finding and naming, what
``LocalRecognizer.recognize`` does in one (a test holds them together), so that one look does for every gallery.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.faces.pages import SIDES_PX, on_page
from celeb_ops.core.exceptions import RecognitionError
from celeb_ops.recognition.local import face_model
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.pictures import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from celeb_ops.core.geometry import Box
    from celeb_ops.recognition.local.embedders import Embedding32
    from celeb_ops.recognition.local.recognizer import LocalRecognizer
    from celeb_ops.recognition.recognizer import Face


@dataclass(frozen=True)
class Look:
    """What was found on a photo at one size."""

    picture: Box
    """Where the photo is on its slice."""
    boxes: list[Box]
    embeddings: Embedding32


def look(slice_: bytes, picture: Box) -> Look:
    """The faces on a slice."""
    pixels, model = decode(slice_), face_model.best()
    height, width = pixels.shape[:2]
    found = model.find(pixels, [picture])
    return Look(picture, [one.box.clipped(width, height) for one in found], model.embed(pixels, found))


def named(recognizer: LocalRecognizer, seen: Look) -> list[Face]:
    """The faces of a look, as this recogniser names them."""
    if not seen.boxes:
        return []
    matches = recognizer.nearest(seen.embeddings)
    return [recognizer.named(box, match) for box, match in zip(seen.boxes, matches, strict=True)]


def look_at(paths: Sequence[Path], done: Callable[[], None]) -> tuple[dict[Path, dict[int, Look]], list[Path]]:
    """Looks by photo and size, and the photos that can't be decoded.

    :param done: is called after each photo.
    """
    looks, damaged = {}, []
    for path, seen in _in_processes(_look_at, paths, done):
        if seen is None:
            damaged.append(path)
        else:
            looks[path] = seen
    return looks, damaged


def enrol(people: Iterable[Path], cache: Path, done: Callable[[], None]) -> None:
    """Fill the cache of embeddings that :meth:`Gallery.load` keeps.

    :param people: gallery folders of one person each.
    """
    for _ in _in_processes(_Enrol(cache), list(people), done):
        pass


def _look_at(path: Path) -> dict[int, Look] | None:
    try:
        return {side: look(*on_page(path, side)) for side in SIDES_PX}
    except RecognitionError:
        return None


@dataclass(frozen=True)
class _Enrol:
    cache: Path

    def __call__(self, folder: Path) -> None:
        Gallery.load(folder, self.cache)


def _in_processes(
    work: Callable[[Path], Any], paths: Sequence[Path], done: Callable[[], None]
) -> Iterable[tuple[Path, Any]]:
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), initializer=_quiet) as pool:
        under_way = {pool.submit(work, path): path for path in paths}
        try:
            for one in as_completed(under_way):
                done()
                yield under_way[one], one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _quiet() -> None:
    # Ctrl-C is for the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.WARNING)
