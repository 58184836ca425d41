"""Galleries of several sizes, and what each makes of the photos: the product's own decision, not a copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.faces.labelled import Photo, digest
from benchmarks.faces.looking import Look, named
from celeb_ops.core.records import Picture
from celeb_ops.recognition.detections import Detection
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.naming import confirmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.faces.labelled import Labelled
    from celeb_ops.recognition.recognizer import Face

SIZES = (10, 30, 63, 200)
"""People known, besides all that there are."""


@dataclass(frozen=True)
class Group:
    """A gallery, and what is named by it."""

    names: Sequence[str]
    photos: Sequence[Photo]
    more: Sequence[Path] = ()
    """Strangers in it, with one photo each."""


@dataclass(frozen=True)
class Size:
    """Galleries of so many people: a photo is named by one of them."""

    people: int
    about: str
    groups: Sequence[Group]
    everybody: bool = False
    """All people with a folder are known, and nobody else."""


@dataclass(frozen=True)
class Said:
    """What was said of a photo at a size."""

    photo: Photo
    side: int
    seen: Look
    alone: Sequence[Face]
    """Faces with a name, by the face alone."""
    with_words: Sequence[Face]
    """With the page's words beside it: a known person's photo has their name. A stranger's has the name of whom the
    stranger is most like: the worst that a page can do."""
    by_chance: Sequence[Face]
    """As ``with_words``; but beside a stranger's photo stands the name of somebody of the gallery, drawn by chance."""


def sizes(labelled: Labelled) -> list[Size]:
    """Galleries by number of people; at each number every photo counts once."""
    people = labelled.people
    everybody = [*people, *sorted(labelled.enrolled.keys() - set(people), key=digest)]
    made = []
    for group, names in labelled.labelled_sets.items():
        if len(names) < len(everybody):
            photos = [one for one in labelled.tests if one.group == group]
            made.append(Size(len(names), f"{group} only", [Group(names, [*photos, *labelled.strangers])]))
    for size in SIZES:
        if size < len(everybody):
            made.append(Size(size, "", _groups(labelled, people, everybody, size)))
    photos = [*labelled.tests, *labelled.strangers]
    made.append(Size(len(everybody), "all", [Group(everybody, photos)], everybody=True))
    if labelled.more:
        total = len(everybody) + len(labelled.more)
        made.append(Size(total, f"and {len(labelled.more)} strangers", [Group(everybody, photos, labelled.more)]))
    return made


def _groups(labelled: Labelled, people: list[str], everybody: list[str], size: int) -> list[Group]:
    chunks = [people[start : start + size] for start in range(0, len(people), size)]
    groups = []
    for number, chunk in enumerate(chunks):
        # The last is filled up with people who are not measured on, or are elsewhere.
        others = [name for name in reversed(everybody) if name not in chunk]
        photos = [one for one in labelled.tests if one.name in chunk]
        groups.append(
            Group([*chunk, *others[: size - len(chunk)]], [*photos, *labelled.strangers[number :: len(chunks)]])
        )
    return groups


def recognizer_of(group: Group, enrolled: Mapping[str, Sequence[Path]], folder: Path, cache: Path) -> LocalRecognizer:
    """The recogniser with a gallery of these people, made in ``folder`` as a user would make it."""
    link_gallery({name: enrolled[name] for name in group.names} | {path.stem: [path] for path in group.more}, folder)
    return LocalRecognizer(Gallery.load(folder, cache))


def link_gallery(people: Mapping[str, Sequence[Path]], folder: Path) -> None:
    """A gallery's folder."""
    for name, paths in people.items():
        place = folder / name
        place.mkdir(parents=True)
        for number, path in enumerate(paths):
            (place / f"{number}-{path.name}").symlink_to(path.resolve())


def said(group: Group, recognizer: LocalRecognizer, looks: Mapping[Path, Mapping[int, Look]]) -> Iterable[Said]:
    """What is said of each photo that could be looked at, at each size."""
    for photo in group.photos:
        for side, seen in looks.get(photo.path, {}).items():
            yield with_words(group, photo, side, seen, named(recognizer, seen))


def with_words(group: Group, photo: Photo, side: int, seen: Look, faces: Sequence[Face]) -> Said:
    """What comes of a photo's faces by themselves and with the page's words."""
    likest = max(faces, key=lambda face: face.confidence, default=None)
    worst = photo.name or (likest.candidate if likest else "") or ""
    chance = photo.name or group.names[digest(photo.file) % len(group.names)]
    alone = [face for face in faces if face.name]
    return Said(photo, side, seen, alone, _with(worst, faces, seen), _with(chance, faces, seen))


def _with(words: str, faces: Sequence[Face], seen: Look) -> list[Face]:
    """The faces that have a name when these words stand beside the photo."""
    found = [Detection(face, face.box, "", False) for face in faces]
    told = confirmed(found, [Picture(box=seen.picture, src="", alt=words)])
    return [one.face for one in told if one.face.name]
