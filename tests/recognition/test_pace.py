from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from celeb_ops.exceptions import RecognitionError, StoreError
from celeb_ops.recognition.pace import Learned, Pace
from tests.factories import a_picture
from tests.recognition.test_rekognition import asking

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore
    from tests.aws.rekognition import Rekognition

KEY = "Answers/rekognition/pace.json"


def test_at_first_there_is_none(folder_store: FolderStore) -> None:
    pace = Pace(folder_store, KEY)
    start = time.monotonic()
    for _ in range(100):
        pace.told(pace.wait(), 0)
    assert pace.interval_s == 0
    assert time.monotonic() - start < 10
    assert not folder_store.exists(KEY)


def test_a_refusal_makes_calls_come_apart() -> None:
    pace = Pace()
    pace.told(pace.wait(), 1)
    assert pace.interval_s == pytest.approx(0.1, rel=0.05)
    pace.told(pace.wait(), 0)
    assert pace.interval_s == pytest.approx(0.1, rel=0.05)


def test_calls_refused_together_are_one_sign() -> None:
    pace = Pace()
    began = [pace.wait() for _ in range(4)]
    for one in began:
        pace.told(one, 1)
    assert pace.interval_s == pytest.approx(0.1, rel=0.05)
    pace.told(pace.wait(), 1)
    assert pace.interval_s == pytest.approx(0.2, rel=0.05)


def test_calls_wait_for_one_another(folder_store: FolderStore) -> None:
    Learned(seconds_between_calls=0.2, asked_at=datetime.now(UTC)).save(folder_store, KEY)
    pace = Pace(folder_store, KEY)
    start = time.monotonic()
    for _ in range(4):
        pace.wait()
    assert time.monotonic() - start >= 0.5


@pytest.mark.parametrize(("ago_s", "interval_s"), [(0, 0.5), (60, 0.25), (120, 0.125), (3_600, 0.0)])
def test_the_next_step_goes_on_at_the_pace_of_the_last_and_faster_with_time(
    folder_store: FolderStore, ago_s: int, interval_s: float
) -> None:
    learned = Learned(seconds_between_calls=0.5, asked_at=datetime.now(UTC) - timedelta(seconds=ago_s))
    learned.save(folder_store, KEY)
    assert Pace(folder_store, KEY).interval_s == pytest.approx(interval_s, rel=0.05)


def test_a_refusal_is_kept_for_the_next_step(folder_store: FolderStore) -> None:
    first = Pace(folder_store, KEY)
    first.told(first.wait(), 2)
    assert Pace(folder_store, KEY).interval_s == pytest.approx(first.interval_s, rel=0.05)


def test_a_call_that_is_refused_to_the_end_slows_the_next_step(
    rekognition: Rekognition, folder_store: FolderStore
) -> None:
    rekognition.faults = ["ThrottlingException"]
    with pytest.raises(RecognitionError, match="ThrottlingException"):
        asking(rekognition.url, attempts=1, pace=Pace(folder_store, KEY)).recognize(a_picture())
    assert Pace(folder_store, KEY).interval_s == pytest.approx(0.1, rel=0.05)


def test_a_damaged_file_is_none(folder_store: FolderStore) -> None:
    folder_store.write(KEY, b"{")
    assert Pace(folder_store, KEY).interval_s == 0


def test_a_store_that_takes_nothing_stops_nobody(
    folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(folder_store, "write", refuse)
    pace = Pace(folder_store, KEY)
    pace.told(pace.wait(), 1)
    assert pace.interval_s > 0
    assert "The pace could not be kept: The disk is full." in caplog.text


def test_under_a_quota_few_calls_are_refused(rekognition: Rekognition, folder_store: FolderStore) -> None:
    rekognition.limit_per_s = 10
    # Nine steps of a few calls, each with a client of its own.
    for step in range(9):
        recognizer = asking(rekognition.url, attempts=10, pace=Pace(folder_store, KEY))
        for seed in range(5):
            recognizer.recognize(a_picture(seed=10 * step + seed))
    assert rekognition.answered == 45
    assert rekognition.calls <= 1.3 * 45
