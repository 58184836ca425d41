"""The Rekognition on loopback itself, asked by a plain boto3."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from PIL import Image

from celeb_ops.geometry import Box
from celeb_ops.recognition import Face
from tests.aws.rekognition import (
    ACCESS_KEY,
    CUT,
    CUT_IN_THE_MIDDLE,
    MAX_BYTES,
    MAX_S3_BYTES,
    SECRET_KEY,
    THROTTLED_500,
    UNAVAILABLE,
    Rekognition,
    serving,
)
from tests.factories import a_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mypy_boto3_rekognition import RekognitionClient

PICTURE = a_picture()
OTHER = a_picture(seed=1)


class Sees:
    """A recogniser that sees the same faces on every picture, and minds being asked twice at once."""

    def __init__(self, *faces: Face, takes_s: float = 0.0) -> None:
        self.faces = list(faces)
        self.takes_s = takes_s
        self._busy = threading.Lock()

    def recognize(self, picture: bytes, areas: Sequence[Box] = ()) -> list[Face]:
        if not self._busy.acquire(blocking=False):
            raise RuntimeError("asked twice at once")
        try:
            time.sleep(self.takes_s)
            return self.faces
        finally:
            self._busy.release()


@pytest.fixture
def service() -> Iterator[Rekognition]:
    with serving(Sees()) as service:  # type: ignore[arg-type]
        yield service


def client(
    service: Rekognition,
    key: str = ACCESS_KEY,
    secret: str = SECRET_KEY,
    region: str = "us-east-1",
    token: str | None = None,
    attempts: int = 1,
    **config: Any,
) -> RekognitionClient:
    return boto3.client(
        "rekognition",
        endpoint_url=service.url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, **config),
    )


def asked(service: Rekognition, picture: bytes = PICTURE, **who: Any) -> Any:
    return client(service, **who).recognize_celebrities(Image={"Bytes": picture})


def refused(service: Rekognition, image: Any = None, **who: Any) -> tuple[str, str, int]:
    """Code, sentence and HTTP status of the error that an answer is."""
    with pytest.raises(ClientError) as raised:
        client(service, **who).recognize_celebrities(Image={"Bytes": PICTURE} if image is None else image)
    told = raised.value.response
    return told["Error"]["Code"], told["Error"]["Message"], told["ResponseMetadata"]["HTTPStatusCode"]


def sha256(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()


def eventually(check: Any, within_s: float = 5) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestAnswers:
    def test_have_the_real_one_s_shape(self, service: Rekognition) -> None:
        service.recognizer = Sees(  # type: ignore[assignment]
            Face(Box(10, 20, 40, 50), name="Grace Hopper", confidence=97.5), Face(Box(60, 20, 50, 50))
        )
        answer = asked(service)
        [hopper], [stranger] = answer["CelebrityFaces"], answer["UnrecognizedFaces"]
        assert (hopper["Name"], hopper["MatchConfidence"], hopper["KnownGender"]) == (
            "Grace Hopper",
            97.5,
            {"Type": "Unlisted"},
        )
        assert hopper["Id"].isalnum()
        assert [url.rpartition("/")[0] for url in hopper["Urls"]] == ["www.wikidata.org/wiki", "www.imdb.com/name"]
        assert hopper["Face"]["BoundingBox"] == {"Left": 0.1, "Top": 0.2, "Width": 0.4, "Height": 0.5}
        assert {point["Type"] for point in hopper["Face"]["Landmarks"]} == {
            "eyeLeft",
            "eyeRight",
            "mouthLeft",
            "mouthRight",
            "nose",
        }
        # Past the right edge, as the real one's may be.
        assert stranger["BoundingBox"]["Left"] + stranger["BoundingBox"]["Width"] == pytest.approx(1.1)
        assert stranger.keys() == hopper["Face"].keys()
        assert stranger.keys() >= {"Confidence", "Pose", "Quality", "Emotions", "Smile"}
        assert "OrientationCorrection" not in answer
        assert asked(service)["CelebrityFaces"] == [hopper]

    def test_hold_the_64_largest_faces(self, service: Rekognition) -> None:
        service.recognizer = Sees(*(Face(Box(0, 0, side, side)) for side in range(1, 71)))  # type: ignore[assignment]
        found = [round(face["BoundingBox"]["Width"] * 100) for face in asked(service)["UnrecognizedFaces"]]
        assert found == list(range(70, 6, -1))

    def test_are_about_the_picture_turned_by_its_exif(self, service: Rekognition) -> None:
        service.recognizer = Sees(Face(Box(0, 0, 100, 100)))  # type: ignore[assignment]
        turned = Image.new("RGB", (400, 100), "white")
        exif = turned.getexif()
        exif[0x0112] = 6
        out = io.BytesIO()
        turned.save(out, "JPEG", exif=exif)
        [face] = asked(service, out.getvalue())["UnrecognizedFaces"]
        assert (face["BoundingBox"]["Width"], face["BoundingBox"]["Height"]) == (1.0, 0.25)

    def test_come_one_after_another_on_one_connection(self, service: Rekognition) -> None:
        # With Nagle's algorithm each would wait 40 ms for the client's acknowledgement.
        boto = client(service)
        start = time.monotonic()
        for _ in range(50):
            boto.recognize_celebrities(Image={"Bytes": PICTURE})
        assert time.monotonic() - start < 1.5

    def test_of_a_recogniser_that_breaks_are_none(self, service: Rekognition) -> None:
        service.recognizer = None  # type: ignore[assignment]
        code, message, status = refused(service)
        assert (code, status) == ("InternalServerError", 500)
        assert "NoneType" in message
        assert (service.calls, service.answered, service.asked) == (1, 0, [])


class TestLimits:
    def test_bytes_of_5_mb(self, service: Rekognition) -> None:
        padded = PICTURE.ljust(MAX_BYTES, b"\0")
        asked(service, padded)
        # boto checks no maximum, here as little as before.
        code, _, status = refused(service, {"Bytes": padded + b"\0"})
        assert (code, status) == ("ImageTooLargeException", 400)

    def test_objects_of_15_mb(self, service: Rekognition) -> None:
        objects = {("bucket", "most"): PICTURE.ljust(MAX_S3_BYTES, b"\0")}
        objects["bucket", "more"] = objects["bucket", "most"] + b"\0"
        service.fetch = lambda bucket, name: objects[bucket, name]
        client(service).recognize_celebrities(Image={"S3Object": {"Bucket": "bucket", "Name": "most"}})
        assert service.asked == [sha256(objects["bucket", "most"])]
        code, _, _ = refused(service, {"S3Object": {"Bucket": "bucket", "Name": "more"}})
        assert code == "ImageTooLargeException"

    @pytest.mark.parametrize("fetch", [None, {}.__getitem__], ids=["no S3", "no such object"])
    def test_objects_that_can_be_read(self, service: Rekognition, fetch: Any) -> None:
        service.fetch = fetch
        assert refused(service, {"S3Object": {"Bucket": "bucket", "Name": "a", "Version": "1"}}) == (
            "InvalidS3ObjectException",
            "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
            400,
        )

    @pytest.mark.parametrize("size", [(79, 200), (200, 79)])
    def test_80_px(self, service: Rekognition, size: tuple[int, int]) -> None:
        asked(service, a_picture(80, 80))
        assert refused(service, {"Bytes": a_picture(*size)}) == (
            "InvalidParameterException",
            "Request has invalid parameters",
            400,
        )

    @pytest.mark.parametrize(
        "picture",
        [a_picture(format="WEBP"), a_picture(format="GIF"), b"<html>", PICTURE[: len(PICTURE) // 2]],
        ids=["WebP", "GIF", "no picture", "half a picture"],
    )
    def test_whole_jpegs_and_pngs(self, service: Rekognition, picture: bytes) -> None:
        asked(service, a_picture(format="PNG"))
        assert refused(service, {"Bytes": picture}) == (
            "InvalidImageFormatException",
            "Request has invalid image format",
            400,
        )

    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            ({}, "InvalidParameterException"),
            ({"Image": {}}, "InvalidParameterException"),
            ({"Image": {"Bytes": PICTURE, "S3Object": {"Bucket": "bucket", "Name": "a"}}}, "InvalidParameterException"),
            ({"Image": {"S3Object": {"Bucket": "bucket"}}}, "InvalidS3ObjectException"),
            ({"Image": {"Bytes": b""}}, "ValidationException"),
        ],
        ids=["nothing", "no picture", "two pictures", "half an object", "no bytes"],
    )
    def test_one_picture_a_request(self, service: Rekognition, request_: Any, code: str) -> None:
        boto = client(service, parameter_validation=False)
        with pytest.raises(ClientError, match=rf"\({code}\)"):
            boto.recognize_celebrities(**request_)
        assert (service.calls, service.answered) == (1, 0)

    def test_operations_it_has(self, service: Rekognition) -> None:
        with pytest.raises(ClientError, match="UnknownOperationException"):
            client(service).detect_faces(Image={"Bytes": PICTURE})


class TestSignatures:
    def test_of_known_accounts(self, service: Rekognition) -> None:
        service.accounts["AKIAOTHER"] = "other/secret+="
        asked(service)
        asked(service, key="AKIAOTHER", secret="other/secret+=")
        code, message, status = refused(service, key="AKIAOTHER", secret=SECRET_KEY)
        assert (code, status) == ("InvalidSignatureException", 400)
        assert message.startswith("The request signature we calculated does not match the signature you provided.")
        assert refused(service, key="AKIANOBODY") == (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            400,
        )

    def test_are_of_the_body_too(self, service: Rekognition) -> None:
        def change(request: Any, **_: Any) -> None:
            request.body = request.body.replace(b"Image", b"image")

        boto = client(service)
        boto.meta.events.register("before-send.rekognition", change)
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            boto.recognize_celebrities(Image={"Bytes": PICTURE})

    def test_of_keys_without_a_secret_do(self, service: Rekognition) -> None:
        service.access_keys = {"AKIAALONE"}
        asked(service, key="AKIAALONE", secret="whatever")
        assert service.access_keys == {"AKIAALONE"}
        assert refused(service)[0] == "UnrecognizedClientException"

    def test_are_missed(self, service: Rekognition) -> None:
        code, message, _ = refused(service, signature_version=UNSIGNED)
        assert (code, message) == ("MissingAuthenticationTokenException", "Missing Authentication Token")

    def test_are_whole(self, service: Rekognition) -> None:
        connection = http.client.HTTPConnection(service.url.removeprefix("http://"))
        headers = {"X-Amz-Target": "RekognitionService.RecognizeCelebrities", "Authorization": "AWS4-HMAC-SHA256 x"}
        connection.request("POST", "/", b"{}", headers)
        answer = connection.getresponse()
        assert (answer.status, b"IncompleteSignatureException" in answer.read()) == (400, True)
        connection.close()

    def test_with_a_session_token(self, service: Rekognition) -> None:
        service.accounts["ASIASESSION"] = "secret"
        asked(service, key="ASIASESSION", token="token")
        assert refused(service, key="ASIASESSION")[0] == "UnrecognizedClientException"
        service.expired_tokens.add("token")
        assert refused(service, key="ASIASESSION", token="token") == (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            400,
        )

    def test_of_another_region(self, service: Rekognition) -> None:
        asked(service, region="eu-west-1")
        service.region = "us-east-1"
        asked(service)
        assert refused(service, region="eu-west-1") == (
            "InvalidSignatureException",
            "Credential should be scoped to a valid region. ",
            400,
        )

    @pytest.mark.parametrize(
        ("ahead_s", "sentence"),
        [
            (301, r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)"),
            (-302, r"Signature not yet current: \d{8}T\d{6}Z is still later than \S+Z \(\d{8}T\d{6}Z \+ 5 min\.\)"),
        ],
    )
    def test_of_another_time(self, service: Rekognition, ahead_s: float, sentence: str) -> None:
        service.clock_skew_s = ahead_s / 1.02
        asked(service)
        service.clock_skew_s = ahead_s
        # boto neither corrects its clock by the answer's date nor tries again.
        with pytest.raises(ClientError, match=rf"\(InvalidSignatureException\).*: {sentence}$"):
            asked(service, attempts=3)
        assert service.calls == 2


class TestThrottling:
    @pytest.mark.parametrize(
        ("kind", "sentence"),
        [
            ("ProvisionedThroughputExceededException", "Provisioned Rate exceeded"),
            ("ThrottlingException", "Slow down; sudden increase in rate of requests"),
        ],
    )
    def test_is_told(self, service: Rekognition, kind: str, sentence: str) -> None:
        service.throttled_as = kind
        service.limit_per_s = 0.01
        asked(service)
        assert refused(service) == (kind, sentence, 400)
        assert (service.calls, service.answered, service.throttled) == (2, 1, 1)

    def test_lets_a_burst_through_and_then_so_many_a_second(self, service: Rekognition) -> None:
        service.limit_per_s = 10
        boto = client(service)
        start, through = time.monotonic(), 0
        while time.monotonic() < start + 1:
            try:
                boto.recognize_celebrities(Image={"Bytes": PICTURE})
            except ClientError:
                time.sleep(0.01)
            else:
                through += 1
        assert 18 <= through <= 21
        assert service.throttled == service.calls - through > 0

    def test_is_sat_through_by_boto(self, service: Rekognition) -> None:
        service.limit_per_s = 4
        boto = client(service, attempts=10)
        for _ in range(6):
            boto.recognize_celebrities(Image={"Bytes": PICTURE})
        assert service.answered == 6
        assert service.throttled == service.calls - 6 > 0

    def test_ends_with_the_limit(self, service: Rekognition) -> None:
        service.limit_per_s = 0.01
        asked(service)
        service.limit_per_s = None
        asked(service)


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "code", "status"),
        [
            ("ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException", 400),
            ("InternalServerError", "InternalServerError", 500),
            ("ThrottlingException", "ThrottlingException", 400),
            (THROTTLED_500, "ThrottlingException", 500),
            ("ExpiredTokenException", "ExpiredTokenException", 400),
            ("ServiceUnavailableException", "ServiceUnavailableException", 503),
            ("SomethingNewException", "SomethingNewException", 400),
        ],
    )
    def test_are_told_once_each(self, service: Rekognition, fault: str, code: str, status: int) -> None:
        service.faults = ["", fault]
        asked(service)
        assert refused(service)[::2] == (code, status)
        asked(service)
        assert (service.calls, service.answered, service.throttled) == (3, 2, 0)

    def test_access_denied_names_who_and_what(self, service: Rekognition) -> None:
        service.faults = ["AccessDeniedException"]
        assert refused(service) == (
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/press is not authorized to perform: "
            "rekognition:RecognizeCelebrities because no identity-based policy allows the "
            "rekognition:RecognizeCelebrities action",
            400,
        )

    def test_unavailable_is_html(self, service: Rekognition) -> None:
        service.faults = [UNAVAILABLE]
        # boto's own words for an error in HTML: the status and what HTTP calls it.
        assert refused(service) == ("503", "Service Unavailable", 503)
        service.faults = [UNAVAILABLE]
        asked(service, attempts=2)

    def test_a_cut_before_the_answer_is_asked_again_by_boto(self, service: Rekognition) -> None:
        service.faults = [CUT] * 2
        with pytest.raises(ConnectionClosedError):
            asked(service)
        asked(service, attempts=2)
        assert (service.calls, service.answered, service.asked, service.lost) == (3, 1, [sha256(PICTURE)], 0)

    def test_a_cut_in_the_middle_is_an_answer_without_faces_to_boto(self, service: Rekognition) -> None:
        # It doesn't hold an answer against its Content-Length, and takes what is no JSON for an empty answer.
        service.faults = [CUT_IN_THE_MIDDLE]
        assert asked(service, attempts=6).keys() == {"ResponseMetadata"}
        assert (service.calls, service.answered, service.asked, service.lost) == (1, 0, [], 1)
        assert asked(service).keys() == {"CelebrityFaces", "UnrecognizedFaces", "ResponseMetadata"}

    def test_at_random_are_the_same_ones_for_a_seed(self, service: Rekognition) -> None:
        def codes(seed: int) -> list[str]:
            service.fail_at_random(0.3, "InternalServerError", UNAVAILABLE, seed=seed)
            found = []
            for _ in range(60):
                try:
                    asked(service)
                except ClientError as error:
                    found.append(error.response["Error"]["Code"])
                else:
                    found.append("")
            return found

        first, other = codes(1), codes(2)
        assert set(first) == {"", "InternalServerError", "503"}
        assert 8 <= 60 - first.count("") <= 30
        assert codes(1) == first != other
        service.fail_at_random(0)
        asked(service)

    def test_slowness(self, service: Rekognition) -> None:
        def seconds() -> float:
            start = time.monotonic()
            asked(service)
            return time.monotonic() - start

        service.delays = [0.6]
        assert seconds() >= 0.6 > seconds()
        service.delay_s = 0.4
        assert seconds() >= 0.4
        assert seconds() >= 0.4

    def test_slow_calls_wait_side_by_side_and_the_recogniser_is_asked_by_one(self, service: Rekognition) -> None:
        service.recognizer = Sees(takes_s=0.01)  # type: ignore[assignment]
        service.delay_s = 0.5
        start = time.monotonic()
        boto = client(service, max_pool_connections=20)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda _: boto.recognize_celebrities(Image={"Bytes": PICTURE}), range(20)))
        assert time.monotonic() - start < 2
        assert (service.answered, service.in_flight_max, service.in_flight) == (20, 20, 0)


class TestHolding:
    def test_begins_with_the_nth_answer_and_ends_with_the_release(self, service: Rekognition) -> None:
        service.hold_after = 3
        boto = client(service)
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(boto.recognize_celebrities, Image={"Bytes": PICTURE}) for _ in range(8)]
            service.wait_until_held(5)
            eventually(lambda: sum(call.done() for call in calls) == 3)
            assert (service.answered, service.held, service.calls) == (3, 5, 8)
            service.release()
        assert (service.answered, service.held) == (8, 0)
        asked(service)

    def test_gives_a_lost_answer_s_place_to_another(self, service: Rekognition) -> None:
        service.hold_after = 1
        service.faults = [CUT_IN_THE_MIDDLE]
        asked(service)
        asked(service)
        assert (service.lost, service.answered, service.held) == (1, 1, 0)

    def test_a_client_killed_meanwhile_was_not_answered(self, service: Rekognition) -> None:
        service.hold_after = 0
        code = (
            "import boto3; from tests.factories import a_picture; "
            f"boto3.client('rekognition', endpoint_url={service.url!r}, region_name='us-east-1', "
            f"aws_access_key_id={ACCESS_KEY!r}, aws_secret_access_key={SECRET_KEY!r})"
            ".recognize_celebrities(Image={'Bytes': a_picture()})"
        )
        with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "plugins"}) as killed:
            service.wait_until_held()
            killed.kill()
        service.release()
        eventually(lambda: service.lost == 1)
        assert (service.calls, service.answered, service.asked) == (1, 0, [])
        asked(service)
        assert service.asked == [sha256(PICTURE)]

    def test_ends_with_the_service(self) -> None:
        with serving(Sees()) as service, ThreadPoolExecutor(1) as pool:  # type: ignore[arg-type]
            service.hold_after = 0
            call = pool.submit(asked, service)
            service.wait_until_held()
            with pytest.raises(TimeoutError, match="1 calls are held, not 2"):
                service.wait_until_held(2, within_s=0.1)
            service.close()
            call.result(timeout=5)


def test_pictures_answered_are_told_in_order(service: Rekognition) -> None:
    service.faults = ["InternalServerError"]
    refused(service)
    for picture in (PICTURE, OTHER, PICTURE):
        asked(service, picture)
    assert service.asked == [sha256(PICTURE), sha256(OTHER), sha256(PICTURE)]
    assert (service.calls, service.answered, service.in_flight_max) == (4, 3, 1)


def test_by_hand(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.aws.rekognition", "--gallery", str(tmp_path)]
    environ = os.environ | {"PYTHONPATH": "plugins"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout
        try:
            url, *_ = process.stdout.readline().split()
            service = Rekognition(Sees(), url=url)  # type: ignore[arg-type]
            assert asked(service, a_picture(200, 200))["UnrecognizedFaces"] == []
        finally:
            process.terminate()
