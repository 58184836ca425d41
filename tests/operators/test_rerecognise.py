"""Stored screenshots, recognised again with another gallery."""

from __future__ import annotations

import io
import shutil
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture, Result
from celeb_ops.core.settings import Settings
from celeb_ops.dataset import captures_of, merge
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator
from tests.factories import RUN_TIME, a_page, a_screenshot, saved
from tests.web import free_port

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from celeb_ops.core.store import FolderStore

SITES = ["SITE-0", "SITE-1"]
TIMES = [RUN_TIME - timedelta(hours=12 * number) for number in range(1, 4)]
SIDE = 200
"""Of a picture, in px."""
HOPPER, COLLINS = "Grace Hopper", "Eileen Collins"


@pytest.fixture
def stored(folder_store: FolderStore, demo_folder: Path, tmp_path: Path) -> None:
    """Hopper and Collins on every page of an even site, Hopper alone on those of an odd one."""
    small = {}
    for name in ("hopper", "collins"):
        small[name] = tmp_path / f"{name}.png"
        with Image.open(demo_folder / "www" / "pictures" / f"{name}.jpeg") as picture:
            picture.resize((SIDE, SIDE)).save(small[name])
    size = 2 * SIDE + 30, SIDE + 20
    pages = {
        0: a_page(*size, {(10, 10): small["hopper"], (SIDE + 20, 10): small["collins"]}),
        1: a_page(*size, {(10, 10): small["hopper"]}),
    }
    for number, site in enumerate(SITES):
        lefts = [10] if number % 2 else [10, SIDE + 20]
        facts: dict[str, Any] = {
            "page_width": size[0],
            "captured_height": size[1],
            "page_height": size[1],
            "pictures": [Picture(box=Box(left, 10, SIDE, SIDE), src="https://pics.example/p.jpg") for left in lefts],
        }
        for when in TIMES:
            shot = a_screenshot(site=site, time=when, captured_at=when, **facts)
            saved(folder_store, shot, pages[number % 2])


def run(store: FolderStore, when: datetime, settings: Settings, **params: bool) -> None:
    """The steps of a run, as the DAG wires them."""
    context = {"logical_date": when, "params": params, "dag_run": SimpleNamespace(start_date=RUN_TIME)}
    results = []
    for name in SITES:
        given: dict[str, Any] = {
            "site": {"name": name, "url": f"https://{name.lower()}.example/"},
            "settings": settings,
        }
        screenshot = ScreenshotOperator(task_id="screenshot", **given).execute(context)
        plan = SliceOperator(task_id="slice", screenshot=screenshot, **given).execute(context)
        result = RekognizeCelebritiesOperator(task_id="rekognize", plan=plan, **given).execute(context)
        results.append(Result.load(store, result))
    merge(store, when, results, [])


def people(store: FolderStore, when: datetime) -> dict[str, list[str]]:
    return {row["site"]: row["celebrities"] for row in captures_of(store, when)}


def test_a_new_gallery_over_stored_screenshots(
    stored: None, folder_store: FolderStore, demo_folder: Path, tmp_path: Path
) -> None:
    settings = Settings(
        store=str(folder_store.root), cache=demo_folder / "cache", browser_url=f"http://127.0.0.1:{free_port()}"
    )
    galleries = {name: tmp_path / name for name in (HOPPER, COLLINS)}
    for name, folder in galleries.items():
        shutil.copytree(demo_folder / "gallery" / name, folder / name)

    for when in TIMES:
        run(folder_store, when, settings.replaced(gallery=galleries[HOPPER]))
    before = {key: folder_store.read(key) for key in folder_store.list("Faces/")}
    assert len(before) == 6
    assert people(folder_store, TIMES[0]) == {site: [HOPPER] for site in SITES}
    # The last of them has no slices any more.
    for key in list(folder_store.list("Slices/")):
        if keys.time_in(key.replace("/", ".")) == TIMES[-1]:
            folder_store.delete(key)

    for when in TIMES:
        run(folder_store, when, settings.replaced(gallery=galleries[COLLINS]), rerecognise=True)

    for when in TIMES:
        assert people(folder_store, when) == {site: [] if n % 2 else [COLLINS] for n, site in enumerate(SITES)}
    csv = pl.read_csv(io.BytesIO(folder_store.read(keys.CSV)))
    assert len(csv) == 6
    assert csv["celebrities"].drop_nulls().unique().to_list() == [COLLINS]
    assert csv["captured_at"].to_list() == csv["time"].to_list()
    months = [pl.read_parquet(io.BytesIO(folder_store.read(key))) for key in folder_store.list("Sightings/")]
    sightings = pl.concat(months)
    assert len(sightings) == 3
    # The evidence is that of today's names: none of before is left, and each is of another face.
    after = {key: folder_store.read(key) for key in folder_store.list("Faces/")}
    assert set(after) == set(sightings["crop"])
    assert not set(after.values()) & set(before.values())
