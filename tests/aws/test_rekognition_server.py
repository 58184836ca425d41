"""The Rekognition on loopback itself, asked by a plain boto3: its answers and its limits."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from celeb_ops.geometry import Box
from celeb_ops.recognition import Face
from tests.aws.asking import PICTURE, Sees, asked, client, refused, sha256
from tests.aws.rekognition import (
    MAX_BYTES,
    MAX_S3_BYTES,
    Rekognition,
)
from tests.factories import a_picture

if TYPE_CHECKING:
    from pathlib import Path


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
