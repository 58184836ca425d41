"""Montages for one's own eyes: who was missed, and who got a name that is not theirs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from benchmarks.faces.labelled import NOBODY, SEVERAL
from benchmarks.faces.measures import others
from benchmarks.faces.pages import on_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.faces.naming import Said
    from celeb_ops.core.geometry import Box
    from celeb_ops.recognition.recognizer import Face

_MOST = 80
"""Tiles of a montage; of more, some that lie evenly apart."""
_TILE_PX = 120
_SIDE_PX = 300
"""Of these pictures the misses are shown."""


@dataclass(frozen=True)
class Tile:
    """A small picture, what it is of beside it where that helps, and what there is to say."""

    pictures: tuple[str, ...]
    """As ``data:`` addresses."""
    text: str


@dataclass(frozen=True)
class Montage:
    """Some tiles."""

    title: str
    about: str
    tiles: list[Tile]


def montages(told: Sequence[Said], enrolled: Mapping[str, Sequence[Path]]) -> list[Montage]:
    """All montages; an empty one is left out."""
    known = [one for one in told if one.photo.name and one.photo.kind not in NOBODY]
    missed = [one for one in known if one.side == _SIDE_PX and all(face.name != one.photo.name for face in one.alone)]
    unseen = [one for one in missed if not one.seen.boxes]
    wrong = [(one, face) for one in known if one.photo.kind not in SEVERAL for face in others(one, _alone)]
    strangers = [(one, face) for one in told if not one.photo.name for face in one.alone]
    beside = [(one, face) for one in known if one.photo.kind in SEVERAL for face in others(one, _alone)]
    hidden = [one for one in told if one.photo.kind in NOBODY]
    absent = [(one, face) for one in hidden for face in one.with_words if face.name == one.photo.name]
    made = [
        Montage(
            "Wrong names",
            "By face alone, at any size: the face, and the photo of whom it was taken for. Somebody in the background "
            "may truly be them.",
            _named(wrong, enrolled),
        ),
        Montage("Strangers named", "By face alone, at any size.", _named(strangers, enrolled)),
        Montage(
            "Named as somebody who is not to be seen there",
            "With the page's words, at any size.",
            _named(absent, enrolled),
        ),
        Montage(
            "Others on photos of several people",
            "By face alone: nobody noted who else is on them.",
            _named(beside, enrolled),
        ),
        Montage(
            f"No face found, pictures of {_SIDE_PX} px",
            f"{len(unseen)} photos.",
            [_whole(one) for one in _some(unseen)],
        ),
        Montage(
            f"A face found, and not the name, pictures of {_SIDE_PX} px",
            f"{len(missed) - len(unseen)} photos, by face alone.",
            [_whole(one) for one in _some([one for one in missed if one.seen.boxes])],
        ),
    ]
    return [one for one in made if one.tiles]


def _alone(one: Said) -> Sequence[Face]:
    return one.alone


def _some(found: Sequence[Any]) -> Sequence[Any]:
    return found[:: max(1, -(-len(found) // _MOST))]


def _named(found: Sequence[tuple[Said, Face]], enrolled: Mapping[str, Sequence[Path]]) -> list[Tile]:
    tiles = []
    for one, face in _some(found):
        slice_, _ = on_page(one.photo.path, one.side)
        crop = _crop(slice_, face.box)
        # The nearest photo, as `naming.link_gallery` named it.
        named = (face.reference or "").rpartition("/")[2]
        references = [
            path for number, path in enumerate(enrolled.get(face.name or "", ())) if named == f"{number}-{path.name}"
        ]
        text = (
            f"{one.photo.name or 'a stranger'} ({one.photo.kind}, {one.side} px) as {face.name}, {face.confidence:.0f}"
        )
        tiles.append(Tile((_data(crop), *(_data(_opened(path)) for path in references)), text))
    return tiles


def _whole(one: Said) -> Tile:
    slice_, picture = on_page(one.photo.path, one.side)
    with Image.open(io.BytesIO(slice_)) as image:
        draw = ImageDraw.Draw(image)
        for box in one.seen.boxes:
            draw.rectangle((box.left, box.top, box.right, box.bottom), outline="#ffd400", width=4)
        shown = image.crop((picture.left, picture.top, picture.right, picture.bottom))
    as_other = ", ".join(face.name or "" for face in one.alone)
    return Tile((_data(shown),), f"{one.photo.name} ({one.photo.kind})" + (f", named {as_other}" if as_other else ""))


def _crop(slice_: bytes, box: Box) -> Image.Image:
    with Image.open(io.BytesIO(slice_)) as image:
        around = box.grown(0.35).clipped(*image.size)
        return image.crop((around.left, around.top, around.right, around.bottom))


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _data(image: Image.Image) -> str:
    small = image.copy()
    small.thumbnail((_TILE_PX, _TILE_PX))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=75)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
