"""Rekognition on loopback: ``RecognizeCelebrities`` for an unmodified boto3, by ``endpoint_url``.

It speaks JSON 1.1 and keeps to the documented limits and shapes (Rekognition's API reference, botocore's model of
it); whom it knows comes from a local recogniser's gallery. It checks signatures, region and clock
(``tests.aws.signatures``), gives errors, waits and cuts on demand (``tests.aws.traffic``), and it tells more about
people than we want to keep, as the real one does. By hand:

    PYTHONPATH=plugins python -m tests.aws.rekognition --gallery FOLDER [--port N]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import socket
import sys
import tempfile
import threading
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps

from tests.aws.refusals import THROTTLED_500, UNAVAILABLE, Refusal
from tests.aws.signatures import ACCESS_KEY, SECRET_KEY, Accounts
from tests.aws.traffic import CUT, CUT_IN_THE_MIDDLE, Cut, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celeb_ops.recognition import Face, Recognizer

__all__ = [
    "ACCESS_KEY",
    "CUT",
    "CUT_IN_THE_MIDDLE",
    "SECRET_KEY",
    "THROTTLED_500",
    "UNAVAILABLE",
    "Rekognition",
    "serving",
]

MAX_BYTES = 5 * 1024 * 1024
MAX_S3_BYTES = 15 * 1024 * 1024
MIN_SIDE_PX = 80
MAX_FACES = 64

_TARGET = "RekognitionService.RecognizeCelebrities"


@dataclass
class Rekognition(Accounts, Traffic):
    """A service that knows the people of ``recognizer``'s gallery."""

    recognizer: Recognizer
    fetch: Callable[[str, str], bytes] | None = None
    """An S3 object's content by bucket and name (versions are not told apart); raising: there is none."""
    url: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        # dlib's detector keeps its state in itself: two threads at once spoil it.
        self._one_at_a_time = threading.Lock()

    def picture(self, body: bytes) -> tuple[bytes, tuple[int, int]]:
        """A request's picture, within the limits, and its width and height; Refusal where there is none."""
        try:
            request = json.loads(body)
        except ValueError:
            raise Refusal("SerializationException") from None
        image = request.get("Image") if isinstance(request, dict) else None
        if not isinstance(image, dict) or len({"Bytes", "S3Object"} & set(image)) != 1:
            raise Refusal("InvalidParameterException")
        if "S3Object" in image:
            picture, most = self._fetched(image["S3Object"]), MAX_S3_BYTES
        else:
            picture, most = _decoded(image["Bytes"]), MAX_BYTES
        # AWS itself says so of S3 objects only: bytes over the limit get a ValidationException from its front.
        if len(picture) > most:
            raise Refusal("ImageTooLargeException")
        return picture, _checked_size(picture)

    def look(self, picture: bytes, size: tuple[int, int]) -> dict[str, Any]:
        """The answer to a picture."""
        with self._one_at_a_time:
            found = self.recognizer.recognize(picture)
        faces = sorted(found, key=lambda face: face.box.area, reverse=True)[:MAX_FACES]
        return {
            "CelebrityFaces": [_celebrity(face, size) for face in faces if face.name],
            "UnrecognizedFaces": [_compared_face(face, size) for face in faces if not face.name],
        }

    def _fetched(self, place: Any) -> bytes:
        if not isinstance(place, dict) or not all(isinstance(place.get(key), str) for key in ("Bucket", "Name")):
            raise Refusal("InvalidS3ObjectException", "Request has invalid S3 object")
        if self.fetch is None:
            raise Refusal("InvalidS3ObjectException")
        try:
            return self.fetch(place["Bucket"], place["Name"])
        # Whatever keeps a test's objects has its own way to say that one is missing.
        except Exception as error:
            raise Refusal("InvalidS3ObjectException") from error


@contextmanager
def serving(recognizer: Recognizer, port: int = 0) -> Iterator[Rekognition]:
    """The service on a port of 127.0.0.1 (0: a free one), for as long as the context lasts."""
    service = Rekognition(recognizer)

    class Handler(_Handler):
        pass

    Handler.service = service
    server = _Server(("127.0.0.1", port), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True, name="rekognition")
    thread.start()
    try:
        yield service
    finally:
        service.close()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    # With five, as socketserver has it, a burst of clients waits a second for its connections.
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Told, but for a client that went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    service: Rekognition
    _end: Callable[[], None]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.service.under_way() as self._end:
            try:
                self._answer(body)
            except Refusal as refusal:
                self._send(*refusal.answer)
            except (Cut, ConnectionError):
                self.close_connection = True
            # A recogniser that breaks: the test that asked is to see why.
            except Exception as error:
                self._send(*Refusal("InternalServerError", f"{type(error).__name__}: {error}").answer)

    def _answer(self, body: bytes) -> None:
        service = self.service
        if self.headers.get("X-Amz-Target") != _TARGET:
            raise Refusal("UnknownOperationException", f"There is no {self.headers.get('X-Amz-Target')} here")
        service.check_signature(self.path, self.headers, body)
        fault = service.meet_fault()
        picture, size = service.picture(body)
        digest = hashlib.sha256(picture).hexdigest()
        with service.at_work():
            answer = json.dumps(service.look(picture, size)).encode()
            if fault == CUT_IN_THE_MIDDLE or self._nobody_there():
                service.count_loss()
                self._send(200, "application/x-amz-json-1.1", answer, len(answer) // 2)
                raise Cut
            service.count_answer(digest)
            try:
                self._send(200, "application/x-amz-json-1.1", answer)
            except ConnectionError:
                service.count_loss(digest)
                raise

    def _nobody_there(self) -> bool:
        """Whether the client has closed the connection: it sends nothing else while it waits."""
        self.connection.setblocking(False)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.connection.setblocking(True)

    def _send(self, status: int, kind: str, content: bytes, part: int | None = None) -> None:
        self._end()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(content[:part])

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header: by the service's clock."""
        return super().date_time_string(self.service.now().timestamp() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _decoded(told: Any) -> bytes:
    try:
        picture = base64.b64decode(told, validate=True)
    except (TypeError, ValueError):
        raise Refusal("SerializationException") from None
    if not picture:
        raise Refusal(
            "ValidationException",
            "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed "
            "to satisfy constraint: Member must have length greater than or equal to 1",
        )
    return picture


def _checked_size(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture as it is seen: turned by its EXIF, as AWS's boxes are."""
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
            size = ImageOps.exif_transpose(image).size
    # Pillow reports damage as nearly anything.
    except Exception:
        raise Refusal("InvalidImageFormatException") from None
    if min(size) < MIN_SIDE_PX:
        raise Refusal("InvalidParameterException")
    return size


def _celebrity(face: Face, size: tuple[int, int]) -> dict[str, Any]:
    digest = hashlib.sha256(str(face.name).encode()).hexdigest()
    number = int(digest, 16)
    return {
        "Urls": [f"www.wikidata.org/wiki/Q{number % 10**8}", f"www.imdb.com/name/nm{number % 10**7:07}"],
        "Name": face.name,
        "Id": digest[:7],
        "Face": _compared_face(face, size),
        "MatchConfidence": face.confidence,
        "KnownGender": {"Type": "Unlisted"},
    }


_LANDMARKS = {
    "eyeLeft": (0.3, 0.4),
    "eyeRight": (0.7, 0.4),
    "mouthLeft": (0.35, 0.75),
    "mouthRight": (0.65, 0.75),
    "nose": (0.5, 0.58),
}
"""Where they are in a face's box: about."""


def _compared_face(face: Face, size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    left, top, across, down = (
        face.box.left / width,
        face.box.top / height,
        face.box.width / width,
        face.box.height / height,
    )
    return {
        "BoundingBox": {"Width": across, "Height": down, "Left": left, "Top": top},
        "Confidence": 99.9,
        "Landmarks": [
            {"Type": kind, "X": left + x * across, "Y": top + y * down} for kind, (x, y) in _LANDMARKS.items()
        ],
        "Pose": {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0},
        "Quality": {"Brightness": 80.0, "Sharpness": 80.0},
        "Emotions": [{"Type": "HAPPY", "Confidence": 99.0}, {"Type": "CALM", "Confidence": 1.0}],
        "Smile": {"Value": True, "Confidence": 99.0},
    }


def main() -> None:
    """Serve a gallery's people until Ctrl-C."""
    from celeb_ops.recognition.gallery import Gallery
    from celeb_ops.recognition.local import LocalRecognizer

    parser = argparse.ArgumentParser(description="Rekognition on loopback, for runs by hand.")
    parser.add_argument("--gallery", type=Path, required=True, help="photos as <Name>/*.jpg")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        recognizer = LocalRecognizer(Gallery.load(given.gallery, Path(cache)))
        with serving(recognizer, given.port) as service:
            print(f"{service.url}  access key {ACCESS_KEY}, secret {SECRET_KEY}", flush=True)
            with suppress(KeyboardInterrupt):
                threading.Event().wait()


if __name__ == "__main__":
    main()
