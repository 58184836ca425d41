"""A folder of labelled photos, ``<Name>/*.jpg`` and ``_unknown/*`` for strangers: the face of each, embedded."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from celeb_ops.exceptions import GalleryError, RecognitionError
from celeb_ops.geometry import Box
from celeb_ops.recognition import models
from celeb_ops.recognition.gallery import usable_size
from celeb_ops.recognition.photos import content_of, photos_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STRANGERS = "_unknown"
SIZES_PX = (20, 30, 40, 60, 100)
"""Sides at which faces are looked for again, as pages show them."""


@dataclass(frozen=True)
class Photo:
    """A photo with one face."""

    name: str
    """Whose it is; empty: a stranger's."""
    file: str
    embedding: models.Embedding
    side_px: int
    """Of its face."""
    scaled: dict[int, models.Embedding | None] = field(default_factory=dict)
    """By side in px, of the sizes that it is not smaller than: None where the face was not found any more."""


@dataclass(frozen=True)
class Labelled:
    """The photos of a folder."""

    photos: list[Photo]
    passed_over: list[tuple[str, str]]
    """Files that can't be used, and why."""

    @property
    def known(self) -> list[Photo]:
        return [photo for photo in self.photos if photo.name]

    @property
    def strangers(self) -> list[Photo]:
        return [photo for photo in self.photos if not photo.name]

    @property
    def people(self) -> list[str]:
        return sorted({photo.name for photo in self.known})


def paths_in(folder: Path) -> list[tuple[str, Path]]:
    """Name and path of each photo. GalleryError where they can't be measured with: before anything is looked at."""
    if not folder.is_dir():
        raise GalleryError(f"{folder} is no folder: PHOTOS is one with photos as <Name>/*.jpg.")
    known = photos_in(folder)
    names = [name for name, _ in known]
    if not any(names.count(name) > 1 for name in set(names)):
        raise GalleryError(f"{folder} has nobody with two photos or more: one is named by the others of its person.")
    unknown = folder / STRANGERS
    strangers = sorted(unknown.iterdir()) if unknown.is_dir() else []
    return known + [("", path) for path in strangers if not path.name.startswith(".") and path.is_file()]


def load(paths: Iterable[tuple[str, Path]], looked: Callable[[], None] = lambda: None) -> Labelled:
    """Look at the photos; of two files with one content the second is passed over.

    :param looked: is called after each.
    """
    photos: list[Photo] = []
    passed_over: list[tuple[str, str]] = []
    seen: set[bytes] = set()
    for name, path in paths:
        file = f"{path.parent.name}/{path.name}"
        try:
            content = content_of(path)
            pixels = usable_size(models.decode(content))
        except RecognitionError as error:
            passed_over.append((file, str(error)))
            looked()
            continue
        faces = models.find_faces(pixels)
        digest = hashlib.sha256(content).digest()
        if digest in seen:
            passed_over.append((file, "the same file as another one"))
        elif len(faces) != 1:
            passed_over.append((file, "no face found" if not faces else f"{len(faces)} faces"))
        else:
            (face,) = faces
            scaled = {side: at_size(pixels, face, side) for side in SIZES_PX if side <= face.width}
            photos.append(Photo(name, file, models.embed(pixels, face), face.width, scaled))
        seen.add(digest)
        looked()
    return Labelled(photos, passed_over)


def at_size(pixels: models.Pixels, face: Box, side: int) -> models.Embedding | None:
    """The embedding of a face of so many px, found as on a page: in a small JPEG picture. None: not found."""
    height, width = pixels.shape[:2]
    around = face.grown(1.0).clipped(width, height)
    image = Image.fromarray(pixels).crop((around.left, around.top, around.right, around.bottom))
    scale = side / face.width
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    out = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=85)
    small = models.decode(out.getvalue())
    found = models.find_faces(small, [Box(0, 0, *size)])
    if not found:
        return None
    middle = np.array(size) / 2
    nearest = min(found, key=lambda box: float(np.linalg.norm(np.array(box.centre) - middle)))
    return models.embed(small, nearest)
