"""A plain boto3 that asks the Rekognition on loopback, and a recogniser behind that."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.rekognition import (
    ACCESS_KEY,
    SECRET_KEY,
    Rekognition,
)
from tests.factories import a_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_rekognition import RekognitionClient

    from celeb_ops.geometry import Box
    from celeb_ops.recognition import Face

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
