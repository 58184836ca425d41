"""Whom the made-up sites show: photos of known people, apart from those in the gallery, and of strangers."""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from celeb_ops.cli import demo_newsroom

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Photo:
    """A photo as a page shows it, and the known people on it (none: strangers, or no face)."""

    people: tuple[str, ...]
    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Cast:
    """A gallery for the recogniser, and the photos for the pages."""

    gallery: Path
    photos: list[Photo]
    strangers: list[Photo]
    source: str

    @property
    def people(self) -> set[str]:
        return {name for photo in self.photos for name in photo.people}


def load(folder: Path) -> Cast:
    """The cast of ``CELEBS_TEST_FACES``, else of the demo's pictures; the gallery is made in ``folder``."""
    faces = os.environ.get("CELEBS_TEST_FACES", "")
    return _of_photos(Path(faces), folder) if faces and Path(faces).is_dir() else _of_demo(folder)


def _of_photos(faces: Path, folder: Path) -> Cast:
    """At most two photos a person go into the gallery, the rest and the groups onto the pages."""
    gallery = folder / "gallery"
    shown: list[Photo] = []
    for person in sorted(faces.iterdir()):
        if not person.is_dir() or person.name.startswith(("_", ".")):
            continue
        photos = _pictures(person)
        known = photos[: min(2, len(photos) - 1)]
        (gallery / person.name).mkdir(parents=True, exist_ok=True)
        for photo in known:
            shutil.copy(photo, gallery / person.name / photo.name)
        shown += [_photo(photo, (person.name,)) for photo in photos[len(known) :]]
    shown += [_photo(photo, tuple(photo.stem.split("+"))) for photo in _pictures(faces / "_groups")]
    strangers = [_photo(photo, ()) for photo in _pictures(faces / "_unknown")]
    return Cast(gallery, shown, strangers, f"{len(shown)} photos of {faces.name}")


def _of_demo(folder: Path) -> Cast:
    demo_newsroom.build(folder)
    pictures = folder / "www" / "pictures"
    named = {"hopper": ("Grace Hopper",), "collins": ("Eileen Collins",)}
    photos = [_photo(path, named.get(path.stem.partition("-")[0], ())) for path in _pictures(pictures)]
    return Cast(
        folder / "gallery",
        [photo for photo in photos if photo.people],
        [photo for photo in photos if not photo.people],
        "the demo's pictures",
    )


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)


def _photo(path: Path, people: tuple[str, ...]) -> Photo:
    """As a news page would show it: groups wide, thumbnails enlarged a little, encoded anew."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    width = 720 if len(people) > 1 else min(480, max(upright.width, 300))
    height = round(upright.height * width / upright.width)
    if height > 800:
        width, height = round(width * 800 / height), 800
    out = io.BytesIO()
    upright.resize((width, height), Image.Resampling.LANCZOS).save(out, "JPEG", quality=85)
    return Photo(people, out.getvalue(), width, height)
