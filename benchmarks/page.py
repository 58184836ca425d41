"""The pages and the report at ten years of data: how long the server takes, and how large the report is."""

from __future__ import annotations

import io
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from benchmarks import trends
from benchmarks.measure import measured
from celeb_ops.core import keys
from celeb_ops.core.store import FolderStore
from celeb_ops.trends import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from benchmarks.cast import Cast

TIMES = 20
LAST = keys.iso(trends.LAST)


def run(cast: Cast, folder: Path) -> Iterator[dict[str, Any]]:
    """Pages of 66,000 captures and 4,000 people, ms in a server's process; the report, s and MB."""
    trends.make(str(folder))
    trends.rebuild(str(folder))
    _crops(cast, FolderStore(folder))
    pages = measured("benchmarks.page:pages", folder=str(folder))
    for name, (first, median, worst, kilobytes) in pages.value.items():
        yield {"what": name, "first ms": first, "median ms": median, "worst ms": worst, "kB": kilobytes}
    report = measured("benchmarks.page:report", folder=str(folder))
    size = round((folder / keys.REPORT).stat().st_size / 1e3)
    yield {"what": "report", "first ms": round(1e3 * report.seconds), "median ms": "", "worst ms": "", "kB": size}
    yield {"what": f"peak MB: {pages.peak_mb:.0f}, {report.peak_mb:.0f}"} | dict.fromkeys(
        ("first ms", "median ms", "worst ms", "kB"), ""
    )


def _crops(cast: Cast, store: FolderStore) -> None:
    """Real photos, as large as crops are, at each key of the evidence."""
    originals = []
    for at, photo in enumerate(cast.photos[:50]):
        originals.append(store.root / f"crop-{at}.jpeg")
        with Image.open(io.BytesIO(photo.jpeg)) as image:
            image.convert("RGB").resize((256, 256)).save(originals[-1], "JPEG", quality=85)
    for at, key in enumerate(load(store, "evidence")["crop"].unique().sort()):
        path = store.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(originals[at % len(originals)])


def pages(folder: str) -> dict[str, list[float]]:
    """By page: ms of the first request, of the median one and of the slowest after the first; its kB."""
    from celeb_ops.report import assets
    from celeb_ops.report.app import create_app
    from celeb_ops.report.sanitizing import address

    store = FolderStore(Path(folder))
    app = create_app(authorize=lambda: None, open_store=lambda: store, login="")
    somebody = f"/people/{address(load(store, 'people').sort('captures', descending=True)['name'][0])}"
    # As after the first leaderboard in a process.
    assets.content(assets.VEGA)
    named = {
        "leaderboard": "/",
        "leaderboard, 7 days": "/?period=7d",
        "leaderboard, a year": "/?period=year",
        "leaderboard, all time, one site": f"/?period=all&site={trends.SITES[0]}",
        "leaderboard, search": "/?q=person%2020",
        "person": somebody,
        "person, 3 months": f"{somebody}?span=quarter",
        "person, all time": f"{somebody}?span=all",
        "sites": "/sites",
        "runs": "/runs",
        "run": f"/runs/{LAST}",
    }
    return {name: _timed(app, path) for name, path in named.items()}


def _timed(app: FastAPI, path: str) -> list[float]:
    from tests.asgi import get

    spent = []
    for _ in range(TIMES + 1):
        start = time.perf_counter()
        answer = get(app, path)
        spent.append(round(1e3 * (time.perf_counter() - start), 1))
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    return [spent[0], round(statistics.median(spent[1:]), 1), max(spent[1:]), round(len(answer.content) / 1e3)]


def report(folder: str) -> str:
    """Write the report."""
    from celeb_ops.report.static_page import write

    return write(FolderStore(Path(folder)))
