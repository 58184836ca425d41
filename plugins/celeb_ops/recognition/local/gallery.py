"""The public figures that the local recogniser knows: a folder of photos, ``<Name>/*.jpg``, and a file of thousands."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.core.atomic_files import atomic_file
from celeb_ops.core.exceptions import GalleryError, RecognitionError
from celeb_ops.core.names import is_qid
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.core.text import printable
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery_photos import content_of, photos_in, pixels_of, unused_files
from celeb_ops.recognition.people import People, Person

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from celeb_ops.recognition.local.embedders import Embedding, Embedding32
    from celeb_ops.recognition.local.face_model import FaceModel

logger = logging.getLogger(__name__)

_LISTED = 20
"""Files and folders that the log names; `make gallery-check` lists all."""


@dataclass(frozen=True)
class Gallery:
    """Names and embeddings, row by row: a person with several photos has several rows."""

    names: list[str]
    embeddings: Embedding32 | Embedding
    digest: str | None
    """The digest of names and photos; None for an empty gallery."""
    photos: tuple[str, ...] = ()
    """Each row's photo: ``<Name>/<file>``, or ``<Name>/File:…`` of Commons."""
    known: Mapping[str, Person] = field(default_factory=dict)
    """The people of the file, by name."""
    counted_score: float | None = None
    """See :class:`gallery_file.About`."""
    model: FaceModel = face_model.DLIB
    unused: tuple[tuple[Path, str], ...] = ()
    """Files and folders that were not used, and why."""

    @classmethod
    def load(
        cls, folder: Path, cache: Path, removed: RemovalList | None = None, model: FaceModel | None = None
    ) -> Gallery:
        """The gallery in ``folder``: photos as ``<Name>/*.jpg``, the file that ``make gallery`` makes, or both.

        Without the folder the gallery is empty. One warning names what is not used, but no hidden files. A folder of a
        person whom the file knows, by name, other name or QID, adds to their photos.

        :param cache: stores embeddings by the photo's content.
        :param removed: people whose photos are not even read.
        :param model: default: the best one installed. If the file was made with a part of it, that part is used.
        :raises GalleryError: the path is a file, or can't be read, or the file in it is another model's.
        """
        model = model or face_model.best()
        if not folder.exists():
            return cls.empty(model)
        if not folder.is_dir():
            raise GalleryError(f"{folder} is not a folder: CELEBS_GALLERY is a folder with photos as <Name>/*.jpg.")
        removed = removed or RemovalList()
        file = gallery_file.load(folder / gallery_file.FILE, removed)
        if file.names:
            model = _common_model(folder / gallery_file.FILE, file, model)
        people = People(file.people)
        names, photos, rows = list(file.names), list(file.photos), []
        digest = hashlib.sha256(model.version.encode())
        unused = [
            (path, reason)
            for path, reason in unused_files(folder)
            if not any(removed.holds(part.strip()) for part in path.relative_to(folder).parts)
        ]
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
        digest.update(file.digest.encode())
        if unused:
            listed = [f"{printable(str(path.relative_to(folder)))}: {reason}" for path, reason in unused[:_LISTED]]
            if len(unused) > _LISTED:
                listed.append(f"and {len(unused) - _LISTED:,} more, which `make gallery-check` lists")
            logger.warning("Not used of the gallery %s: %s", folder, "; ".join(listed))
        if not names:
            logger.warning("The gallery %s has no photo with a usable face.", folder)
            return cls.empty(model, tuple(unused))
        parts = [part for part in (file.embeddings[:, : model.size], np.array(rows)) if len(part)]
        logger.info("Gallery %s: %d people, %d photos.", folder, len(set(names)), len(names))
        return cls(
            names,
            # What needs no copy is not copied: 50,000 rows are 230 MB.
            np.concatenate(parts) if len(parts) > 1 else parts[0],
            digest.hexdigest()[:16],
            tuple(photos),
            {one.name: one for one in file.people},
            file.about.counted_score if file.about.model == model.name else None,
            model,
            tuple(unused),
        )

    @classmethod
    def empty(cls, model: FaceModel, unused: tuple[tuple[Path, str], ...] = ()) -> Gallery:
        """Nobody is known: faces are found and counted."""
        return cls([], np.empty((0, model.size), np.float32), None, model=model, unused=unused)

    @property
    def people(self) -> Counter[str]:
        """Photos by person."""
        return Counter(self.names)

    @property
    def strict_score(self) -> float:
        """The score within which at most 0.5 % of strangers' faces get a name.

        The model's, or the one counted on a large gallery's own people if that is stricter.
        """
        measured = self.model.strict_at(len(self.people))
        return measured if self.counted_score is None else min(self.counted_score, measured)


def _common_model(path: Path, file: gallery_file.Loaded, model: FaceModel) -> FaceModel:
    """The model that file and recogniser have in common. GalleryError: there is none, or the file is damaged."""
    theirs, dlib = file.about.model, face_model.DLIB
    if file.embeddings.shape[1] < (model if theirs == model.name else dlib).size:
        raise GalleryError(
            f"{path} is damaged: its embeddings are shorter than those of {theirs}. Make it again with `make gallery`."
        )
    if theirs == model.name:
        return model
    # In a combined model dlib's numbers come first.
    if not theirs.startswith(dlib.name) or not model.name.startswith(dlib.name):
        raise GalleryError(
            f"{path} was made with the model {theirs}, and faces are compared by {model.name}: distances between the "
            "two mean nothing. Make it again with `make gallery`, or set CELEBS_FACE_MODEL to its model."
        )
    if theirs == dlib.name:
        logger.warning(
            "%s was made with the model %s: faces are compared by that alone, and fewer are named than by %s. "
            "`make gallery` brings it up to date.",
            path,
            theirs,
            model.name,
        )
    return dlib


def _embedding(content: bytes, cache: Path, photo: Path, model: FaceModel) -> Embedding32:
    """The embedding of the photo's largest face. RecognitionError: it has none, or can't be decoded."""
    path = cache / "embeddings" / model.version / f"{hashlib.sha256(content).hexdigest()}.npy"
    try:
        with path.open("rb") as file:
            embedding = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError):
        embedding = None
    # An empty one is of a photo without a face.
    if embedding is None or embedding.shape not in {(0,), (model.size,)}:
        pixels = pixels_of(content)
        faces = model.find(pixels)
        if len(faces) > 1:
            logger.warning("%s shows %d faces: the largest is taken.", photo, len(faces))
        largest = max(faces, key=lambda face: face.box.area, default=None)
        embedding = model.embed(pixels, [largest])[0] if largest else np.empty(0, np.float32)
        try:
            with atomic_file(path) as file:
                np.save(file, embedding)
        except OSError as error:
            logger.warning("%s can't be written (%s): the embedding is computed each time.", path, error)
    if not embedding.size:
        raise RecognitionError("It shows no face that can be used.")
    return np.asarray(embedding, np.float32)
