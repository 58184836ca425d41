"""Rekognition on loopback: ``RecognizeCelebrities`` for an unmodified boto3, by ``endpoint_url``.

It speaks JSON 1.1 and keeps to the documented limits and shapes (Rekognition's API reference, botocore's model of
it); whom it knows comes from a local recogniser's gallery. It gives errors on demand, and it tells more about people
than we want to keep, as the real one does.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    from celeb_ops.recognition import Face, Recognizer

ACCESS_KEY = "AKIDREKOGNITION"

MAX_BYTES = 5 * 1024 * 1024
MIN_SIDE_PX = 80
MAX_FACES = 64

_TARGET = "RekognitionService.RecognizeCelebrities"
_STATUS = {"InternalServerError": 500, "ThrottlingException": 500, "ServiceUnavailableException": 503}
"""HTTP status of an error: 400 where it is not told."""


class Refusal(Exception):
    """An answer that is an error: its code and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Rekognition:
    """A service that knows the people of ``recognizer``'s gallery."""

    recognizer: Recognizer
    access_keys: set[str] = field(default_factory=lambda: {ACCESS_KEY})
    faults: list[str] = field(default_factory=list)
    """Error codes for the next calls, one a call, first come first served."""
    calls: int = 0
    """How often it was asked, refusals included."""
    url: str = ""

    def answer(self, headers: Message, body: bytes) -> dict[str, Any]:
        """The answer to one request; Refusal where it is an error."""
        self.calls += 1
        if headers.get("X-Amz-Target") != _TARGET:
            raise Refusal("UnknownOperationException", f"There is no {headers.get('X-Amz-Target')} here")
        self._check_credentials(headers.get("Authorization", ""))
        if self.faults:
            code = self.faults.pop(0)
            raise Refusal(code, f"{code} was asked for")
        picture = base64.b64decode(json.loads(body)["Image"]["Bytes"])
        size = _checked(picture)
        faces = sorted(self.recognizer.recognize(picture), key=lambda face: face.box.area, reverse=True)[:MAX_FACES]
        return {
            "CelebrityFaces": [_celebrity(face, size) for face in faces if face.name],
            "UnrecognizedFaces": [_compared_face(face, size) for face in faces if not face.name],
        }

    def _check_credentials(self, authorization: str) -> None:
        signed = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/[^/]+/rekognition/aws4_request,", authorization)
        if not signed:
            raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
        if signed[1] not in self.access_keys:
            raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")


@contextmanager
def serving(recognizer: Recognizer) -> Iterator[Rekognition]:
    """The service on a free port of 127.0.0.1, for as long as the context lasts."""
    service = Rekognition(recognizer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                self._send(200, service.answer(self.headers, body))
            except Refusal as refusal:
                answer = {"__type": refusal.code, "Code": refusal.code, "Message": str(refusal)}
                self._send(_STATUS.get(refusal.code, 400), answer)

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True, name="rekognition")
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def _checked(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture within the limits."""
    if len(picture) > MAX_BYTES:
        raise Refusal("ImageTooLargeException", f"Image size is too large: {len(picture)} bytes")
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
            size = image.size
    except UnidentifiedImageError:
        raise Refusal("InvalidImageFormatException", "Request has invalid image format") from None
    if min(size) < MIN_SIDE_PX:
        raise Refusal("InvalidParameterException", "Request has invalid parameters")
    return size


def _celebrity(face: Face, size: tuple[int, int]) -> dict[str, Any]:
    return {
        "Urls": ["www.wikidata.org/wiki/Q0"],
        "Name": face.name,
        "Id": hashlib.sha256(str(face.name).encode()).hexdigest()[:7],
        "Face": _compared_face(face, size),
        "MatchConfidence": face.confidence,
        "KnownGender": {"Type": "Unlisted"},
    }


def _compared_face(face: Face, size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    across, down = face.box.centre
    return {
        "BoundingBox": {
            "Width": face.box.width / width,
            "Height": face.box.height / height,
            "Left": face.box.left / width,
            "Top": face.box.top / height,
        },
        "Confidence": 99.9,
        "Landmarks": [{"Type": "nose", "X": across / width, "Y": down / height}],
        "Pose": {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0},
        "Quality": {"Brightness": 80.0, "Sharpness": 80.0},
        "Emotions": [{"Type": "HAPPY", "Confidence": 99.0}, {"Type": "CALM", "Confidence": 1.0}],
        "Smile": {"Value": True, "Confidence": 99.0},
    }
