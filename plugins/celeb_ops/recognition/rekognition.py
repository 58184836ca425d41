"""AWS Rekognition: ``RecognizeCelebrities`` on one slice a call.

Limits (Rekognition developer guide): at most 5 MB of bytes, at least 80 px a side, JPEG or PNG, the 64 largest
faces, a face of at least 40 px on a 1920 px picture. Slices keep to them.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from PIL import Image

from celeb_ops.aws import would_repeat
from celeb_ops.exceptions import PermanentError, RecognitionError
from celeb_ops.geometry import Box
from celeb_ops.recognition import Face
from celeb_ops.records import RecognizerInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_rekognition.type_defs import BoundingBoxTypeDef

_RETRYABLE = {"ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"}
_HINTS = {
    "AccessDeniedException": "the connection celebs_rekognition needs the permission rekognition:RecognizeCelebrities",
    "UnrecognizedClientException": "the keys of the connection celebs_rekognition are not known to AWS",
    "InvalidSignatureException": "the secret key of celebs_rekognition, or this machine's clock, is wrong",
}


class RekognitionError(PermanentError):
    """Rekognition refused the call, and would again."""


class RekognitionRecognizer:
    """Names whom Amazon knows. Of each face only box, name, id and confidence are kept."""

    cost_usd = 0.001
    """Dollars a call: the first million images of a month in us-east-1 (AWS price list)."""

    def __init__(self, client: RekognitionClient) -> None:
        self._client = client
        self.info = RecognizerInfo(name="rekognition", version=client.meta.service_model.api_version)

    def recognize(self, picture: bytes, areas: Sequence[Box] = ()) -> list[Face]:
        """The faces on a JPEG or PNG of at most 5 MB; one call is one picture, so ``areas`` save nothing here.

        :raises RekognitionError: refused for good, or there are no credentials.
        :raises RecognitionError: throttled or down, after boto's retries.
        """
        try:
            answer = self._client.recognize_celebrities(Image={"Bytes": picture})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            message = error.response["Error"].get("Message", "")
            # Anything that broke on their side, or on the way, may be whole again at the next try.
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            broken = status >= 500 or status in {408, 429}
            kind = RecognitionError if broken or code in _RETRYABLE else RekognitionError
            hint = f" ({_HINTS[code]})" if code in _HINTS else ""
            raise kind(f"Rekognition answered {code}: {message}{hint}") from error
        except BotoCoreError as error:
            kind = RekognitionError if would_repeat(error) else RecognitionError
            said = str(error).rstrip(".")
            raise kind(f"Rekognition could not be asked: {said}. Check the connection celebs_rekognition.") from error
        with Image.open(io.BytesIO(picture)) as image:
            size = image.size
        named = [
            Face(
                _box(one["Face"]["BoundingBox"], size),
                name=one["Name"],
                id=one.get("Id") or None,
                confidence=round(float(one["MatchConfidence"]), 1),
            )
            for one in answer.get("CelebrityFaces", [])
        ]
        return named + [Face(_box(one["BoundingBox"], size)) for one in answer.get("UnrecognizedFaces", [])]

    def advice(self) -> str:
        return ""


def _box(ratios: BoundingBoxTypeDef, size: tuple[int, int]) -> Box:
    """Pixels of Rekognition's ratios, which may reach a little past the picture."""
    width, height = size
    box = Box(
        round(ratios["Left"] * width),
        round(ratios["Top"] * height),
        round(ratios["Width"] * width),
        round(ratios["Height"] * height),
    )
    return box.clipped(width, height)
