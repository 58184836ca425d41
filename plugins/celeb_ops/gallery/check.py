"""``gallery check``: which photos of your own help, and which do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from rich.markup import escape
from rich.progress import track
from rich.table import Column, Table

from celeb_ops.core.exceptions import GalleryError, RecognitionError
from celeb_ops.core.text import printable
from celeb_ops.gallery.photo_analysis import turned
from celeb_ops.recognition.local.gallery import usable_size
from celeb_ops.recognition.local.gallery_photos import beside_photos, content_of, photos_in
from celeb_ops.recognition.pictures import decode

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from celeb_ops.recognition.local.embedders import Embedding32
    from celeb_ops.recognition.local.face_model import FaceModel

SMALL_PX = 80
"""Side of a face below which its embedding is that of a magnified picture."""
TURNED = 0.35
"""How far the nose stands from the middle of the eyes, by the eyes' distance: about a yaw of 35°."""


@dataclass
class Photo:
    """A photo of a gallery and what is wrong with it."""

    name: str
    path: Path
    trouble: list[str] = field(default_factory=list)
    embedding: Embedding32 | None = None


def check(folder: Path, model: FaceModel, console: Console | None = None) -> list[Photo]:
    """Every photo of a gallery, looked at. GalleryError where there is no such folder, or no photo in it."""
    paths = photos_in(folder) if folder.is_dir() else []
    if not paths:
        raise GalleryError(f"{folder} has no photos: put them into <Name>/*.jpg there, or name another folder.")
    photos = [Photo(name, path) for name, path in paths]
    for photo in track(photos, "Looking", console=console, transient=True, disable=console is None):
        _look(photo, model)
    _compare([photo for photo in photos if photo.embedding is not None], model.alike)
    return photos


def _look(photo: Photo, model: FaceModel) -> None:
    try:
        pixels = usable_size(decode(content_of(photo.path)))
    except RecognitionError as error:
        photo.trouble.append(f"unreadable: {error}")
        return
    faces = model.find(pixels)
    if not faces:
        photo.trouble.append("no face found: it is passed over")
        return
    if len(faces) > 1:
        photo.trouble.append(f"{len(faces)} faces: the largest is taken")
    largest = max(faces, key=lambda one: one.box.area)
    face = largest.box
    if min(face.width, face.height) < SMALL_PX:
        photo.trouble.append(f"small face ({face.width} px)")
    if (turn := turned(pixels, face)) > TURNED:
        photo.trouble.append(f"turned away ({turn:.2f} of the eyes' distance)")
    photo.embedding = model.embed(pixels, [largest])[0]


def _compare(photos: list[Photo], alike: float) -> None:
    """A photo unlike its person's others, or like somebody else's, may show another person than its folder says."""
    if not photos:
        return
    embeddings = np.stack([photo.embedding for photo in photos if photo.embedding is not None])
    names = np.array([photo.name for photo in photos])
    for number, photo in enumerate(photos):
        distances = np.linalg.norm(embeddings - embeddings[number], axis=1)
        own, others = (names == photo.name), (names != photo.name)
        own[number] = False
        if own.any() and (nearest := distances[own].min()) > alike:
            photo.trouble.append(f"unlike {photo.name}'s other photos (distance {nearest:.2f})")
        if others.any() and distances[others].min() <= alike:
            like = photos[int(np.flatnonzero(others)[distances[others].argmin()])]
            photo.trouble.append(f"like {like.name}'s {like.path.name} (distance {distances[others].min():.2f})")


def report(photos: list[Photo], console: Console, folder: Path | None = None) -> None:
    """The photos with trouble, what else is in the folder, and a count of people."""
    rows = [(photo.name, photo.path.name, "; ".join(photo.trouble)) for photo in photos if photo.trouble]
    if folder:
        rows += [("", printable(str(path.relative_to(folder))), why) for path, why in beside_photos(folder)]
    columns = [Column(heading, overflow="fold") for heading in ("person", "photo", "what")]
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(escape, row))
    if rows:
        console.print(table)
        console.print()
    usable = [photo.name for photo in photos if photo.embedding is not None]
    single = sorted({name for name in usable if usable.count(name) == 1})
    console.print(
        f"{len(set(usable))} people, {len(usable)} usable photos of {len(photos)}; {len(rows)} to look at.",
        highlight=False,
    )
    if single:
        console.print(
            f"With one photo only: {', '.join(single)}. Two to five of different days find more.", markup=False
        )
