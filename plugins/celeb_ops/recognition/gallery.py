"""The public figures that the local recogniser knows: a folder of photos, ``<Name>/*.jpg``, and a file of thousands."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.exceptions import GalleryError, RecognitionError
from celeb_ops.given import printable
from celeb_ops.parts import written
from celeb_ops.recognition import gallery_file, models
from celeb_ops.recognition.people import People, Person, is_qid
from celeb_ops.recognition.photos import beside_photos, content_of, photos_in
from celeb_ops.removed import Removed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from statistics import NormalDist

    import numpy.typing as npt

    from celeb_ops.recognition.models import Embedding, Embedding32

logger = logging.getLogger(__name__)

_LISTED = 20
"""Files and folders that the log names; `make gallery-check` lists all."""
_LONG_SIDE_PX = 1_600
"""Reference photos are looked at no larger than this."""


@dataclass(frozen=True)
class Gallery:
    """Names and embeddings, row by row: a person with several photos has several rows."""

    names: list[str]
    embeddings: Embedding32 | Embedding
    """photos × 128."""
    digest: str | None
    """Changes whenever the photos do; None for an empty gallery."""
    photos: tuple[str, ...] = ()
    """``<Name>/<file>`` of each row, where they are files, or ``<Name>/File:…`` of Commons."""
    known: Mapping[str, Person] = field(default_factory=dict)
    """By name, who has an item in Wikidata or goes by other names too."""
    counted: float | None = None
    """The distance within which 0.5 % of its own people would be taken for another one, where that was counted."""
    strangers: NormalDist | None = None
    """Distances of two people's photos, where they were measured already."""
    confusable: frozenset[frozenset[str]] = frozenset()
    """Pairs of names who look alike: to name one of them takes more."""
    unused: tuple[tuple[Path, str], ...] = ()
    """Files and folders that were not used, and why."""

    @classmethod
    def load(cls, folder: Path, cache: Path, removed: Removed | None = None) -> Gallery:
        """The gallery in ``folder``: photos as ``<Name>/*.jpg``, the file that ``make gallery`` makes, or both.

        A folder that is not there is an empty gallery. What is not used (folders that start with ``_``, photos without
        a face, other files) is named in one warning; hidden files are not. Embeddings are kept in ``cache`` by the
        photo's content. A folder of somebody whom the file knows, by that name or another or by QID, adds to their
        photos.

        :param removed: people who asked not to be in the dataset: their photos are not so much as read.
        :raises GalleryError: the path is a file, or can't be read, or the file in it is another model's.
        """
        if not folder.exists():
            return cls([], np.empty((0, 128)), None)
        if not folder.is_dir():
            raise GalleryError(f"{folder} is not a folder: CELEBS_GALLERY is a folder with photos as <Name>/*.jpg.")
        theirs = removed or Removed()
        file = folder / gallery_file.FILE
        made = gallery_file.load(file, theirs) if file.is_file() else None
        people = People(made.people if made else ())
        names: list[str] = []
        photos: list[str] = []
        rows: list[Embedding] = []
        digest = hashlib.sha256(models.MODEL.encode())
        unused = [(path, why) for path, why in beside_photos(folder) if not _is_theirs(path, folder, theirs)]
        for name, photo in photos_in(folder):
            if theirs.holds(name):
                continue
            try:
                content = content_of(photo)
                embedding = _embedding(content, cache, photo)
            except RecognitionError as error:
                unused.append((photo, str(error)))
                continue
            person = people.find(name, name if is_qid(name) else None)
            names.append(person.name if person else name)
            photos.append(photo.relative_to(folder).as_posix().encode(errors="replace").decode())
            rows.append(embedding)
            # A folder's name may hold bytes that are no UTF-8: Python carries them as surrogates.
            digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode(errors="surrogateescape"))
        _warn_of(unused, folder)
        own = np.stack(rows).astype(np.float32) if rows else np.empty((0, 128), np.float32)
        if made:
            digest.update(made.digest.encode())
            names = [*_repeated([one.name for one in made.people], made.counts), *names]
            photos = [*(f"{name}/{title}" for name, title in zip(names, made.files, strict=False)), *photos]
            own = np.concatenate([made.embeddings, own]) if rows else made.embeddings
        if not names:
            logger.warning("The gallery %s has no photo with a usable face.", folder)
            return cls([], np.empty((0, 128)), None, unused=tuple(unused))
        gallery = cls(
            names,
            own,
            digest.hexdigest()[:16],
            tuple(photos),
            {one.name: one for one in made.people} if made else {},
            made.about.counted if made else None,
            made.strangers if made else None,
            frozenset(frozenset(pair[:2]) for pair in made.about.confusable) if made else frozenset(),
            tuple(unused),
        )
        logger.info("Gallery %s: %d people, %d photos.", folder, len(gallery.people), len(names))
        return gallery

    @property
    def people(self) -> Counter[str]:
        """Photos by person."""
        return Counter(self.names)


def _repeated(names: list[str], counts: npt.NDArray[np.int64]) -> list[str]:
    return [name for name, count in zip(names, counts.tolist(), strict=True) for _ in range(count)]


def _is_theirs(path: Path, folder: Path, removed: Removed) -> bool:
    return any(removed.holds(part.strip()) for part in path.relative_to(folder).parts)


def _warn_of(unused: list[tuple[Path, str]], folder: Path) -> None:
    if not unused:
        return
    named = [f"{printable(str(path.relative_to(folder)))}: {why}" for path, why in unused[:_LISTED]]
    if len(unused) > _LISTED:
        named.append(f"and {len(unused) - _LISTED:,} more, which `make gallery-check` lists")
    logger.warning("Not used of the gallery %s: %s", folder, "; ".join(named))


def _embedding(content: bytes, cache: Path, photo: Path) -> Embedding:
    """The embedding of the photo's largest face, from the cache where it is known; RecognitionError without one."""
    kept = cache / "embeddings" / models.MODEL / f"{hashlib.sha256(content).hexdigest()}.npy"
    embedding = _kept(kept)
    if embedding is None:
        embedding = _embed(content, photo)
        _keep(kept, embedding)
    if not embedding.size:
        raise RecognitionError("It shows no face that can be used.")
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
        with written(path) as file:
            np.save(file, embedding)
    except OSError as error:
        logger.warning("The embedding can't be kept in %s (%s): it is made anew each time.", path.parent, error)
