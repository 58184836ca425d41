import io
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.exceptions import BudgetError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture, RecognizerInfo, Result, Slice, Span
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.recognition.aws.rekognition import RekognitionError
from celeb_ops.recognition.detections import on_slice
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.page import recognize_page
from celeb_ops.recognition.paid.budget import Budget
from celeb_ops.recognition.paid.paid_calls import Request, RequestOptions, RequestSender
from celeb_ops.recognition.paid.response_cache import CachedResponse
from celeb_ops.recognition.recognizer import Face
from celeb_ops.slicing.cut import cut
from tests.aws.rekognition import Rekognition
from tests.factories import RUN_TIME, a_page, a_picture, a_screenshot, saved
from tests.recognition.aws.test_rekognition import asking

Shown = Iterable[tuple[str, int, int]]

NEXT = RUN_TIME + timedelta(hours=12)
HOPPER, COLLINS, COFFEE, ROCKET = "hopper-small.jpeg", "collins-small.jpeg", "coffee.jpeg", "rocket.jpeg"
# Two slices: the last picture has no room in the first one.
PAGE = [(HOPPER, 10, 10), (COLLINS, 500, 20), (COFFEE, 10, 600), (ROCKET, 10, 1_200), ("collins.jpeg", 100, 3_000)]


class Site:
    """A site whose page shows pictures of the demo; each visit goes the whole way from picture to result."""

    def __init__(self, store: Store, service: Rekognition, pictures: Path) -> None:
        self.store = store
        self.service = service
        self.pictures = pictures

    def visit(self, shown: Shown, when: datetime = RUN_TIME, height: int = 6_000, **terms: Any) -> Result:
        """The result of a page with these pictures: file, left, top."""
        stem = keys.stem("TMZ", when)
        pictures, places = [], {}
        for name, left, top in shown:
            with Image.open(self.pictures / name) as image:
                pictures.append(Picture(box=Box(left, top, *image.size), src=f"https://example.com/{name}"))
            places[left, top] = self.pictures / name
        screenshot = a_screenshot(page_width=1_000, captured_height=height, pictures=pictures, time=when)
        sidecar = saved(self.store, screenshot, a_page(1_000, height, places))
        plan = cut(screenshot, sidecar, stem, self.store)
        return recognize_page(plan, screenshot, asking(self.service.url), stem, self.store, RequestOptions(**terms))


@pytest.fixture
def site(folder_store: FolderStore, rekognition: Rekognition, pictures: Path) -> Site:
    return Site(folder_store, rekognition, pictures)


def people(result: Result) -> Counter[str]:
    return Counter(one.name for one in result.sightings)


class TestResponsesAreCached:
    def test_a_second_time_asks_nothing_and_is_the_same_in_another_run_too(self, site: Site) -> None:
        first = site.visit(PAGE)
        assert (first.calls, first.slices, site.service.calls) == (2, 2, 2)
        # Nothing but what is needed is in them.
        responses = [CachedResponse.load(site.store, key) for key in site.store.list("Answers/")]
        faces = [face for one in responses for face in one.model_dump(exclude_defaults=True)["faces"]]
        assert {key for face in faces for key in face} == {"box", "name", "id", "urls", "confidence"}
        again = site.visit(PAGE)
        assert site.service.calls == 2
        assert again.model_dump(exclude={"seconds"}) == first.model_dump(exclude={"seconds"})
        later = site.visit(PAGE, NEXT)
        assert (later.calls, later.calls_saved, later.cost_usd, site.service.calls) == (0, 2, 0, 2)
        assert people(later) == {"Grace Hopper": 1, "Eileen Collins": 2}

    def test_a_try_that_failed_has_paid_for_the_answers_that_it_got(self, site: Site) -> None:
        site.service.faults = ["", "AccessDeniedException"]
        with pytest.raises(RekognitionError, match="AccessDenied"):
            site.visit(PAGE, concurrency=1)
        result = site.visit(PAGE)
        assert (result.calls, site.service.calls) == (2, 3)

    def test_unless_the_questions_are_to_be_asked_again(self, site: Site) -> None:
        site.visit(PAGE)
        for key in site.store.list("Answers/"):
            answer = CachedResponse.load(site.store, key)
            answer.model_copy(update={"asked_at": answer.asked_at - timedelta(minutes=1)}).save(site.store, key)
        start = datetime.now(UTC)
        for _ in range(2):
            # What this run has asked it does not ask again.
            assert site.visit(PAGE, since=start).calls == 2
            assert site.service.calls == 4

    def test_unless_a_response_can_t_be_read(self, site: Site) -> None:
        site.visit(PAGE)
        damaged, other = site.store.list("Answers/")
        for key, damage in ((damaged, b"{"), (other, b'{"asked_by": "somebody"}')):
            site.store.write(key, damage)
        assert people(site.visit(PAGE)) == {"Grace Hopper": 1, "Eileen Collins": 2}
        assert site.service.calls == 4

    def test_those_of_an_older_version_are_read(self, folder_store: FolderStore) -> None:
        folder_store.write(
            keys.answer("rekognition", "ab"),
            b'{"recognizer": {"name": "rekognition", "version": "1", "gallery": null}, "asked_by": "TMZ_x", '
            b'"asked_at": "2026-11-23T08:00:00Z", "faces": [{"box": [1, 2, 3, 4], "name": "Cher", "id": "x", '
            b'"urls": ["www.imdb.com/name/nm1"], "confidence": 99.0}, {"box": [5, 6, 7, 8], "name": null, "id": null, '
            b'"urls": [], "confidence": 0}]}',
        )
        response = CachedResponse.find(folder_store, RecognizerInfo(name="rekognition", version="1"), "ab", None)
        assert response
        assert response.faces == [
            Face(Box(1, 2, 3, 4), "Cher", "x", ("www.imdb.com/name/nm1",), 99.0),
            Face(Box(5, 6, 7, 8)),
        ]


class TestSheets:
    def test_name_the_same_people_in_one_call(self, site: Site) -> None:
        by_slices = site.visit(PAGE)
        calls = site.service.calls
        by_sheets = site.visit(PAGE, NEXT, sheets=True)
        assert site.service.calls - calls == by_sheets.calls == 1
        assert by_sheets.calls_saved == 1
        assert people(by_sheets) == people(by_slices)
        assert by_sheets.faces == by_slices.faces
        for sheet in by_sheets.sightings:
            assert max(sheet.box.ios(one.box) for one in by_slices.sightings if one.name == sheet.name) > 0.8

    def test_of_no_face_there_are_none_and_what_rekognition_takes_for_none_is_none(self, site: Site) -> None:
        result = site.visit([(COFFEE, 10, 10)], sheets=True)
        assert (result.calls, result.faces, site.service.calls) == (0, 0, 0)
        site.service.recognizer = Scripted(faces=())
        result = site.visit(PAGE, sheets=True)
        assert (result.faces, result.calls) == (0, 1)


class TestSixtyFourFaces:
    @pytest.fixture
    def crowd(self, site: Site, pictures: Path, tmp_path: Path) -> Shown:
        """A page of 80 faces on one slice."""
        with Image.open(pictures / HOPPER) as portrait:
            portrait.crop((20, 20, 220, 270)).resize((96, 120)).save(tmp_path / "small.jpeg", quality=95)
        site.pictures = tmp_path
        # Without a gallery, because so many embeddings take their time.
        site.service.recognizer = LocalRecognizer(Gallery.load(tmp_path / "nowhere", tmp_path))
        return [("small.jpeg", left * 96, top * 120) for left in range(10) for top in range(8)]

    def test_are_asked_about_in_halves(self, site: Site, crowd: Shown) -> None:
        result = site.visit(crowd, height=1_000)
        there = site.service.recognizer.recognize(site.store.read(next(iter(site.store.list("Slices/")))))
        assert len(there) > 64
        assert result.faces == pytest.approx(len(there), abs=2)
        assert result.calls == site.service.calls == 3

    def test_count_against_the_budget(self, site: Site, crowd: Shown) -> None:
        with pytest.raises(BudgetError, match=r"TMZ needs 1 call .* this run may make 0 \(CELEBS_BUDGET\)"):
            site.visit(crowd, height=1_000, budget=0)
        assert site.service.calls == 0
        with pytest.raises(BudgetError, match="TMZ needs 3 calls"):
            site.visit(crowd, height=1_000, budget=2)
        assert site.service.calls == 1
        assert site.visit(crowd, height=1_000, budget=3).calls == 3

    def test_of_ever_smaller_size_cost_a_bounded_number_of_calls(self, folder_store: FolderStore) -> None:
        recognizer = Scripted(faces=[Face(Box(number, number, 5, 5)) for number in range(64)])
        one = sender(folder_store, recognizer)
        found = one.send(requests(a_picture(1_440, 1_920)))
        # The picture, its halves and their halves.
        assert (len(recognizer.asked), one.still_full, len(found)) == (7, 4, 7 * 64)

    def test_in_a_quarter_are_where_they_are_on_the_page(self, folder_store: FolderStore) -> None:
        class Sees(Scripted):
            """64 faces, and on a quarter one that ends 100 px from its lower right corner and one at that corner."""

            def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
                with Image.open(io.BytesIO(picture)) as image:
                    width, height = image.size
                if max(width, height) > 1_300:
                    return [Face(Box(number, 0, 5, 5)) for number in range(64)]
                return [
                    Face(Box(width - 140, height - 140, 40, 40), "inside"),
                    Face(Box(width - 40, height - 40, 40, 40), "cut"),
                ]

        found = sender(folder_store, Sees()).send(requests(a_picture(1_440, 1_920), size=(1_440, 1_920)))
        inside, at_edge = ([one for one in found if one.face.name == name] for name in ("inside", "cut"))
        assert Box(1_300, 1_780, 40, 40) in [one.box for one in inside]
        assert not any(one.touches_edge for one in inside)
        assert all(one.touches_edge for one in at_edge)
        assert len({one.source for one in found}) == 7


class Scripted:
    """A recogniser that costs money, and does something with each picture."""

    cost_usd = 0.001
    info = RecognizerInfo(name="scripted", version="1")

    def __init__(self, does: Callable[[bytes], None] = lambda _: None, faces: Sequence[Face] | None = None) -> None:
        self._does = does
        self._faces = faces
        self.asked: list[bytes] = []

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        self.asked.append(picture)
        self._does(picture)
        return [Face(Box(10, 10, 20, 20), name=picture.decode())] if self._faces is None else list(self._faces)


def sender(store: FolderStore, recognizer: Scripted, concurrency: int = 2) -> RequestSender:
    return RequestSender(
        recognizer, store, Budget(store, "TMZ", RUN_TIME, None), "stem", RequestOptions(concurrency=concurrency)
    )


def requests(*pictures: bytes, size: tuple[int, int] = (100, 100)) -> list[Request]:
    one = Slice(key="Slices/x/1.jpeg", bands=[Span(0, size[1])], columns=Span(0, size[0]))
    return [
        Request("x", lambda picture=picture: picture, lambda faces: on_slice(faces, one))  # type: ignore[misc]
        for picture in pictures
    ]


def many(number: int) -> list[bytes]:
    return [f"picture {one}".encode() for one in range(number)]


class TestRequestSender:
    def test_each_answer_goes_to_its_picture_in_whatever_order_it_comes(self, folder_store: FolderStore) -> None:
        recognizer = Scripted(lambda picture: time.sleep(0.1 if picture == b"picture 0" else 0))
        found = sender(folder_store, recognizer, concurrency=4).send(requests(*many(8)))
        assert [one.face.name for one in found] == [one.decode() for one in many(8)]

    def test_one_picture_in_two_places_is_sent_once(self, folder_store: FolderStore) -> None:
        one = sender(folder_store, recognizer := Scripted())
        assert len(one.send(requests(b"a", b"b", b"a"))) == 3
        assert sorted(recognizer.asked) == [b"a", b"b"]
        assert len(one.paid) == 2

    def test_no_more_are_under_way_than_may_be(self, folder_store: FolderStore) -> None:
        slots = threading.BoundedSemaphore(3)

        def work(_: bytes) -> None:
            assert slots.acquire(blocking=False)
            time.sleep(0.02)
            slots.release()

        sender(folder_store, Scripted(work), concurrency=3).send(requests(*many(12)))

    def test_a_refusal_is_not_noticed_behind_a_slow_answer(self, folder_store: FolderStore) -> None:
        def work(picture: bytes) -> None:
            if picture == b"refused":
                raise RekognitionError("No.")
            time.sleep(1 if picture == b"slow" else 0.01)

        recognizer = Scripted(work)
        with pytest.raises(RekognitionError, match="No"):
            sender(folder_store, recognizer).send(requests(b"slow", b"refused", *many(60)))
        assert len(recognizer.asked) < 30
        # All that was paid for is kept, the slow answer too: it is not asked for again.
        paid = set(recognizer.asked) - {b"refused"}
        assert b"slow" in paid
        later = sender(folder_store, again := Scripted())
        later.send(requests(b"slow", b"refused", *many(60)))
        assert not paid & set(again.asked)
        assert len(later.paid) == 62

    @pytest.mark.usefixtures("interrupted")
    def test_an_interrupt_begins_nothing_more_and_keeps_what_was_under_way(self, folder_store: FolderStore) -> None:
        recognizer = Scripted(lambda _: time.sleep(0.5))
        with pytest.raises(_Interrupted):
            sender(folder_store, recognizer).send(requests(*many(20)))
        assert len(recognizer.asked) == 2
        later = sender(folder_store, again := Scripted())
        later.send(requests(*many(20)))
        assert len(again.asked) == 18


class _Interrupted(Exception):
    """As Airflow's timeout comes: by a signal, wherever the main thread is."""


@pytest.fixture
def interrupted() -> Iterator[None]:
    """The main thread meets an exception in 0.2 s."""

    def interrupt(*_: object) -> None:
        raise _Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
