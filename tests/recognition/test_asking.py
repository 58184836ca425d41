from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from celeb_ops.geometry import Box
from celeb_ops.recognition import Face
from celeb_ops.recognition.answers import Answers
from celeb_ops.recognition.asking import Inquiry, Question, SliceView
from celeb_ops.recognition.budget import Budget
from celeb_ops.recognition.rekognition import RekognitionError
from celeb_ops.records import RecognizerInfo, Slice, Span
from tests.factories import RUN_TIME, a_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from celeb_ops.store import FolderStore

VIEW = SliceView(Slice(key="Slices/x/1.jpeg", bands=[Span(0, 100)], columns=Span(0, 100)))


class Scripted:
    """A recogniser that costs money, and does with each picture what it is told to."""

    cost_usd = 0.001
    most_faces = None
    info = RecognizerInfo(name="scripted", version="1")

    def __init__(self, does: Callable[[bytes], None] = lambda _: None) -> None:
        self._does = does
        self.asked: list[bytes] = []

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        self.asked.append(picture)
        self._does(picture)
        return [Face(Box(10, 10, 20, 20), name=picture.decode())]

    def advice(self) -> str:
        return ""


def inquiry(store: FolderStore, recognizer: Scripted, at_once: int = 2) -> Inquiry:
    answers = Answers(store, recognizer.info)
    return Inquiry(recognizer, answers, Budget(store, "TMZ", RUN_TIME, None), "stem", at_once)


def questions(*pictures: bytes) -> list[Question]:
    return [Question.of_bytes(VIEW, picture) for picture in pictures]


def many(number: int) -> list[bytes]:
    return [f"picture {one}".encode() for one in range(number)]


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


def test_each_answer_goes_to_its_picture_in_whatever_order_it_comes(folder_store: FolderStore) -> None:
    recognizer = Scripted(lambda picture: time.sleep(0.1 if picture == b"picture 0" else 0))
    found = inquiry(folder_store, recognizer, at_once=4).ask(questions(*many(8)))
    assert [one.face.name for one in found] == [one.decode() for one in many(8)]


def test_one_picture_in_two_places_is_asked_about_once(folder_store: FolderStore) -> None:
    asking = inquiry(folder_store, recognizer := Scripted())
    assert len(asking.ask(questions(b"a", b"b", b"a"))) == 3
    assert sorted(recognizer.asked) == [b"a", b"b"]
    assert asking.calls == 2


def test_no_more_are_under_way_than_may_be(folder_store: FolderStore) -> None:
    under_way, most = [0], [0]
    lock = threading.Lock()

    def work(_: bytes) -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1

    inquiry(folder_store, Scripted(work), at_once=3).ask(questions(*many(12)))
    assert most == [3]


def test_a_refusal_is_not_noticed_behind_a_slow_answer(folder_store: FolderStore) -> None:
    def work(picture: bytes) -> None:
        if picture == b"refused":
            raise RekognitionError("No.")
        time.sleep(1 if picture == b"slow" else 0.01)

    recognizer = Scripted(work)
    with pytest.raises(RekognitionError, match="No"):
        inquiry(folder_store, recognizer).ask(questions(b"slow", b"refused", *many(60)))
    assert len(recognizer.asked) < 30
    # All that was paid for is kept, the slow answer too: it is not asked for again.
    paid = set(recognizer.asked) - {b"refused"}
    assert b"slow" in paid
    later = inquiry(folder_store, again := Scripted())
    later.ask(questions(b"slow", b"refused", *many(60)))
    assert not paid & set(again.asked)
    assert later.calls == 62


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_begins_nothing_more_and_keeps_what_was_under_way(folder_store: FolderStore) -> None:
    recognizer = Scripted(lambda _: time.sleep(0.5))
    with pytest.raises(_Interrupted):
        inquiry(folder_store, recognizer).ask(questions(*many(20)))
    assert len(recognizer.asked) == 2
    later = inquiry(folder_store, again := Scripted())
    later.ask(questions(*many(20)))
    assert len(again.asked) == 18


def test_a_picture_full_of_ever_smaller_faces_costs_a_bounded_number_of_calls(folder_store: FolderStore) -> None:
    class Crowd(Scripted):
        most_faces = 64

        def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
            self.asked.append(picture)
            return [Face(Box(number, number, 5, 5)) for number in range(64)]

    wall = a_picture(1_440, 1_920)
    view = SliceView(Slice(key="Slices/x/1.jpeg", bands=[Span(0, 1_920)], columns=Span(0, 1_440)))
    asking = inquiry(folder_store, recognizer := Crowd())
    assert asking.ask([Question.of_bytes(view, wall)])
    # The picture, its halves and their halves.
    assert len(recognizer.asked) == 7
    assert asking.unasked == 4
