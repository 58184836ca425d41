"""Clears one capture that shows somebody who asked not to be in the dataset."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.exceptions import EmptyPictureError, NotStoredError, RecordError
from celeb_ops.core.records import Result, Screenshot
from celeb_ops.privacy.blur import areas_of, blur, read_areas
from celeb_ops.recognition.page import CROP_MARGIN, evidence

if TYPE_CHECKING:
    from celeb_ops.core.geometry import Box
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.core.store import Store
    from celeb_ops.privacy.removal import Removal


@dataclass
class Appearance:
    """The places at which a capture shows them."""

    boxes: list[Box] = field(default_factory=list)
    """In page px, each once."""
    crops: set[str] = field(default_factory=set)
    """Keys of their evidence."""

    def add(self, box: Box, crop: str | None) -> None:
        if box not in self.boxes:
            self.boxes.append(box)
        if crop and crop.startswith("Faces/"):
            self.crops.add(crop)


def clear_capture(removal: Removal, sidecar: str, appearance: Appearance, removed: RemovalList) -> None:
    """Blur their faces, and remove slices and crops that show them.

    The slices are cut again from the screenshot when they are needed. A crop of somebody else that shows a piece of
    such a face is cut again. A picture that can't be decoded can't be blurred: it is deleted.
    """
    store, stem = removal.store, sidecar.removeprefix("Images/").removesuffix(".json")
    try:
        shot = Screenshot.load(store, sidecar)
        areas = areas_of(appearance.boxes, shot)
        if todo := [area for area in areas if area not in shot.blurred]:
            if not removal.dry:
                blur(store, shot, todo)
                _cut_others_again(store, stem, shot, areas, removed)
                store.update(sidecar, lambda old: _marked(old, areas) if old else None)
            removal.done["faces on screenshots"] += len(appearance.boxes)
    # Without its facts nobody knows which picture shows which rows.
    except (EmptyPictureError, NotStoredError, RecordError):
        removal.delete_pictures("pictures that could not be blurred", stem)
    removal.delete_slices(stem)
    removal.delete("crops of their faces", sorted(appearance.crops & set(store.list(keys.crops(stem)))))


def _marked(content: bytes, areas: list[Box]) -> bytes:
    """The sidecar that says where its picture is blurred: a second time needs no second encoding."""
    facts = json.loads(content)
    facts["blurred"] = sorted({*map(tuple, facts.get("blurred", [])), *areas})
    return json.dumps(facts, indent=1, ensure_ascii=False).encode()


def _cut_others_again(store: Store, stem: str, shot: Screenshot, areas: list[Box], removed: RemovalList) -> None:
    """Other people's crops reach beyond their faces: those that show a piece of a blurred one are cut again."""
    try:
        result = Result.load(store, keys.result(stem))
    except (NotStoredError, RecordError):
        return
    around = {
        one.box.grown(CROP_MARGIN).clipped(shot.page_width, shot.captured_height): one.crop
        for one in result.sightings
        if not removed.holds(one.name, one.qid) and one.crop.startswith(keys.crops(stem)) and store.exists(one.crop)
    }
    touched = [box for box in around if any(box.intersection(area) for area in areas)]
    for box, pixels in read_areas(store, shot, touched):
        store.write(around[box], evidence(Image.fromarray(pixels.copy())))
