import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from celeb_ops.core.exceptions import PermanentError, ReasonCode, RecognitionError
from celeb_ops.core.store import FolderStore
from celeb_ops.recognition.aws.rekognition import RekognitionError, RekognitionRecognizer
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.page import recognize_page
from celeb_ops.slicing.cut import cut
from tests.aws.rekognition import ACCESS_KEY, CUT, CUT_IN_THE_MIDDLE, Rekognition
from tests.factories import a_page, a_picture, a_screenshot, saved


def asking(
    url: str,
    access_key: str = ACCESS_KEY,
    attempts: int = 6,
    locate: Callable[[str], dict[str, str]] | None = None,
    **config: Any,
) -> RekognitionRecognizer:
    client = boto3.client(
        "rekognition",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key="secret",
        config=Config(retries={"mode": "adaptive", "total_max_attempts": attempts}, **config),
    )
    return RekognitionRecognizer(client, locate)


@pytest.fixture
def page(pictures: Path) -> bytes:
    """Both people of the gallery, and a cat."""
    shown = {(20, 50): "hopper-small", (300, 60): "collins-small", (640, 60): "chelsea"}
    return a_page(1_000, 700, {place: pictures / f"{name}.jpeg" for place, name in shown.items()})


class TestAnswers:
    def test_are_the_same_faces_as_the_local_recogniser_s(
        self, rekognition: Rekognition, recognizer: LocalRecognizer, page: bytes
    ) -> None:
        faces = {face.name: face for face in asking(rekognition.url).recognize(page)}
        expected = {face.name: face for face in recognizer.recognize(page)}
        assert faces.keys() == expected.keys() == {"Grace Hopper", "Eileen Collins"}
        for name, face in faces.items():
            assert face.box == pytest.approx(expected[name].box, abs=2)
            assert face.confidence == expected[name].confidence
            assert (face.margin, face.basis) == (None, "face")
            assert face.id
        assert asking(rekognition.url).recognize(a_picture(100, 100)) == []

    def test_hold_the_unrecognised_too(self, rekognition: Rekognition, page: bytes, tmp_path: Path) -> None:
        rekognition.recognizer = stranger = LocalRecognizer(Gallery.load(tmp_path / "nowhere", tmp_path))
        faces = asking(rekognition.url).recognize(page)
        assert [(face.name, face.id, face.confidence) for face in faces] == [(None, None, 0.0)] * 2
        boxes = {face.box.left // 100: face.box for face in stranger.recognize(page)}
        assert all(face.box == pytest.approx(boxes[face.box.left // 100], abs=2) for face in faces)


def test_attributes_of_people_are_kept_nowhere(
    rekognition: Rekognition, pictures: Path, folder_store: FolderStore
) -> None:
    page = a_page(500, 500, {(0, 0): pictures / "hopper.jpeg"})
    screenshot = a_screenshot(page_width=500, captured_height=500)
    plan = cut(screenshot, saved(folder_store, screenshot, page), "stem", folder_store)
    result = recognize_page(plan, screenshot, asking(rekognition.url), "stem", folder_store)
    result.save(folder_store, "Results/stem.json")
    assert (result.celebrities, result.calls, result.cost_usd) == (["Grace Hopper"], 1, 0.001)

    attributes = [b"gender", b"unlisted", b"emotion", b"happy", b"calm", b"smile", b"pose", b"landmark", b"quality"]
    for key in folder_store.list(""):
        content = folder_store.read(key).lower()
        assert [word for word in attributes if word in content] == [], key


class TestRetries:
    @pytest.mark.parametrize(
        "faults",
        [["ThrottlingException"], ["InternalServerError"], ["ProvisionedThroughputExceededException"], [CUT, CUT]],
        ids=str,
    )
    def test_transient_errors_are_tried_again(self, rekognition: Rekognition, faults: list[str]) -> None:
        rekognition.faults = list(faults)
        assert asking(rekognition.url).recognize(a_picture()) == []
        assert rekognition.calls == len(faults) + 1

    def test_a_slow_answer_too(self, rekognition: Rekognition) -> None:
        rekognition.delays = [5]
        assert asking(rekognition.url, read_timeout=1).recognize(a_picture()) == []
        assert rekognition.calls == 2

    @pytest.mark.parametrize(
        ("faults", "message"),
        [
            (["ThrottlingException"] * 2, "ThrottlingException"),
            (["InternalServerError"] * 2, "InternalServerError"),
            (["ServiceUnavailableException"] * 2, "ServiceUnavailableException"),
            ([CUT_IN_THE_MIDDLE], r"could not be asked: \d+ read, but total bytes expected is \d+"),
            ([CUT] * 2, r"could not be asked: .*Check the connection celebs_rekogn"),
        ],
        ids=str,
    )
    def test_lasting_ones_fail_the_task_which_may_be_tried_again_later(
        self, rekognition: Rekognition, faults: list[str], message: str
    ) -> None:
        rekognition.faults = list(faults)
        with pytest.raises(RecognitionError, match=message) as raised:
            asking(rekognition.url, attempts=2).recognize(a_picture())
        assert not isinstance(raised.value, PermanentError)
        assert rekognition.calls == len(faults)


class TestRefusals:
    """They fail at once."""

    @pytest.mark.parametrize(
        ("fault", "sentence"),
        [
            ("AccessDeniedException", "needs the permission rekognition:RecognizeCelebrities"),
            ("InvalidSignatureException: Signature expired: 2026", "this machine's clock is wrong: set it, by NTP"),
            ("InvalidSignatureException: Signature not yet current: 2026", "this machine's clock is wrong: set it"),
            ("InvalidSignatureException", "the secret key of celebs_rekognition is wrong, or its region_name is"),
            ("ExpiredTokenException", "has run out: get new keys"),
            ("UnrecognizedClientException", "connection celebs_rekognition are not known"),
        ],
    )
    def test_say_what_to_do(self, rekognition: Rekognition, fault: str, sentence: str) -> None:
        rekognition.faults = [fault] * 9
        assert RekognitionError.reason_code == ReasonCode.RECOGNITION
        with pytest.raises(RekognitionError, match=rf"{fault}.*{sentence}"):
            asking(rekognition.url).recognize(a_picture())
        assert rekognition.calls == 1

    def test_of_other_content_and_without_credentials(self, rekognition: Rekognition) -> None:
        with pytest.raises(RekognitionError, match="InvalidImageFormatException"):
            asking(rekognition.url).recognize(b"<html>")
        client = boto3.client("rekognition", endpoint_url=rekognition.url, region_name="us-east-1")
        with pytest.raises(RekognitionError) as raised:
            RekognitionRecognizer(client).recognize(a_picture())
        assert str(raised.value) == (
            "Rekognition could not be asked: Unable to locate credentials. Check the connection celebs_rekognition."
        )
        assert rekognition.calls == 1


def test_pictures_in_s3_are_read_there(rekognition: Rekognition) -> None:
    picture = a_picture(100, 100)
    rekognition.fetch = lambda bucket, name: {("press", "x/Slices/1.jpeg"): picture}[bucket, name]
    recognizer = asking(rekognition.url, locate=lambda key: {"Bucket": "press", "Name": f"x/{key}"})
    assert recognizer.recognize(picture, key="Slices/1.jpeg") == []
    assert rekognition.asked == [hashlib.sha256(picture).hexdigest()]
    # A sheet is in no store.
    assert recognizer.recognize(a_picture(90, 90)) == []
    with pytest.raises(RekognitionError, match=r"InvalidS3Object.* or set CELEBS_SEND_AS=bytes"):
        recognizer.recognize(a_picture(), key="Slices/2.jpeg")
    assert rekognition.calls == 3


def test_slices_of_any_page_are_within_the_limits(rekognition: Rekognition, folder_store: FolderStore) -> None:
    # A page of noise, and narrower than Rekognition takes.
    screenshot = a_screenshot(page_width=60, captured_height=2_000)
    key = saved(folder_store, screenshot, a_picture(60, 2_000))
    for one in cut(screenshot, key, "stem", folder_store).slices:
        assert asking(rekognition.url).recognize(folder_store.read(one.key)) == []
    assert rekognition.calls == 2
