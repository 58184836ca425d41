"""Which files of a gallery's folder are photos of people: by place and content, whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.exceptions import GalleryError, RecognitionError
from celeb_ops.names import letters, nfc
from celeb_ops.recognition import gallery_file

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BYTES = 100_000_000
"""A larger file in a person's folder is no photo: a film, an archive."""
_OF_THE_SYSTEM = {"Thumbs.db", "desktop.ini"}
"""What Windows leaves in a folder, as macOS does ``.DS_Store``: passed over without a word."""


def photos_in(folder: Path) -> list[tuple[str, Path]]:
    """Name and path of each file of a gallery's folder that is a person's. GalleryError where it can't be read.

    By content one is a photo, whatever its name ends with. Folders whose names are spelled otherwise are one person:
    the name is that of the first one in the alphabet.
    """
    photos = sorted(
        (nfc(person.name.strip()), path)
        for person in _people_in(folder)
        for path in _visible(person)
        if not path.is_dir()
    )
    names: dict[str, str] = {}
    return [(names.setdefault(letters(name), name), photo) for name, photo in photos]


def beside_photos(folder: Path) -> list[tuple[Path, str]]:
    """What else is in a gallery's folder, and why it is not used; hidden files are no matter."""
    people = _people_in(folder)
    found = [(path, _why_no_person(path)) for path in _visible(folder) if path not in people]
    for person in people:
        inside = _visible(person)
        found += [
            (path, "is a folder within a person's: photos are read from <Name>/") for path in inside if path.is_dir()
        ]
        if all(path.is_dir() for path in inside):
            found.append((person, "has no photo in it"))
    return [(path, why) for path, why in found if path != folder / gallery_file.FILE]


def _why_no_person(path: Path) -> str:
    if path.is_dir():
        return "begins with _, so it is passed over"
    return "is in no person's folder: photos are read from <Name>/"


def _people_in(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir() and not path.name.startswith("_")]


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in _OF_THE_SYSTEM
        )
    except OSError as error:
        raise GalleryError(f"The gallery's folder {error.filename} can't be read: {error.strerror}.") from None


def content_of(photo: Path) -> bytes:
    """The file's content; RecognitionError where it can't be read or is too large for a photo."""
    try:
        if photo.stat().st_size > _LARGEST_BYTES:
            raise RecognitionError(f"It is larger than {_LARGEST_BYTES // 1_000_000} MB: no photo is.")
        return photo.read_bytes()
    except OSError as error:
        raise RecognitionError(f"it can't be read ({error.strerror}).") from None
