"""Calls of Rekognition and people found on made-up sites: the first version's way, by slices, by sheets.

``make bench ARGS=aws`` asks a Rekognition on loopback whose faces and names are dlib's: simulated. ``make bench-aws``
asks the real one, by the connection ``celebs_rekognition``, after it has said what that costs.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from rich.console import Console

from benchmarks import cast as casts
from benchmarks import first_version, tasks
from benchmarks.measure import measured
from benchmarks.newsroom import TRAITS, Newsroom, of_height, served
from celeb_ops.core.records import Plan, Screenshot
from celeb_ops.core.settings import Settings
from celeb_ops.hooks.rekognition import rekognition_client
from celeb_ops.hooks.s3 import open_store
from celeb_ops.recognition.aws.rekognition import RekognitionError, RekognitionRecognizer
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.page import recognize_page
from celeb_ops.recognition.paid.paid_calls import RequestOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_rekognition import RekognitionClient

    from benchmarks.cast import Cast, Photo
    from benchmarks.newsroom import Page
    from celeb_ops.core.records import Result

RUNS_A_DAY = 2
HEIGHT_PX = 14_000


@dataclass(frozen=True)
class Capture:
    """A site's page as one run has it."""

    page: Page
    stem: str
    plan: Plan
    screenshot: Screenshot


@dataclass
class Way:
    """What came of one way to ask, summed over the sites."""

    name: str
    calls: int = 0
    found: int = 0
    shown: int = 0
    faces: int = 0
    faces_shown: int = 0

    def row(self, first: Way) -> dict[str, Any]:
        return {
            "way": self.name,
            "calls a day": self.calls * RUNS_A_DAY,
            "$ a day": f"{self.calls * RUNS_A_DAY * RekognitionRecognizer.cost_usd:.3f}",
            "of first version": round(self.calls / first.calls, 2),
            "people found": f"{self.found} of {self.shown}",
            "faces named": f"{self.faces} of {self.faces_shown}",
        }


def run(cast: Cast, folder: Path) -> list[dict[str, Any]]:
    """Calls of Rekognition a day for nine sites, and people found; simulated: faces and names are dlib's."""
    # Of the tests, because it is what they test against.
    from tests.aws.rekognition import ACCESS_KEY, SECRET_KEY, serving

    with serving(LocalRecognizer(Gallery.load(cast.gallery, folder / "cache"))) as service:
        client = boto3.client(
            "rekognition",
            endpoint_url=service.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(retries={"mode": "adaptive", "total_max_attempts": 10}),
        )
        return _run(cast, folder, client, lambda _: True)


def _run(cast: Cast, folder: Path, client: RekognitionClient, agreed: Callable[[int], bool]) -> list[dict[str, Any]]:
    """The rows; none where ``agreed`` says no to the number of calls."""
    os.environ |= {"CELEBS_STORE": str(folder / "store"), "CELEBS_GALLERY": str(cast.gallery)}
    room = _sites(cast)
    with served(room):
        pieces = {page.trait: _first_version(room.url(page), folder) for page in room.pages}
        captures = [_capture(room, page) for page in room.pages]
    slices = sum(len(one.plan.slices) for one in captures)
    # And a contact sheet a site: none shows more than 60 faces.
    if not agreed(sum(map(len, pieces.values())) + slices + len(captures)):
        return []

    old, by_slices, by_sheets = Way("first version"), Way("slices"), Way("contact sheets")
    recognizer = RekognitionRecognizer(client)
    for one in captures:
        _count(old, one.page, *_as_the_first_version(pieces[one.page.trait], recognizer))
        _count(by_slices, one.page, *_asked(one, recognizer, RequestOptions()))
        _count(by_sheets, one.page, *_asked(one, recognizer, RequestOptions(sheets=True)))
    return [way.row(old) for way in (old, by_slices, by_sheets)]


def _sites(cast: Cast) -> Newsroom:
    """Nine homepages with ten photos each: five of 14,000 px, four that load their photos lazily, of about 18,000."""
    room = Newsroom()
    photos, strangers = itertools.cycle(cast.photos), itertools.cycle(cast.strangers)
    for number in range(1, 10):
        shown = [*itertools.islice(photos, 8), *itertools.islice(strangers, 2)]
        random.Random(number).shuffle(shown)
        room.add(f"SITE-{number}", shown, _page(room, number, shown))
    return room


def _page(room: Newsroom, number: int, photos: Sequence[Photo]) -> str:
    return of_height(room, photos, HEIGHT_PX) if number % 2 else TRAITS["lazy"](room, photos)


def _first_version(url: str, folder: Path) -> list[bytes]:
    picture = folder / "old.jpeg"
    measured("benchmarks.first_version:screenshot", url=url, picture=str(picture))
    return first_version.slices(picture)


def _as_the_first_version(pieces: list[bytes], recognizer: RekognitionRecognizer) -> tuple[int, list[str]]:
    names: list[str] = []
    for piece in pieces:
        try:
            names += [face.name for face in recognizer.recognize(piece) if face.name]
        except RekognitionError as error:
            sys.stderr.write(f"{error}\n")
    return len(pieces), names


def _capture(room: Newsroom, page: Page) -> Capture:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    url = room.url(page)
    sidecar = tasks.screenshot(url, now, page.trait)
    plan = tasks.slice_(url, now, sidecar, page.trait)
    store = open_store(Settings.load())
    return Capture(page, Path(sidecar).stem, Plan.load(store, plan), Screenshot.load(store, sidecar))


def _asked(one: Capture, recognizer: RekognitionRecognizer, terms: RequestOptions) -> tuple[int, list[str]]:
    store = open_store(Settings.load())
    result: Result = recognize_page(one.plan, one.screenshot, recognizer, one.stem, store, terms)
    return result.calls, [one.name for one in result.sightings]


def _count(way: Way, page: Page, calls: int, names: list[str]) -> None:
    """Add a page: calls, and the names given, one a face."""
    way.calls += calls
    way.found += len(set(names) & page.people)
    way.shown += len(page.people)
    way.faces += sum(name in page.people for name in names)
    way.faces_shown += sum(len(photo.people) for photo in page.photos)


def main() -> int:
    """``make bench-aws``: on a real account, once somebody has agreed to its cost."""
    from benchmarks.table import table_of

    console = Console(soft_wrap=True)
    settings = Settings.load()

    def agreed(calls: int) -> bool:
        console.print(
            f"This asks Amazon Rekognition about {calls} times at most, by the connection celebs_rekognition: about "
            f"${calls * RekognitionRecognizer.cost_usd:.2f}. The pages are made up; their photos are sent to Amazon."
        )
        return console.input("Go on? [y/N] ").strip().lower() == "y"

    client = rekognition_client(settings)
    with tempfile.TemporaryDirectory(prefix="celebs-bench-") as folder:
        people = casts.load(Path(folder))
        console.print(f"Photographing the sites, {people.source}: some minutes, and nothing is sent yet …")
        rows = _run(people, Path(folder), client, agreed)
    console.print(table_of(rows) if rows else "Nothing was sent.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
