"""A folder of labelled photos: who is enrolled by which photos, and which photos are to be named.

``<Name>/*.jpg``, or such folders in folders (sets) of their own. Of photos named ``gallery-….jpg`` and
``test-<kind>-….jpg`` the first are enrolled, the second to be named; of others the first by name are enrolled, the rest
to be named. Photos in ``_unknown`` and in folders whose name ends with ``strangers`` show people whom nobody enrols.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.names import nfc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
FITTED_ON = ("lfw", "lfw-strangers")
"""Sets of `faces-wild` on which the recogniser's constants are fitted: on the half that :func:`for_fitting` gives."""
NOBODY = ("hidden", "not_shown")
"""Kinds on which the person of the folder is not to be seen."""
SEVERAL = ("two", "group")
"""Kinds on which others may be known people too, so that another name need not be a wrong one."""
WORDS = {
    "frontal": "facing the camera",
    "profile": "in profile",
    "sunglasses": "with sunglasses",
    "hat": "with a helmet or cap",
    "two": "two people",
    "group": "a group",
}
"""Kinds, in the order of the tables."""


@dataclass(frozen=True)
class Photo:
    """A photo to be named."""

    path: Path
    name: str
    """Who is on it; empty: a stranger."""
    kind: str
    """The set's name where files do not tell."""
    group: str
    """The set that it is of."""

    @property
    def file(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"


@dataclass
class Labelled:
    """The photos of a folder."""

    enrolled: dict[str, list[Path]] = field(default_factory=dict)
    """By name."""
    tests: list[Photo] = field(default_factory=list)
    """Of those that are measured on."""
    strangers: list[Photo] = field(default_factory=list)
    more: list[Path] = field(default_factory=list)
    """Strangers apart from these: one photo each, for a gallery of more people."""
    labelled_sets: dict[str, list[str]] = field(default_factory=dict)
    """Names by set, of sets whose photos have kinds."""
    fitted_on: int = 0
    """People and strangers that are not measured on, since constants may be fitted on them."""

    @property
    def people(self) -> list[str]:
        """Those with photos to be named, in an order that has nothing to do with their names."""
        return sorted({photo.name for photo in self.tests}, key=digest)

    def fewer(self, few: int) -> Labelled:
        """One in so many of the photos; all of those with a kind, for there are few."""
        plain = [photo for photo in self.tests if photo.kind == photo.group]
        tests = [photo for photo in self.tests if photo.kind != photo.group] + plain[::few]
        return replace(self, tests=tests, strangers=self.strangers[::few], more=self.more[::few])


def for_fitting(name: str) -> bool:
    """Whether constants may be fitted on the person of this folder, or on the stranger of this file: one in two."""
    return digest(name) % 2 == 0


def read(folder: Path, photos_each: int = 2, everybody: bool = False) -> Labelled:
    """The photos of a folder. GalleryError where nothing can be measured with them.

    :param photos_each: how many photos of a person are enrolled. :param everybody: measure on those for fitting too.
    """
    if not folder.is_dir():
        raise GalleryError(f"{folder} is no folder: PHOTOS is one with photos as <Name>/*.jpg.")
    found = Labelled()
    _take(found, folder, photos_each, everybody)
    if not any(photo.kind not in NOBODY for photo in found.tests):
        raise GalleryError(
            f"{folder} has nobody with photos enough to measure with: {photos_each} of a person are enrolled, and more "
            "are to be named."
        )
    return found


def _take(found: Labelled, folder: Path, photos_each: int, everybody: bool) -> None:
    for one in _folders(folder):
        if one.name == "_unknown" or one.name.endswith("strangers"):
            for path in _photos(one):
                if not everybody and one.name in FITTED_ON and for_fitting(path.name):
                    found.more.append(path)
                    found.fitted_on += 1
                else:
                    found.strangers.append(Photo(path, "", "stranger", one.name))
        elif one.name.startswith("_"):
            continue
        elif photos := _photos(one):
            _take_person(found, one, photos, photos_each, everybody)
        else:
            _take(found, one, photos_each, everybody)


def _take_person(found: Labelled, folder: Path, photos: list[Path], photos_each: int, everybody: bool) -> None:
    name, group = nfc(folder.name.strip()), folder.parent.name
    tests = [path for path in photos if path.name.startswith("test-")]
    if tests:
        enrolled = [path for path in photos if path.name.startswith("gallery-")]
        found.labelled_sets.setdefault(group, []).append(name)
    else:
        enrolled, tests = photos[:photos_each], photos[photos_each:]
    if not enrolled:
        return
    found.enrolled.setdefault(name, []).extend(enrolled[:photos_each])
    if not everybody and group in FITTED_ON and for_fitting(folder.name):
        found.fitted_on += 1
        return
    found.tests += [
        Photo(path, name, path.stem.split("-")[1] if path.name.startswith("test-") else group, group) for path in tests
    ]


def digest(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest())


def _folders(folder: Path) -> Iterable[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def _photos(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.suffix.lower() in _SUFFIXES and not one.name.startswith("."))
