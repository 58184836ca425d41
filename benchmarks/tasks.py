"""What the benchmarks call in processes of their own; imports are at the top, so that they are not timed."""

from __future__ import annotations

import json
import statistics
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pyvips

from benchmarks import first_version
from benchmarks.soak import left_behind
from celeb_ops.capture.browser import open_browser
from celeb_ops.capture.page import capture_page
from celeb_ops.hooks.s3 import open_store
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.local import LocalRecognizer
from celeb_ops.records import Result
from celeb_ops.settings import Settings
from celeb_ops.sites import Site
from celeb_ops.slicing import spans

SITE = "BENCH"


def screenshot(url: str, time: str) -> str:
    return ScreenshotOperator(task_id="screenshot", site=_site(url)).execute(_context(time))


def slice_(url: str, time: str, screenshot: str) -> str:
    return SliceOperator(task_id="slice", site=_site(url), screenshot=screenshot).execute(_context(time))


def rekognize(url: str, time: str, plan: str) -> dict[str, Any]:
    operator = RekognizeCelebritiesOperator(task_id="rekognize", site=_site(url), plan=plan)
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


def _site(url: str) -> dict[str, Any]:
    return {"url": url, "name": SITE}


def _context(time: str) -> Any:
    return {"logical_date": datetime.fromisoformat(time)}
