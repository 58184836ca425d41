"""Ways to cut one page: the first version's, split-image's, SAHI's and ours."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyvips
from PIL import Image, ImageDraw, ImageFont
from tests.factories import a_screenshot

from benchmarks.measure import measured
from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Part, Picture, Screenshot, Span
from celeb_ops.core.store import FolderStore
from celeb_ops.recognition.local.detector import find_faces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from benchmarks.cast import Cast

WIDTH = 1_440
HEIGHTS = (2_000, 15_000, 60_000)
WAYS = ("first_version", "split_image", "sahi", "ours")
_LINE = "The harbour was quiet on Tuesday, and nobody could say when the ferry would come. " * 2


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Faces cut, people found, slices, seconds and memory of four ways to cut the same page, half of it text."""
    os.environ |= {"CELEBS_STORE": str(folder / "store"), "CELEBS_GALLERY": str(cast.gallery)}
    for height in HEIGHTS:
        sidecar, faces, people = page(cast, folder, height)
        for way in WAYS:
            out = folder / f"{way}-{height}"
            out.mkdir()
            cut = measured(f"benchmarks.cuts.{way}:cut", sidecar=sidecar, out=str(out))
            names = measured(
                "benchmarks.tasks:people_on_slices",
                pieces=json.dumps(cut.value),
                sidecar=sidecar,
                gallery=str(cast.gallery),
                cache=str(folder / "cache"),
            )
            yield {
                "height": height,
                "way": way.replace("_", " "),
                "slices": len(cut.value),
                "faces cut": f"{sum(not _whole(face, cut.value) for face in faces)} of {len(faces)}",
                "people": f"{len(set(names.value) & people)} of {len(people)}",
                "wrong": len(set(names.value) - people),
                "s to cut": round(cut.seconds, 2),
                "MB": round(cut.peak_mb),
                "s to recognise": round(names.seconds, 1),
            }


def _whole(face: Box, pieces: list[dict[str, Any]]) -> bool:
    """Whether a slice shows all of the face."""
    return any(top <= face.top and face.bottom <= bottom for piece in pieces for top, bottom in piece["rows"])


def page(cast: Cast, folder: Path, height: int) -> tuple[str, list[Box], set[str]]:
    """A page as a screenshot in the store: a photo across every multiple of 2,000 px and of our slices' height.

    :return: the sidecar's key, the boxes of the faces on it, and the people that the recogniser knows of the photos.
    """
    canvas = np.full((height, WIDTH, 3), 253, np.uint8)
    text = _text()
    pictures: list[Picture] = []
    faces: list[Box] = []
    people: set[str] = set()
    narrow = [photo for photo in cast.photos if photo.width <= 680]
    busy = np.zeros(height, bool)
    for left, step in ((30, 2_000), (730, 1_920)):
        free = 0
        for number, line in enumerate(range(step, height + step, step)):
            photo = narrow[number % len(narrow)]
            picture = np.asarray(Image.open(io.BytesIO(photo.jpeg)).convert("RGB"))
            found = [one.box for one in find_faces(picture)]
            # The middle of the largest face lies on the line; on the last one, as far down as the page goes.
            middle = max(found, key=lambda box: box.area).centre[1] if found else 0
            top = min(int(line - middle), height - len(picture) - 40)
            if not found or top < free:
                continue
            canvas[top : top + len(picture), left : left + picture.shape[1]] = picture
            busy[top : top + len(picture)] = True
            pictures.append(Picture(box=Box(left, top, picture.shape[1], len(picture)), src=f"{number}.jpeg"))
            faces += [box.clipped(picture.shape[1], len(picture)).moved(left, top) for box in found]
            people |= set(photo.people)
            free = top + len(picture)
    for top in range(40, height - len(text), len(text)):
        if not busy[top - 20 : top + len(text) + 20].any():
            canvas[top : top + len(text)] = text
    stem = f"BENCH-{height}"
    key = keys.image(stem, 1, "jpeg")
    store = FolderStore(folder / "store")
    image = pyvips.Image.new_from_memory(canvas.tobytes(), WIDTH, height, 3, "uchar")
    store.write(key, bytes(image.jpegsave_buffer(Q=80)))
    screenshot = _screenshot(height, key, pictures)
    return screenshot.save(store, keys.sidecar(stem)), faces, people


def _text() -> np.ndarray[Any, Any]:
    image = Image.new("RGB", (WIDTH, 120), (253, 253, 253))
    draw = ImageDraw.Draw(image)
    for top in range(8, 112, 26):
        draw.text((120, top), _LINE, fill=(30, 30, 30), font=ImageFont.load_default(18))
    return np.asarray(image)


def _screenshot(height: int, key: str, pictures: list[Picture]) -> Screenshot:
    when: datetime = keys.parse_v1_time("Nov_23_2026_08H_00M_00S")  # type: ignore[assignment]
    return a_screenshot(
        site="BENCH",
        time=when,
        viewport=(WIDTH, 900),
        page_width=WIDTH,
        captured_height=height,
        parts=[Part(key=key, rows=Span(0, height))],
        pictures=pictures,
    )
