"""A dataset made by the real steps, in which Grace Hopper is wherever a person can be; she is to be forgotten."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Headline, Outcome, Part, Picture, Result, Screenshot, Span
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.dataset import merge
from celeb_ops.privacy.removal import Removal
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.page import recognize_page
from celeb_ops.recognition.paid.paid_calls import RequestOptions
from celeb_ops.recognition.people import People, Person
from celeb_ops.recognition.recognizer import Recognizer
from celeb_ops.slicing.cut import cut
from tests.aws.rekognition import serving
from tests.factories import RUN_TIME, a_screenshot, saved
from tests.recognition.aws.test_rekognition import asking

HOPPER, COLLINS = "Grace Hopper", "Eileen Collins"
PEOPLE = People([Person(HOPPER), Person(COLLINS)])
LATER = RUN_TIME + timedelta(hours=12)
NEXT_MONTH = RUN_TIME + timedelta(days=10)
WIDTH, EDGE, HEIGHT = 1_000, 400, 1_200
"""The page's first part ends at row ``EDGE``, in the middle of Grace Hopper's large face."""

_FIRST_VERSION = (
    b"Sep_01_2022_08H_00M_05S,TMZ,Eileen Collins,Grace Hopper\n"
    b'Sep_01_2022_20H_00M_05S,PEOPLE,"grace  hopper"\n'
    b"Sep_02_2022_08H_00M_05S,TMZ,Eileen Collins\n"
)

MEMORY = "Answers/rekognition/sites/TMZ.json"
"""Pictures of a site, as earlier versions remembered them from run to run; nothing reads it any more."""
_MEMORY = (
    b'{"pictures":[{"src":"aa","size":[480,480],"shades":"gIA=","faces":[{"box":[10,10,90,90],"name":"Grace Hopper",'
    b'"id":"1AbC","urls":["www.wikidata.org/wiki/Q11641"],"confidence":99.0},{"box":[200,10,90,90],"name":"Eileen Coll'
    b'ins","id":null,"urls":[],"confidence":99.0}],"asked_by":"TMZ_Nov_23_2026_08H_00M_00S",'
    b'"asked_at":"2026-11-23T08:00:00Z","seen":"2026-11-23T08:00:00Z"}]}'
)


@dataclass
class Press:
    """A store, and what is needed to do the steps again."""

    store: Store
    local: LocalRecognizer
    paid: Recognizer
    pictures: Path

    def page(self, site: str, when: datetime, format: str = "jpeg") -> None:
        """A screenshot of two parts, with both people; words beside the pictures name Grace Hopper in many ways."""
        page = Image.new("RGB", (WIDTH, HEIGHT), "white")
        places = {"hopper.jpeg": (20, 180), "collins-small.jpeg": (600, 60), "hopper-small.jpeg": (700, 700)}
        shown = []
        for name, place in places.items():
            with Image.open(self.pictures / name) as picture:
                page.paste(picture, place)
                box = Box(*place, *picture.size)
            words = "Rear Admiral GRACE HOPPER’s new ship" if "hopper" in name else "Collins meets Grace Hópper"
            src = f"https://example.com/{site}/grace-hopper/{name}" if "hopper" in name else "https://e.com/1"
            link = f"https://example.com/grace%20hopper?of={name}"
            shown.append(Picture(box=box, src=src, alt=words, headline=words, link=link))
        stem = keys.stem(site, when)
        rows = [Span(0, EDGE), Span(EDGE, HEIGHT)]
        screenshot = a_screenshot(
            site=site,
            time=when,
            page_width=WIDTH,
            captured_height=HEIGHT,
            title="Grace Hopper | News",
            pictures=shown,
            headlines=[Headline(text="Grace Hopper at home"), Headline(text="Eileen Collins flies, says Grace Hopper")],
            parts=[Part(key=keys.image(stem, number, format), rows=span) for number, span in enumerate(rows, 1)],
        )
        contents = []
        for span in rows:
            out = io.BytesIO()
            terms: dict[str, Any] = {"quality": 80} if format == "jpeg" else {}
            page.crop((0, span.start, WIDTH, span.stop)).save(out, format, **terms)
            contents.append(out.getvalue())
        saved(self.store, screenshot, *contents)

    def recognise(self, site: str, when: datetime, recognizer: Recognizer) -> Result:
        """Slices and result of a screenshot that is in the store, as the steps make them."""
        stem = keys.stem(site, when)
        sidecar = keys.sidecar(stem)
        screenshot = Screenshot.load(self.store, sidecar)
        plan = cut(screenshot, sidecar, stem, self.store)
        plan.save(self.store, keys.plan(stem))
        result = recognize_page(plan, screenshot, recognizer, stem, self.store, RequestOptions(), people=PEOPLE)
        result.save(self.store, keys.result(stem))
        return result

    def pixels(self, site: str, when: datetime) -> Image.Image:
        """The whole screenshot as it is stored."""
        shot = Screenshot.load(self.store, keys.sidecar(keys.stem(site, when)))
        page = Image.new("RGB", (WIDTH, HEIGHT))
        for part in shot.parts:
            with Image.open(io.BytesIO(self.store.read(part.key))) as picture:
                page.paste(picture, (0, part.rows.start))
        return page

    def fill(self) -> list[Result]:
        """Fill the store by the real steps, as runs do; the results."""
        self.store.write(keys.CSV, _FIRST_VERSION)
        results = []
        for site, when, recognizer, format in (
            ("TMZ", RUN_TIME, self.local, "jpeg"),
            ("TMZ", LATER, self.paid, "jpeg"),
            ("PEOPLE", NEXT_MONTH, self.paid, "png"),
        ):
            self.page(site, when, format)
            results.append(self.recognise(site, when, recognizer))
            failed = Outcome(site="EONLINE", time=when, outcome="failed", task="slice", reason="No Grace Hopper here")
            failed.save(self.store, keys.outcome(keys.stem("EONLINE", when)))
            merge(self.store, when, results[-1:], [failed])
        Removal(self.store).make_reports_again()
        return results


@dataclass
class Made:
    """The dataset's files, made once."""

    files: dict[str, bytes]
    results: list[Result]


@pytest.fixture(scope="session")
def knows(demo_folder: Path) -> LocalRecognizer:
    """Knows Grace Hopper and Eileen Collins."""
    return LocalRecognizer(Gallery.load(demo_folder / "gallery", demo_folder / "cache"))


@pytest.fixture(scope="session")
def service(knows: LocalRecognizer) -> Iterator[Recognizer]:
    with serving(knows) as rekognition:
        yield asking(rekognition.url)


@pytest.fixture(scope="session")
def made(
    knows: LocalRecognizer, service: Recognizer, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    store = FolderStore(tmp_path_factory.mktemp("dataset"))
    store.write(MEMORY, _MEMORY)
    results = Press(store, knows, service, demo_folder / "www" / "pictures").fill()
    return Made(contents(store), results)


@pytest.fixture
def press_anywhere(store: Store, made: Made, knows: LocalRecognizer, service: Recognizer, demo_folder: Path) -> Press:
    """The dataset in a store of each kind."""
    with_files(store, made.files)
    return Press(store, knows, service, demo_folder / "www" / "pictures")


@pytest.fixture
def press(
    folder_store: FolderStore, made: Made, knows: LocalRecognizer, service: Recognizer, demo_folder: Path
) -> Press:
    """The dataset in a folder."""
    with_files(folder_store, made.files)
    return Press(folder_store, knows, service, demo_folder / "www" / "pictures")


def with_files(store: Store, files: dict[str, bytes]) -> None:
    for key, content in files.items():
        store.write(key, content)


def contents(store: Store) -> dict[str, bytes]:
    return {key: store.read(key) for key in store.list("")}
