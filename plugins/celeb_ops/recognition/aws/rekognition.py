"""AWS Rekognition: ``RecognizeCelebrities`` on one picture per call.

Limits (Rekognition developer guide): at most 5 MB of bytes (15 MB in S3), at least 80 px a side, JPEG or PNG, the 64
largest faces, a face of at least 40 px on a 1920 px picture.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError
from PIL import Image

from celeb_ops.core.aws_errors import is_permanent, message_of
from celeb_ops.core.exceptions import PermanentError, ReasonCode, RecognitionError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import RecognizerInfo
from celeb_ops.recognition.recognizer import Face

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_rekognition.type_defs import BoundingBoxTypeDef

_RETRYABLE = {"ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"}
_QUOTA = "the account makes more calls a second than its quota; ask AWS for a higher one"
_CLOCK = "Signature expired", "Signature not yet current"
_HINTS = {
    "AccessDeniedException": "the connection celebs_rekognition needs the permission rekognition:RecognizeCelebrities",
    "UnrecognizedClientException": "the keys of the connection celebs_rekognition are not known to AWS",
    "InvalidSignatureException": "the secret key of celebs_rekognition is wrong, or its region_name is",
    "ExpiredTokenException": "the session token of celebs_rekognition has run out: get new keys",
    "InvalidS3ObjectException": "Rekognition can't read the slice in S3: bucket and Rekognition must be of one account "
    "and region, or set CELEBS_SEND_AS=bytes",
    "ThrottlingException": _QUOTA,
    "ProvisionedThroughputExceededException": _QUOTA,
}


class RekognitionError(PermanentError, code=ReasonCode.RECOGNITION):
    """Rekognition refused the call, and would again."""


class RekognitionRecognizer:
    """Names the people that Amazon knows. Of each face only box, name, id, urls and confidence are used."""

    cost_usd = 0.001
    """Dollars a call: the first million images of a month in us-east-1 (AWS price list)."""

    def __init__(self, client: RekognitionClient, locate: Callable[[str], dict[str, str]] | None = None) -> None:
        """:param locate: gives bucket and name of a key, if Rekognition is to read pictures in S3."""
        client.meta.events.register("before-parse.rekognition", _check_whole)
        self._client = client
        self._locate = locate
        self.info = RecognizerInfo(name="rekognition", version=client.meta.service_model.api_version)

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        """The faces on a JPEG or PNG, anywhere on it. Safe for threads.

        :raises RekognitionError: refused for good, or there are no credentials.
        :raises RecognitionError: throttled or down, after boto's retries.
        """
        image: dict[str, Any] = {"S3Object": self._locate(key)} if self._locate and key else {"Bytes": picture}
        try:
            answer = self._client.recognize_celebrities(Image=image)  # type: ignore[arg-type]
        except ClientError as error:
            raise _refusal(error) from error
        except BotoCoreError as error:
            kind = RekognitionError if is_permanent(error) else RecognitionError
            raise kind(
                f"Rekognition could not be asked: {message_of(error)}. Check the connection celebs_rekognition."
            ) from error
        with Image.open(io.BytesIO(picture)) as opened:
            size = opened.size
        named = [
            Face(
                _box(one["Face"]["BoundingBox"], size),
                name=one["Name"],
                id=one.get("Id") or None,
                urls=tuple(one.get("Urls", ())),
                confidence=round(float(one["MatchConfidence"]), 1),
            )
            for one in answer.get("CelebrityFaces", [])
        ]
        return named + [Face(_box(one["BoundingBox"], size)) for one in answer.get("UnrecognizedFaces", [])]


def _check_whole(response_dict: dict[str, Any], **_: object) -> None:
    """IncompleteReadError: the connection ended in the middle of the body. Boto takes that for "no faces"."""
    expected = int(response_dict["headers"].get("content-length", 0))
    if len(response_dict["body"]) < expected:
        raise IncompleteReadError(actual_bytes=len(response_dict["body"]), expected_bytes=expected)


def _refusal(error: ClientError) -> PermanentError | RecognitionError:
    code = error.response["Error"]["Code"]
    message = message_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    transient = status >= 500 or status in {408, 429} or code in _RETRYABLE
    hint = _HINTS.get(code, "")
    if any(sign in message for sign in _CLOCK):
        hint = "this machine's clock is wrong: set it, by NTP"
    sentence = f"Rekognition answered {code}: {message}{f' ({hint})' if hint else ''}."
    return (RecognitionError if transient else RekognitionError)(sentence)


def _box(ratios: BoundingBoxTypeDef, size: tuple[int, int]) -> Box:
    """Rekognition's ratios in pixels; they may reach a little past the picture."""
    width, height = size
    sides = ratios["Left"] * width, ratios["Top"] * height, ratios["Width"] * width, ratios["Height"] * height
    return Box(*map(round, sides)).clipped(width, height)
