"""boto's errors: as one line without credentials, and whether a second try would fail too."""

import re

import urllib3.exceptions
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

FAULTS = (BotoCoreError, ClientError, urllib3.exceptions.HTTPError)
"""The errors that a client's call may raise; the last one if the connection breaks off while boto reads an error's
text."""

# The network, and helpers that fetch credentials over it. boto's other errors are about settings: no credentials, half
# of them, an unknown profile.
_PASSING = (
    *(boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.CapacityNotAvailableError),
    *(boto.ChecksumError, boto.FlexibleChecksumError, boto.CredentialRetrievalError, boto.MetadataRetrievalError),
)

_REFUSED = {401, 403, 405, 501}
"""HTTP status of answers about permissions; 501: another maker's S3 that does not know a method."""

# S3's and STS's errors with another status that stay until somebody changes something (API references).
# A list, because a body that broke on the way is a 400 too.
_REFUSALS = {
    *("AccessControlListNotSupported", "AuthorizationHeaderMalformed", "EntityTooLarge", "ExpiredToken"),
    *("IllegalLocationConstraintException", "InvalidArgument", "InvalidBucketName", "InvalidEncryptionAlgorithmError"),
    *("InvalidRequest", "InvalidStorageClass", "InvalidTag", "InvalidToken", "KMS.DisabledException"),
    *("KMS.NotFoundException", "KeyTooLongError", "MetadataTooLarge", "NoSuchBucket", "PermanentRedirect"),
}

# An access key is no secret, but does not belong in a log or a mail. Signatures and a proxy's password are secrets.
_CREDENTIALS = re.compile(
    r"(?i:(?<=x-amz-security-token:)\s*\S+)|(?<=Credential=)[^\s,/'\"]+|(?<=Signature=)[^\s,'\"]+|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|(?<=://)[^\s/@]+(?=@)"
)
_MESSAGE_CHARS = 500


def message_of(error: Exception) -> str:
    """The service's message, or boto's: one line without its full stop, cut where it is long, without credentials.

    They are taken out of the error itself too: a log prints it where it is another error's cause.
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
