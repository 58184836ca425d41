"""Which files of a gallery's folder are photos of people: by place and content, whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from celeb_ops.core.exceptions import GalleryError, RecognitionError
from celeb_ops.core.names import letters, nfc
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.pictures import decode

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.recognition.pictures import Pixels

_LARGEST_BYTES = 100_000_000
"""A larger file is no photo: a film, an archive."""
_LONG_SIDE_PX = 1_600
"""Larger photos are scaled down: a face that fills one is found at any size."""
_OF_THE_SYSTEM = {"Thumbs.db", "desktop.ini"}
"""Windows leaves these, as macOS does ``.DS_Store``."""


def photos_in(folder: Path) -> list[tuple[str, Path]]:
    """Name and path of each file in a person's folder. GalleryError if the folder can't be read.

    Folders whose names differ only in spelling are one person, by the name of the first in the alphabet.
    """
    photos = sorted((nfc(path.parent.name.strip()), path) for path in _in_people(folder) if not path.is_dir())
    names: dict[str, str] = {}
    return [(names.setdefault(letters(name), name), photo) for name, photo in photos]


def beside_photos(folder: Path) -> list[tuple[Path, str]]:
    """What else is in a gallery's folder, hidden files excepted, and why it is not used."""
    found = [(path, _PASSED_OVER if path.is_dir() else _NOBODYS) for path in _visible(folder) if not _is_person(path)]
    found += [(path, _TOO_DEEP) for path in _in_people(folder) if path.is_dir()]
    found += [(path, "has no photo in it") for path in _visible(folder) if _is_person(path) and _has_no_file(path)]
    return [(path, reason) for path, reason in found if path != folder / gallery_file.FILE]


_PASSED_OVER = "begins with _, so it is passed over"
_NOBODYS = "is in no person's folder: photos are read from <Name>/"
_TOO_DEEP = "is a folder within a person's: photos are read from <Name>/"


def _is_person(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith("_")


def _has_no_file(person: Path) -> bool:
    return all(path.is_dir() for path in _visible(person))


def _in_people(folder: Path) -> list[Path]:
    return [path for person in _visible(folder) if _is_person(person) for path in _visible(person)]


def _visible(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise GalleryError(f"The gallery's folder {error.filename} can't be read: {error.strerror}.") from None
    return [path for path in paths if not path.name.startswith(".") and path.name not in _OF_THE_SYSTEM]


def content_of(photo: Path) -> bytes:
    """RecognitionError if the file can't be read, or is too large for a photo."""
    try:
        if photo.stat().st_size > _LARGEST_BYTES:
            raise RecognitionError(f"It is larger than {_LARGEST_BYTES // 1_000_000} MB: no photo is.")
        return photo.read_bytes()
    except OSError as error:
        raise RecognitionError(f"it can't be read ({error.strerror}).") from None


def pixels_of(content: bytes) -> Pixels:
    """A reference photo, no larger than is needed. RecognitionError if it can't be decoded."""
    pixels = decode(content)
    stride = max(1, -(-max(pixels.shape[:2]) // _LONG_SIDE_PX))
    return np.ascontiguousarray(pixels[::stride, ::stride])
