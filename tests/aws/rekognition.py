"""Rekognition on loopback: ``RecognizeCelebrities`` for an unmodified boto3, by ``endpoint_url``.

It keeps to the documented limits and shapes, takes whom it knows from a local recogniser's gallery, and returns more
about people than we want to keep, as the real one does. Faults come on demand.
"""

import base64
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import werkzeug
from PIL import Image

from celeb_ops.recognition.recognizer import Face, Recognizer
from tests.wsgi import half, hang_up, served

ACCESS_KEY, SECRET_KEY = "AKIDREKOGNITION", "secret"
CUT = "cut"
"""The connection ends before anything was done."""
CUT_IN_THE_MIDDLE = "cut in the middle"
"""Half of the answer comes, which boto takes for an answer without any faces."""
MAX_BYTES = 5 * 1024 * 1024
MIN_SIDE_PX = 80
MAX_FACES = 64

_STATUS = {"InternalServerError": 500, "ServiceUnavailableException": 503}


class Refusal(Exception):
    """An answer that is an error, ``Code: sentence``."""


class Cut(Exception):
    """There is no answer: the connection ends."""


@dataclass
class Rekognition:
    """A service that knows the people of ``recognizer``'s gallery."""

    recognizer: Recognizer
    url: str = ""
    access_keys: set[str] | None = None
    """Those it knows; None: any."""
    fetch: Callable[[str, str], bytes] | None = None
    """An S3 object's content by bucket and name; raising: there is none."""
    faults: list[str] = field(default_factory=list)
    """For the next calls, one each: error codes (``Code: sentence`` where the sentence matters), ``CUT``,
    ``CUT_IN_THE_MIDDLE``; an empty one leaves its call alone."""
    delays: list[float] = field(default_factory=list)
    """Seconds that the next calls wait for, one each."""
    hold_after: int | None = None
    """With so many answers given in all, further calls wait for ``release()``, and are cut then."""
    calls: int = 0
    """How often it was asked, refusals included."""
    asked: list[str] = field(default_factory=list)
    """SHA-256 of the pictures answered, in the order of the answers."""

    def __post_init__(self) -> None:
        # One call at a time: dlib keeps state in itself.
        self._turn = threading.Lock()
        self._released = threading.Event()

    def release(self) -> None:
        """Cut the held calls, and hold no others."""
        self.hold_after = None
        self._released.set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = werkzeug.Request(environ)
        access_key = request.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        status, is_half = 200, False
        try:
            answer, is_half = self.answer(access_key, request.get_json(force=True)["Image"])
        except Cut:
            hang_up(environ)
            answer = {}
        except Refusal as refusal:
            code, _, sentence = str(refusal).partition(": ")
            status = _STATUS.get(code, 400)
            answer = {"__type": code, "message": sentence or f"{code} was asked for"}
        body = json.dumps(answer).encode()
        sent = werkzeug.Response(body, status, content_type="application/x-amz-json-1.1")(environ, start_response)
        return half(body, environ) if is_half else sent

    def answer(self, access_key: str, image: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The answer, and whether only half of it is sent. Refusal, Cut."""
        with self._turn:
            self.calls += 1
            fault = self.faults.pop(0) if self.faults else ""
            delay = self.delays.pop(0) if self.delays else 0
        self._released.wait(delay)
        if fault == CUT:
            raise Cut
        if fault and fault != CUT_IN_THE_MIDDLE:
            raise Refusal(fault)
        if self.access_keys is not None and access_key not in self.access_keys:
            raise Refusal("UnrecognizedClientException: The security token included in the request is invalid.")
        picture, size = self._picture(image)
        with self._turn:
            held = self.hold_after is not None and len(self.asked) >= self.hold_after
            if not held:
                faces = sorted(self.recognizer.recognize(picture), key=lambda face: face.box.area, reverse=True)
                if fault != CUT_IN_THE_MIDDLE:
                    self.asked.append(hashlib.sha256(picture).hexdigest())
        if held:
            self._released.wait()
            raise Cut
        answer = {
            "CelebrityFaces": [_celebrity(face, size) for face in faces[:MAX_FACES] if face.name],
            "UnrecognizedFaces": [_compared(face, size) for face in faces[:MAX_FACES] if not face.name],
        }
        return answer, fault == CUT_IN_THE_MIDDLE

    def _picture(self, image: dict[str, Any]) -> tuple[bytes, tuple[int, int]]:
        """A request's picture, within the limits, and its size."""
        if "Bytes" in image:
            picture = base64.b64decode(image["Bytes"])
        else:
            try:
                picture = self.fetch(image["S3Object"]["Bucket"], image["S3Object"]["Name"])  # type: ignore[misc]
            except Exception as error:
                raise Refusal("InvalidS3ObjectException: Unable to get object metadata from S3.") from error
        if len(picture) > MAX_BYTES:
            raise Refusal("ImageTooLargeException")
        try:
            with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as opened:
                size = opened.size
        except Exception as error:
            raise Refusal("InvalidImageFormatException") from error
        if min(size) < MIN_SIDE_PX:
            raise Refusal("InvalidParameterException")
        return picture, size


@contextmanager
def serving(recognizer: Recognizer) -> Iterator[Rekognition]:
    """The service on a free port of 127.0.0.1, for as long as the context lasts."""
    service = Rekognition(recognizer)
    with served(service) as service.url:
        try:
            yield service
        finally:
            service.release()


def qid_of(name: str) -> str:
    """The Wikidata item in the service's address of somebody."""
    return f"Q{int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**8}"


def _celebrity(face: Face, size: tuple[int, int]) -> dict[str, Any]:
    digest = hashlib.sha256(str(face.name).encode()).hexdigest()
    return {
        "Urls": [
            f"www.wikidata.org/wiki/{qid_of(str(face.name))}",
            f"www.imdb.com/name/nm{int(digest, 16) % 10**7:07}",
        ],
        "Name": face.name,
        "Id": digest[:7],
        "Face": _compared(face, size),
        "MatchConfidence": face.confidence,
        "KnownGender": {"Type": "Unlisted"},
    }


def _compared(face: Face, size: tuple[int, int]) -> dict[str, Any]:
    (width, height), box = size, face.box
    return {
        "BoundingBox": {
            "Width": box.width / width,
            "Height": box.height / height,
            "Left": box.left / width,
            "Top": box.top / height,
        },
        "Confidence": 99.9,
        "Landmarks": [{"Type": "nose", "X": box.centre[0] / width, "Y": box.centre[1] / height}],
        "Pose": {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0},
        "Quality": {"Brightness": 80.0, "Sharpness": 80.0},
        "Emotions": [{"Type": "HAPPY", "Confidence": 99.0}, {"Type": "CALM", "Confidence": 1.0}],
        "Smile": {"Value": True, "Confidence": 99.0},
    }
