"""Finds the photos of people in a gallery's folder, by place and content, whatever the files are called."""

from pathlib import Path

import numpy as np

from celeb_ops.core.exceptions import GalleryError, RecognitionError
from celeb_ops.core.names import is_qid, letters, nfc
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.people import People, Person
from celeb_ops.recognition.pictures import Pixels, decode

_LARGEST_BYTES = 100_000_000
"""A larger file is not a photo, but a film or an archive."""
_LONG_SIDE_PX = 1_600
"""Larger photos are scaled down: a face that fills one is found at any size."""
_OF_THE_SYSTEM = {"Thumbs.db", "desktop.ini"}
"""Windows leaves these files in folders, as macOS leaves ``.DS_Store``."""


def photos_in(folder: Path) -> list[tuple[str, Path]]:
    """Name and path of each file in a person's folder. GalleryError if the folder can't be read.

    Folders whose names differ only in spelling are one person; the name is that of the first folder in the alphabet.
    """
    people = [path for path in _visible(folder) if path.is_dir() and not path.name.startswith("_")]
    photos = sorted((nfc(one.name.strip()), path) for one in people for path in _visible(one) if not path.is_dir())
    names: dict[str, str] = {}
    return [(names.setdefault(letters(name), name), photo) for name, photo in photos]


def people_in(folder: Path) -> People:
    """All people of a gallery: those in its file and those with a folder. GalleryError: one can't be read."""
    people = gallery_file.people_of(folder)
    names = dict.fromkeys(name for name, _ in photos_in(folder)) if folder.is_dir() else {}
    others = (name for name in names if not people.find(name, name if is_qid(name) else None))
    return People([*people, *(Person(name) for name in others)])


def unused_files(folder: Path) -> list[tuple[Path, str]]:
    """The files in a gallery's folder that are not used, without hidden ones, each with the reason."""
    found: list[tuple[Path, str]] = []
    for path in _visible(folder):
        if path.is_dir() and not path.name.startswith("_"):
            folders = [one for one in _visible(path) if one.is_dir()]
            found += [(one, "is a folder within a person's: photos are read from <Name>/") for one in folders]
            if len(folders) == len(_visible(path)):
                found.append((path, "has no photo in it"))
        elif path.is_dir():
            found.append((path, "begins with _, so it is passed over"))
        elif path != folder / gallery_file.FILE:
            found.append((path, "is in no person's folder: photos are read from <Name>/"))
    return found


def _visible(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise GalleryError(f"The gallery's folder {error.filename} can't be read: {error.strerror}.") from None
    return [path for path in paths if not path.name.startswith(".") and path.name not in _OF_THE_SYSTEM]


def content_of(photo: Path) -> bytes:
    """The bytes of a photo. RecognitionError if the file can't be read, or is too large for a photo."""
    try:
        if photo.stat().st_size > _LARGEST_BYTES:
            raise RecognitionError(f"It is larger than {_LARGEST_BYTES // 1_000_000} MB: no photo is.")
        return photo.read_bytes()
    except OSError as error:
        raise RecognitionError(f"it can't be read ({error.strerror}).") from None


def pixels_of(content: bytes) -> Pixels:
    """The pixels of a reference photo, scaled down if it is large. RecognitionError if it can't be decoded."""
    pixels = decode(content)
    stride = max(1, -(-max(pixels.shape[:2]) // _LONG_SIDE_PX))
    return np.ascontiguousarray(pixels[::stride, ::stride])
