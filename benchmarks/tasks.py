"""What the benchmarks call in processes of their own; imports are at the top, so that they are not timed."""

from __future__ import annotations

import json
import statistics
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pyvips

from benchmarks import before, first_version
from benchmarks.soak import left_behind
from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.page import capture_page
from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Plan, Result, Screenshot, Slice, Span
from celeb_ops.core.settings import Settings
from celeb_ops.core.sites import Site
from celeb_ops.core.store import FolderStore
from celeb_ops.gallery.thresholds import measured
from celeb_ops.hooks.s3 import open_store
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.recognition.local import face_model, gallery_file
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.page import recognize_page
from celeb_ops.recognition.people import Person
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.recognizer import Face
from celeb_ops.slicing.cut import areas_of
from celeb_ops.slicing.layout import spans
from celeb_ops.slicing.row_reader import RowReader

if TYPE_CHECKING:
    from collections.abc import Callable

SITE = "BENCH"


def screenshot(url: str, time: str, name: str = SITE) -> str:
    return ScreenshotOperator(task_id="screenshot", site=_site(url, name)).execute(_context(time))


def slice_(url: str, time: str, screenshot: str, name: str = SITE) -> str:
    return SliceOperator(task_id="slice", site=_site(url, name), screenshot=screenshot).execute(_context(time))


def rekognize(url: str, time: str, plan: str, name: str = SITE) -> dict[str, Any]:
    operator = RekognizeCelebritiesOperator(task_id="rekognize", site=_site(url, name), plan=plan)
    result = Result.load(open_store(Settings.load()), operator.execute(_context(time)))
    return {"people": result.celebrities, "faces": result.faces, "slices": result.slices}


def quality(picture: str, gallery: str, cache: str, qualities: list[int]) -> list[dict[str, Any]]:
    """People and faces found on a lossless picture's slices when the picture is a JPEG of each quality."""
    recognizer = LocalRecognizer(Gallery.load(Path(gallery), Path(cache)))
    rows = []
    for q in [*qualities, 0]:
        image = pyvips.Image.new_from_file(picture)
        size = Path(picture).stat().st_size
        if q:
            data = image.jpegsave_buffer(Q=q, optimize_coding=True)
            size, image = len(data), pyvips.Image.new_from_buffer(data, "")
        faces = [
            face
            for span in spans(image.height)
            for face in recognizer.recognize(
                image.crop(0, span.start, image.width, span.stop - span.start).pngsave_buffer(compression=1)
            )
        ]
        named = [face for face in faces if face.name]
        rows.append(
            {
                "quality": q or "lossless",
                "MB": round(size / 1e6, 2),
                "faces": len(faces),
                "people": len({face.name for face in named}),
                "mean confidence": round(statistics.mean(face.confidence for face in named), 1) if named else 0,
            }
        )
    return rows


def on_bare_photos(photos: str, gallery: str, cache: str) -> list[str]:
    """Whom the recogniser names on the photos as the pages have them, pasted on a blank page one by one."""
    recognizer = LocalRecognizer(Gallery.load(Path(gallery), Path(cache)))
    names: set[str] = set()
    for photo in json.loads(Path(photos).read_text()):
        image = pyvips.Image.new_from_buffer(bytes.fromhex(photo), "")
        page = image.embed(60, 60, image.width + 120, image.height + 120, background=[253, 252, 249])
        names |= {face.name for face in recognizer.recognize(page.pngsave_buffer()) if face.name}
    return sorted(names)


def on_first_version(picture: str, gallery: str, cache: str) -> list[str]:
    """Whom the same recogniser names on the first version's slices."""
    recognizer = LocalRecognizer(Gallery.load(Path(gallery), Path(cache)))
    pieces = first_version.slices(Path(picture))
    return sorted({face.name for piece in pieces for face in recognizer.recognize(piece) if face.name})


def soak(urls: list[str], captures: int, folder: str) -> list[dict[str, Any]]:
    """Rows every ten captures: what is left behind, and this process's memory."""
    before = left_behind()
    rows = []
    start = time.perf_counter()
    for number in range(1, captures + 1):
        site = Site(url=urls[number % len(urls)], name=SITE)
        with open_browser(site) as driver:
            capture_page(driver, site, Path(folder))
        if number % 10 == 0:
            me = psutil.Process()
            rows.append(
                {
                    "captures": number,
                    "seconds each": round((time.perf_counter() - start) / number, 2),
                    "processes left": len(me.children(recursive=True)),
                    "temporary files left": len(left_behind() - before),
                    "open files": me.num_fds(),
                    "MB": round(me.memory_info().rss / 1e6),
                }
            )
    return rows


def lossless(url: str, folder: str) -> str:
    site = Site(url=url, name=SITE, format="png")
    with open_browser(site) as driver:
        return str(capture_page(driver, site, Path(folder)).parts[0].path)


def _site(url: str, name: str = SITE) -> dict[str, Any]:
    return {"url": url, "name": name}


def _context(time: str) -> Any:
    return {"logical_date": datetime.fromisoformat(time)}


def people_on_slices(pieces: str, sidecar: str, gallery: str, cache: str) -> list[str]:
    """Whom the same recogniser names on the slices."""
    recognizer = LocalRecognizer(Gallery.load(Path(gallery), Path(cache)))
    store = open_store(Settings.load())
    told = json.loads(pieces)
    if told and "key" in told[0]:
        plan = Plan.load(store, keys.plan(Path(sidecar).stem))
        result = recognize_page(plan, Screenshot.load(store, sidecar), recognizer, Path(sidecar).stem, store)
        return result.celebrities
    return sorted(
        {face.name for piece in told for face in recognizer.recognize(Path(piece["file"]).read_bytes()) if face.name}
    )


def search_slices(sidecar: str, way: str, store: str, gallery: str, cache: str) -> dict[str, Any]:
    """One page's rows in slices of 1,920 px: found and named, each slice by itself."""
    kept = FolderStore(Path(store))
    shot = Screenshot.load(kept, sidecar)
    model = face_model.best() if way == "ours" else face_model.DLIB
    known = Gallery.load(Path(gallery), Path(cache), model=model)
    recognizer = LocalRecognizer(known)
    areas = areas_of(shot, RowReader(shot, kept.read))
    image = pyvips.Image.new_from_buffer(kept.read(shot.parts[0].key), "")
    slices = []
    for span in spans(shot.captured_height):
        piece = image.crop(0, span.start, image.width, span.stop - span.start).jpegsave_buffer(Q=95)
        one = Slice(key="", bands=[span], columns=Span(0, image.width))
        slices.append((piece, [part for area in areas for part in one.parts_of(area)]))
    find: Callable[[Any, Any], list[Any]] = {"whole": _everywhere, "before": before.find_faces, "ours": model.find}[way]

    def recognised(piece: bytes, parts: Any) -> list[Face]:
        if way == "ours":
            return recognizer.recognize(piece, parts)
        pixels = decode(piece)
        return [_nearest(known, pixels, box) for box in find(pixels, parts)]

    slices = [(piece, parts) for piece, parts in slices if parts or way == "whole"]
    recognised(*slices[0])
    seconds = {"find": 0.0, "all": 0.0}
    faces, people = 0, set()
    for piece, parts in slices:
        pixels = decode(piece)
        start = time.process_time()
        find(pixels, parts)
        found_at = time.process_time()
        found = recognised(piece, parts)
        seconds["find"] += found_at - start
        seconds["all"] += time.process_time() - found_at
        faces += len(found)
        people |= {face.name for face in found if face.name}
    return {"slices": len(slices), "faces": faces, "people": len(people), **seconds}


def _everywhere(pixels: Any, areas: Any) -> list[Box]:
    """As the package face_recognition does it: HOG over all of the picture in colour, upsampled once."""
    found = before.detector()(pixels, 1)
    return [Box(one.left(), one.top(), one.width(), one.height()) for one in found]


def _nearest(gallery: Gallery, pixels: Any, box: Box) -> Face:
    distances = np.linalg.norm(gallery.embeddings - before.embed(pixels, box), axis=1)
    best = int(distances.argmin())
    return Face(box, name=gallery.names[best] if distances[best] <= face_model.DLIB.candidate else None)


def make_gallery(folder: str, people: int, photos: int) -> dict[str, float]:
    """A gallery's file of made-up people, as far apart as real ones."""
    dice = np.random.default_rng(1)
    entries = []
    for number in range(people):
        rows = np.zeros((photos, 128))
        rows[:, :45] = dice.normal(0, 0.085, 45) + dice.normal(0, 0.037, (photos, 45))
        name = f"Person {number}"
        references = tuple(
            gallery_file.Reference(f"File:{name} {photo}.jpg", f"{number * photos + photo:040x}", "A. N. Other", "CC0")
            for photo in range(photos)
        )
        person = Person(name, f"Q{number + 1}", (f"{name} Jr.", f"The {name}"))
        entries.append(gallery_file.Entry(person, "made up", 9, rows.astype(np.float32), references))
    start = time.perf_counter()
    about = measured(entries, "2026-11-24", face_model.DLIB)
    seconds = time.perf_counter() - start
    path = Path(folder, gallery_file.FILE)
    gallery_file.write(path, gallery_file.GalleryContent(entries, about))
    return {"mb": path.stat().st_size / 1e6, "measured_s": seconds}


def use_gallery(folder: str, way: str) -> dict[str, float]:
    """Load a gallery with all that naming needs, and find the nearest to 100 faces: seconds, and MB of it."""
    faces = np.zeros((100, 128))
    faces[:, :45] = np.random.default_rng(2).normal(0, 0.09, (100, 45))
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.perf_counter()
    gallery = Gallery.load(Path(folder), Path(folder, "cache"))
    names = np.array(gallery.names)
    nearest: Callable[[Any], object] = (
        LocalRecognizer(gallery).nearest if way == "ours" else _every_photo(gallery, names)
    )
    load_s = time.perf_counter() - start
    times = []
    for _ in range(5):
        start = time.perf_counter()
        nearest(faces)
        times.append(time.perf_counter() - start)
    return {"load_s": load_s, "match_s": sorted(times)[2], "mb": (process.memory_info().rss - before) / 1e6}


def _every_photo(gallery: Gallery, names: Any) -> Callable[[Any], object]:
    """What one writes first: each face with every photo, in double precision, then the nearest of another person."""
    embeddings = gallery.embeddings.astype(np.float64)

    def nearest(faces: Any) -> list[tuple[int, float]]:
        found = []
        for face in faces:
            distances = np.linalg.norm(embeddings - face, axis=1)
            first = int(distances.argmin())
            found.append((first, float(distances[names != names[first]].min() - distances[first])))
        return found

    return nearest
