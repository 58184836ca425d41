"""The public figures that the local recogniser knows: a folder of photos, ``<Name>/*.jpg``."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.exceptions import GalleryError, RecognitionError
from celeb_ops.recognition import models
from celeb_ops.removed import Removed

if TYPE_CHECKING:
    from celeb_ops.recognition.models import Embedding

logger = logging.getLogger(__name__)

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_LONG_SIDE_PX = 1_600
"""Reference photos are looked at no larger than this."""


@dataclass(frozen=True)
class Gallery:
    """Names and embeddings, row by row: a person with several photos has several rows."""

    names: list[str]
    embeddings: Embedding
    """photos × 128."""
    digest: str | None
    """Changes whenever the photos do; None for an empty gallery."""
    photos: tuple[str, ...] = ()
    """``<Name>/<file>`` of each row, where they are files."""

    @classmethod
    def load(cls, folder: Path, cache: Path, removed: Removed | None = None) -> Gallery:
        """The gallery in ``folder``; a folder that is not there is an empty gallery.

        Folders that start with ``_`` or ``.`` are passed over, as are photos without a usable face (with a
        warning). Embeddings are kept in ``cache`` by the photo's content.

        :param removed: people who asked not to be in the dataset: their photos are not so much as read.
        :raises GalleryError: the path is a file, or can't be read.
        """
        if not folder.exists():
            return cls([], np.empty((0, 128)), None)
        if not folder.is_dir():
            raise GalleryError(f"{folder} is not a folder: CELEBS_GALLERY is a folder with photos as <Name>/*.jpg.")
        names: list[str] = []
        photos: list[str] = []
        rows: list[Embedding] = []
        digest = hashlib.sha256(models.MODEL.encode())
        theirs = removed or Removed()
        for photo in photos_in(folder):
            if theirs.holds(photo.parent.name):
                continue
            try:
                content = photo.read_bytes()
            except OSError as error:
                logger.warning("%s is passed over: it can't be read (%s).", photo, error.strerror)
                continue
            name = photo.parent.name.strip()
            embedding = _embedding(content, cache, photo)
            if embedding is None:
                continue
            names.append(name)
            photos.append(photo.relative_to(folder).as_posix().encode(errors="replace").decode())
            rows.append(embedding)
            # A folder's name may hold bytes that are no UTF-8: Python carries them as surrogates.
            digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode(errors="surrogateescape"))
        if not names:
            logger.warning("The gallery %s has no photo with a usable face.", folder)
            return cls([], np.empty((0, 128)), None)
        logger.info("Gallery %s: %d people, %d photos.", folder, len(set(names)), len(names))
        return cls(names, np.stack(rows), digest.hexdigest()[:16], tuple(photos))

    @property
    def people(self) -> Counter[str]:
        """Photos by person."""
        return Counter(self.names)


def photos_in(folder: Path) -> list[Path]:
    """The photos of a gallery's folder, by person. GalleryError where it can't be read."""
    try:
        return sorted(
            photo
            for person in folder.iterdir()
            if person.is_dir() and not person.name.startswith(("_", "."))
            for photo in person.iterdir()
            if photo.suffix.lower() in _SUFFIXES and not photo.name.startswith(".") and not photo.is_dir()
        )
    except OSError as error:
        raise GalleryError(f"The gallery's folder {error.filename} can't be read: {error.strerror}.") from None


def _embedding(content: bytes, cache: Path, photo: Path) -> Embedding | None:
    """The embedding of the photo's largest face, from the cache where it is known; None without one."""
    kept = cache / "embeddings" / models.MODEL / f"{hashlib.sha256(content).hexdigest()}.npy"
    embedding = _kept(kept)
    if embedding is None:
        try:
            embedding = _embed(content, photo)
        except RecognitionError as error:
            logger.warning("%s is passed over: %s", photo, error)
            return None
        _keep(kept, embedding)
    if not embedding.size:
        logger.warning("%s shows no face that can be used: it is passed over.", photo)
        return None
    return embedding


def _kept(path: Path) -> Embedding | None:
    """The embedding in a cache file, empty for a photo without a face; None where there is no usable file."""
    try:
        with path.open("rb") as file:
            embedding = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return np.asarray(embedding, np.float64) if embedding.shape in {(0,), (128,)} else None


def _embed(content: bytes, photo: Path) -> Embedding:
    """128 numbers, or none where the photo has no face; RecognitionError where it is no picture."""
    pixels = usable_size(models.decode(content))
    faces = models.find_faces(pixels)
    if len(faces) > 1:
        logger.warning("%s shows %d faces: the largest is taken.", photo, len(faces))
    return models.embed(pixels, max(faces, key=lambda box: box.area)) if faces else np.empty(0)


def usable_size(pixels: models.Pixels) -> models.Pixels:
    """A reference photo no larger than is needed: a face that fills one is found at any size."""
    stride = max(1, -(-max(pixels.shape[:2]) // _LONG_SIDE_PX))
    return np.ascontiguousarray(pixels[::stride, ::stride]) if stride > 1 else pixels


def _keep(path: Path, embedding: Embedding) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.save(file, embedding)
        Path(file.name).replace(path)
    except OSError as error:
        logger.warning("The embedding can't be kept in %s (%s): it is made anew each time.", path.parent, error)
