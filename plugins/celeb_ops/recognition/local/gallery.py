"""The public figures that the local recogniser knows: a folder of photos, ``<Name>/*.jpg``, and a file of thousands."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.core.atomic_files import atomic_file
from celeb_ops.core.exceptions import GalleryError, RecognitionError
from celeb_ops.core.names import is_qid
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.text import printable
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery_photos import beside_photos, content_of, photos_in
from celeb_ops.recognition.people import People, Person
from celeb_ops.recognition.pictures import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from celeb_ops.recognition.local.embedders import Embedding, Embedding32
    from celeb_ops.recognition.local.face_model import FaceModel
    from celeb_ops.recognition.pictures import Pixels

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
    """photos × numbers of the model."""
    digest: str | None
    """Changes whenever the photos do; None for an empty gallery."""
    photos: tuple[str, ...] = ()
    """``<Name>/<file>`` of each row, where they are files, or ``<Name>/File:…`` of Commons."""
    known: Mapping[str, Person] = field(default_factory=dict)
    """By name, who has an item in Wikidata or goes by other names too."""
    counted_score: float | None = None
    """The score within which 0.5 % of its own people would be taken for another one, where that was counted."""
    model: FaceModel = face_model.DLIB
    """What its embeddings are of, and what finds and compares faces with them."""
    unused: tuple[tuple[Path, str], ...] = ()
    """Files and folders that were not used, and why."""

    @classmethod
    def load(
        cls, folder: Path, cache: Path, removed: RemovalList | None = None, model: FaceModel | None = None
    ) -> Gallery:
        """The gallery in ``folder``: photos as ``<Name>/*.jpg``, the file that ``make gallery`` makes, or both.

        A folder that is not there is an empty gallery. What is not used (folders that start with ``_``, photos without
        a face, other files) is named in one warning; hidden files are not. Embeddings are kept in ``cache`` by the
        photo's content. A folder of somebody whom the file knows, by that name or another or by QID, adds to their
        photos.

        :param removed: people who asked not to be in the dataset: their photos are not so much as read.
        :param model: the one to compare faces with (none: the best that is there). A file that was made with a part of
            it is used with that part.
        :raises GalleryError: the path is a file, or can't be read, or the file in it is another model's.
        """
        model = model or face_model.best()
        if not folder.exists():
            return cls.empty(model)
        if not folder.is_dir():
            raise GalleryError(f"{folder} is not a folder: CELEBS_GALLERY is a folder with photos as <Name>/*.jpg.")
        removed = removed or RemovalList()
        file = folder / gallery_file.FILE
        made = gallery_file.load(file, removed) if file.is_file() else gallery_file.NOBODY
        embeddings = np.empty((0, model.size), np.float32)
        if made.files:
            model, embeddings = _shared(file, made, model)
        people = People(made.people)
        names = [one.name for one, count in zip(made.people, made.counts, strict=True) for _ in range(count)]
        photos = [f"{name}/{title}" for name, title in zip(names, made.files, strict=True)]
        rows: list[Embedding32] = []
        digest = hashlib.sha256(model.version.encode())
        unused = [(path, why) for path, why in beside_photos(folder) if not _is_theirs(path, folder, removed)]
        for name, photo in photos_in(folder):
            if removed.holds(name):
                continue
            try:
                content = content_of(photo)
                rows.append(_embedding(content, cache, photo, model))
            except RecognitionError as error:
                unused.append((photo, str(error)))
                continue
            person = people.find(name, name if is_qid(name) else None)
            names.append(person.name if person else name)
            photos.append(photo.relative_to(folder).as_posix().encode(errors="replace").decode())
            # A folder's name may hold bytes that are no UTF-8: Python carries them as surrogates.
            digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode(errors="surrogateescape"))
        digest.update(made.digest.encode())
        _warn_of(unused, folder)
        if not names:
            logger.warning("The gallery %s has no photo with a usable face.", folder)
            return replace(cls.empty(model), unused=tuple(unused))
        gallery = cls(
            names,
            np.concatenate([embeddings, np.stack(rows)]) if rows else embeddings,
            digest.hexdigest()[:16],
            tuple(photos),
            {one.name: one for one in made.people},
            made.about.counted_score if made.about.model == model.name else None,
            model,
            tuple(unused),
        )
        logger.info("Gallery %s: %d people, %d photos.", folder, len(gallery.people), len(names))
        return gallery

    @classmethod
    def empty(cls, model: FaceModel) -> Gallery:
        """Nobody is known: faces are found and counted."""
        return cls([], np.empty((0, model.size), np.float32), None, model=model)

    @property
    def people(self) -> Counter[str]:
        """Photos by person."""
        return Counter(self.names)


def _shared(file: Path, made: gallery_file.Loaded, model: FaceModel) -> tuple[FaceModel, Embedding32]:
    """The model that file and recogniser have in common, and the embeddings of it. GalleryError: there is none."""
    theirs = made.about.model
    if made.embeddings.shape[1] < (model if theirs == model.name else face_model.DLIB).size:
        raise GalleryError(f"{file} is damaged: it has not as many numbers as {theirs} gives. {gallery_file.MEND}")
    if theirs == model.name:
        return model, made.embeddings
    # dlib's numbers come first where there are more.
    if not theirs.startswith(face_model.DLIB.name) or not model.name.startswith(face_model.DLIB.name):
        raise GalleryError(
            f"{file} was made with the model {theirs}, and faces are compared by {model.name}: distances between the "
            "two mean nothing. Make it anew with `make gallery`, or set CELEBS_FACE_MODEL to what it was made with."
        )
    if theirs == face_model.DLIB.name:
        logger.warning(
            "%s was made with the model %s: faces are compared by that alone, and fewer are named than by %s. "
            "`make gallery` brings it up to date.",
            file,
            theirs,
            model.name,
        )
    return face_model.DLIB, made.embeddings[:, : face_model.DLIB.size]


def _is_theirs(path: Path, folder: Path, removed: RemovalList) -> bool:
    return any(removed.holds(part.strip()) for part in path.relative_to(folder).parts)


def _warn_of(unused: list[tuple[Path, str]], folder: Path) -> None:
    if not unused:
        return
    named = [f"{printable(str(path.relative_to(folder)))}: {why}" for path, why in unused[:_LISTED]]
    if len(unused) > _LISTED:
        named.append(f"and {len(unused) - _LISTED:,} more, which `make gallery-check` lists")
    logger.warning("Not used of the gallery %s: %s", folder, "; ".join(named))


def _embedding(content: bytes, cache: Path, photo: Path, model: FaceModel) -> Embedding32:
    """The embedding of the photo's largest face, from the cache where it is known; RecognitionError without one."""
    kept = cache / "embeddings" / model.version / f"{hashlib.sha256(content).hexdigest()}.npy"
    try:
        with kept.open("rb") as file:
            embedding = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError):
        embedding = None
    # An empty one is of a photo without a face.
    if embedding is None or embedding.shape not in {(0,), (model.size,)}:
        embedding = _embed(content, photo, model)
        _keep(kept, embedding)
    if not embedding.size:
        raise RecognitionError("It shows no face that can be used.")
    return np.asarray(embedding, np.float32)


def _embed(content: bytes, photo: Path, model: FaceModel) -> Embedding32:
    """The model's numbers, or none where the photo has no face; RecognitionError where it is no picture."""
    pixels = usable_size(decode(content))
    faces = model.find(pixels)
    if len(faces) > 1:
        logger.warning("%s shows %d faces: the largest is taken.", photo, len(faces))
    largest = max(faces, key=lambda face: face.box.area, default=None)
    return model.embed(pixels, [largest])[0] if largest else np.empty(0, np.float32)


def usable_size(pixels: Pixels) -> Pixels:
    """A reference photo no larger than is needed: a face that fills one is found at any size."""
    stride = max(1, -(-max(pixels.shape[:2]) // _LONG_SIDE_PX))
    return np.ascontiguousarray(pixels[::stride, ::stride]) if stride > 1 else pixels


def _keep(path: Path, embedding: Embedding32) -> None:
    try:
        with atomic_file(path) as file:
            np.save(file, embedding)
    except OSError as error:
        logger.warning("The embedding can't be kept in %s (%s): it is made anew each time.", path.parent, error)
