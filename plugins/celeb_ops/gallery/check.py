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
from celeb_ops.gallery.photo_analysis import LEAST_PX, TURNED, turned
from celeb_ops.recognition.local.gallery_photos import content_of, photos_in, pixels_of, unused_files

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from celeb_ops.recognition.local.embedders import Embedding32
    from celeb_ops.recognition.local.face_model import FaceModel


@dataclass
class Photo:
    """A photo of a gallery and its problems."""

    name: str
    path: Path
    problems: list[str] = field(default_factory=list)
    embedding: Embedding32 | None = None


def check(folder: Path, model: FaceModel, console: Console | None = None) -> list[Photo]:
    """Check every photo of a gallery. GalleryError: there is no such folder, or no photo in it."""
    photos = [Photo(name, path) for name, path in photos_in(folder)] if folder.is_dir() else []
    if not photos:
        raise GalleryError(f"{folder} has no photos: put them into <Name>/*.jpg there, or name another folder.")
    for photo in track(photos, "Checking", console=console, transient=True, disable=console is None):
        _check_alone(photo, model)
    usable = [photo for photo in photos if photo.embedding is not None]
    if usable:
        _compare(usable, np.stack([photo.embedding for photo in usable]), model.alike)  # type: ignore[misc]
    return photos


def _check_alone(photo: Photo, model: FaceModel) -> None:
    try:
        pixels = pixels_of(content_of(photo.path))
    except RecognitionError as error:
        photo.problems.append(f"unreadable: {error}")
        return
    faces = model.find(pixels)
    if not faces:
        photo.problems.append("no face found: it is passed over")
        return
    largest = max(faces, key=lambda one: one.box.area)
    if len(faces) > 1:
        photo.problems.append(f"{len(faces)} faces: the largest is taken")
    if largest.box.width < LEAST_PX:
        photo.problems.append(f"small face ({largest.box.width} px)")
    if (turn := turned(pixels, largest.box)) > TURNED:
        photo.problems.append(f"turned away ({turn:.2f} of the eyes' distance)")
    photo.embedding = model.embed(pixels, [largest])[0]


def _compare(photos: list[Photo], embeddings: Embedding32, alike: float) -> None:
    """A photo unlike its person's others, or like somebody else's, may show another person than its folder says."""
    names = np.array([photo.name for photo in photos])
    for number, photo in enumerate(photos):
        distances = np.linalg.norm(embeddings - embeddings[number], axis=1)
        own, others = (names == photo.name), (names != photo.name)
        own[number] = False
        if own.any() and (nearest := distances[own].min()) > alike:
            photo.problems.append(f"unlike {photo.name}'s other photos (distance {nearest:.2f})")
        if others.any() and (nearest := distances[others].min()) <= alike:
            like = photos[int(np.where(others, distances, np.inf).argmin())]
            photo.problems.append(f"like {like.name}'s {like.path.name} (distance {nearest:.2f})")


def report(photos: list[Photo], folder: Path, console: Console) -> None:
    """Print the photos with problems, what else is in the folder, and how many people have usable photos."""
    rows = [(photo.name, photo.path.name, "; ".join(photo.problems)) for photo in photos if photo.problems]
    rows += [("", printable(str(path.relative_to(folder))), reason) for path, reason in unused_files(folder)]
    if rows:
        columns = [Column(heading, overflow="fold") for heading in ("person", "photo", "what")]
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)
        console.print()
    usable = [photo.name for photo in photos if photo.embedding is not None]
    console.print(
        f"{len(set(usable))} people, {len(usable)} usable photos of {len(photos)}; {len(rows)} to look at.",
        highlight=False,
    )
    if single := sorted({name for name in usable if usable.count(name) == 1}):
        console.print(
            f"With one photo only: {', '.join(single)}. Two to five of different days find more.", markup=False
        )
