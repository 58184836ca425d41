"""Answers of Rekognition that are errors: code, HTTP status and sentence, as AWS gives them.

From "Error handling" in Rekognition's developer guide, botocore's model of it, and answers that others posted.
"""

from __future__ import annotations

import json
import uuid

THROTTLED_500 = "ThrottlingException 500"
"""ThrottlingException comes in two kinds: 400 (asked too often), and this one (they have no room)."""
UNAVAILABLE = "ServiceUnavailable"
"""503 from what stands before the service: HTML, so that boto takes the status for its code."""

_KNOWN = {
    "AccessDeniedException": (
        400,
        "User: arn:aws:iam::123456789012:user/press is not authorized to perform: rekognition:RecognizeCelebrities "
        "because no identity-based policy allows the rekognition:RecognizeCelebrities action",
    ),
    "ExpiredTokenException": (400, "The security token included in the request is expired"),
    "ImageTooLargeException": (400, "Image size is too large"),
    "InternalServerError": (500, "Internal server error"),
    "InvalidImageFormatException": (400, "Request has invalid image format"),
    "InvalidParameterException": (400, "Request has invalid parameters"),
    "InvalidS3ObjectException": (
        400,
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    ),
    "InvalidSignatureException": (
        400,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.",
    ),
    "MissingAuthenticationTokenException": (400, "Missing Authentication Token"),
    "ProvisionedThroughputExceededException": (400, "Provisioned Rate exceeded"),
    "ServiceUnavailableException": (503, "Service is unavailable"),
    "ThrottlingException": (400, "Slow down; sudden increase in rate of requests"),
    THROTTLED_500: (500, "Service Unavailable"),
    "UnrecognizedClientException": (400, "The security token included in the request is invalid."),
}
_HTML = b"<html><body><b>Http/1.1 Service Unavailable</b></body> </html>"
_BEFORE_THE_SERVICE = {
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}
"""Given by AWS's front, whose errors have no Code and a lower-case message."""


class Refusal(Exception):
    """An answer that is an error; with no sentence given, AWS's own."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.status, sentence = _KNOWN.get(code, (400, f"{code} was asked for"))
        super().__init__(message or sentence)

    @property
    def answer(self) -> tuple[int, str, bytes]:
        """HTTP status, content type, body."""
        if self.code == UNAVAILABLE:
            return 503, "text/html", _HTML
        kind = self.code.removesuffix(" 500")
        if kind in _BEFORE_THE_SERVICE:
            told = {"__type": kind, "message": str(self)}
        else:
            told = {"__type": kind, "Code": kind, "Logref": str(uuid.uuid4()), "Message": str(self)}
        return self.status, "application/x-amz-json-1.1", json.dumps(told).encode()
