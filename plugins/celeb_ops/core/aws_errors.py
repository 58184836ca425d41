"""What boto raises: as one line without credentials, and whether a second try would meet the same."""

from __future__ import annotations

import re

import urllib3.exceptions
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

FAULTS = (BotoCoreError, ClientError, urllib3.exceptions.HTTPError)
"""What a call of a client may raise. The last one: the connection breaks off while boto reads an error's text."""

# The network, and helpers that fetch credentials over it. What else boto raises by itself is about settings: no
# credentials, half of them, an unknown profile.
_PASSING = (
    *(boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.CapacityNotAvailableError),
    *(boto.ChecksumError, boto.FlexibleChecksumError, boto.CredentialRetrievalError, boto.MetadataRetrievalError),
)

_REFUSED = {401, 403, 405, 501}
"""HTTP status of answers that are about who asks for what; 501 is an S3 of others that lacks a verb."""

# Those of S3's and STS's errors with another status (API references) that stay until somebody mends something.
# A list, because 400 is also a body that broke on the way or came too slowly.
_REFUSALS = {
    *("AccessControlListNotSupported", "AuthorizationHeaderMalformed", "EntityTooLarge", "ExpiredToken"),
    *("IllegalLocationConstraintException", "InvalidArgument", "InvalidBucketName", "InvalidEncryptionAlgorithmError"),
    *("InvalidRequest", "InvalidStorageClass", "InvalidTag", "InvalidToken", "KMS.DisabledException"),
    *("KMS.NotFoundException", "KeyTooLongError", "MetadataTooLarge", "NoSuchBucket", "PermanentRedirect"),
}

# An access key is no secret, but nothing that a log or a mail should carry on; a signature and a proxy's password are.
_CREDENTIALS = re.compile(
    r"(?i:(?<=x-amz-security-token:)\s*\S+)|(?<=Credential=)[^\s,/'\"]+|(?<=Signature=)[^\s,'\"]+|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|(?<=://)[^\s/@]+(?=@)"
)
_MESSAGE_CHARS = 500


def message_of(error: Exception) -> str:
    """The service's message, or boto's: one line without its full stop, cut where it is long, without credentials.

    They are taken out of the error itself too: where it is another one's cause, a log prints it.
    """
    error.args = tuple(_CREDENTIALS.sub("…", one) if isinstance(one, str) else one for one in error.args)
    text = str(error)
    if isinstance(error, ClientError):
        text = str(error.response["Error"].get("Message") or "without a message")
    text = " ".join(_CREDENTIALS.sub("…", text).split())
    return f"{text[:_MESSAGE_CHARS]}…" if len(text) > _MESSAGE_CHARS else text.rstrip(".")


def is_permanent(error: Exception) -> bool:
    """Whether a second try would fail too; not so of throttling, 5xx and trouble with the connection."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return status in _REFUSED or error.response["Error"]["Code"] in _REFUSALS
    return isinstance(error, BotoCoreError) and not isinstance(error, _PASSING)
