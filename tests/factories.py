"""Records for tests, with everything filled in that a test does not care about."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Consent, Part, RecognizerInfo, Result, Screenshot, Sighting, Span
from celeb_ops.core.store import Store

RUN_TIME = datetime(2026, 11, 23, 8, tzinfo=UTC)


def a_screenshot(**given: Any) -> Screenshot:
    site = given.setdefault("site", "TMZ")
    given.setdefault("time", RUN_TIME)
    height = given.setdefault("captured_height", 3_000)
    stem = keys.stem(site, given["time"])
    defaults: dict[str, Any] = {
        "url": "https://www.tmz.com/",
        "final_url": "https://www.tmz.com/",
        "title": "News",
        "http_status": 200,
        "captured_at": given["time"],
        "source": "live",
        "viewport": (1440, 900),
        "page_width": 1440,
        "page_height": height,
        "truncated": False,
        "parts": [Part(key=keys.image(stem, 1, "jpeg"), rows=Span(0, height))],
        "pictures": [],
        "images_loaded": 0,
        "images_total": 0,
        "consent": Consent(),
        "timings": {"open": 1.0},
        "browser": "chrome 156",
    }
    return Screenshot(**(defaults | given))


def a_sighting(name: str, **given: Any) -> Sighting:
    defaults: dict[str, Any] = {
        "confidence": 90.0,
        "basis": "face",
        "box": Box(10, 20, 100, 100),
        "above_fold": True,
        "page_share": 0.01,
        "crop": "Faces/x/1.jpeg",
    }
    return Sighting(**({"name": name} | defaults | given))


def a_result(site: str = "TMZ", *names: str, **given: Any) -> Result:
    given.setdefault("time", RUN_TIME)
    defaults: dict[str, Any] = {
        "captured_at": given["time"],
        "source": "live",
        "screenshot": keys.sidecar(keys.stem(site, given["time"])),
        "recognizer": RecognizerInfo(name="local", version="1", gallery="abc"),
        "slices": 2,
        "calls": 0,
        "cost_usd": 0.0,
        "faces": len(names),
        "unrecognised": 0,
        "sightings": [a_sighting(name) for name in names],
        "seconds": 3.0,
    }
    return Result(**({"site": site} | defaults | given))


def a_picture(width: int = 100, height: int = 100, format: str = "JPEG", seed: int = 0) -> bytes:
    """Noise: a picture in which every row and column differs."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format, quality=95)
    return out.getvalue()


def saved(store: Store, screenshot: Screenshot, *pictures: bytes) -> str:
    """Save a screenshot with its parts; the sidecar's key."""
    for part, picture in zip(screenshot.parts, pictures, strict=True):
        store.write(part.key, picture)
    return screenshot.save(store, keys.sidecar(keys.stem(screenshot.site, screenshot.time)))


def a_page(width: int, height: int, pictures: Mapping[tuple[int, int], Path]) -> bytes:
    """A white JPEG with pictures at (left, top)."""
    page = Image.new("RGB", (width, height), "white")
    for place, path in pictures.items():
        with Image.open(path) as picture:
            page.paste(picture, place)
    out = io.BytesIO()
    page.save(out, "JPEG", quality=90)
    return out.getvalue()
