"""Which files of a gallery's folder are photos of people: by place and content, whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import GalleryError, RecognitionError
from celeb_ops.core.names import letters, nfc
from celeb_ops.recognition.local import gallery_file

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
    people = filter(_is_person, _visible(folder))
    photos = sorted(
        (nfc(person.name.strip()), path) for person in people for path in _visible(person) if not path.is_dir()
    )
    names: dict[str, str] = {}
    return [(names.setdefault(letters(name), name), photo) for name, photo in photos]


def beside_photos(folder: Path) -> list[tuple[Path, str]]:
    """What else is in a gallery's folder, and why it is not used; hidden files are no matter."""
    found: list[tuple[Path, str]] = []
    for path in _visible(folder):
        if not _is_person(path):
            found.append((path, _PASSED_OVER if path.is_dir() else _NOBODYS))
            continue
        inside = _visible(path)
        folders = [one for one in inside if one.is_dir()]
        found += [(one, _TOO_DEEP) for one in folders]
        if len(folders) == len(inside):
            found.append((path, "has no photo in it"))
    return [(path, why) for path, why in found if path != folder / gallery_file.FILE]


_PASSED_OVER = "begins with _, so it is passed over"
_NOBODYS = "is in no person's folder: photos are read from <Name>/"
_TOO_DEEP = "is a folder within a person's: photos are read from <Name>/"


def _is_person(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith("_")


def _visible(folder: Path) -> list[Path]:
    try:
        there = sorted(folder.iterdir())
    except OSError as error:
        raise GalleryError(f"The gallery's folder {error.filename} can't be read: {error.strerror}.") from None
    return [path for path in there if not path.name.startswith(".") and path.name not in _OF_THE_SYSTEM]


def content_of(photo: Path) -> bytes:
    """The file's content; RecognitionError where it can't be read or is too large for a photo."""
    try:
        if photo.stat().st_size > _LARGEST_BYTES:
            raise RecognitionError(f"It is larger than {_LARGEST_BYTES // 1_000_000} MB: no photo is.")
        return photo.read_bytes()
    except OSError as error:
        raise RecognitionError(f"it can't be read ({error.strerror}).") from None
