"""S3's errors as sentences: what happened, to which file, and what to do.

Codes are those of S3's API reference; a code that is a number is boto's for an answer without a body.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from celeb_ops.core.aws_errors import said_by, would_repeat
from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, StoreError, StoreRefusedError

_ABSENT = {"NoSuchKey", "404", "NotFound"}
_FORBIDDEN = {"AccessDenied", "Forbidden", "403"}
_TAKEN = {"PreconditionFailed", "412"}
_CONFLICT = {*_TAKEN, "ConditionalRequestConflict", "409"}

_PERMISSIONS = {
    "read": "s3:GetObject",
    "written": "s3:PutObject",
    "listed": "s3:ListBucket",
    "deleted": "s3:DeleteObject",
}

_SIGNER = "Whoever the connection celebs_s3 signs for"

_WRONG_REGION = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}

_HINTS = {
    "InvalidAccessKeyId": "Give the connection celebs_s3 an access key that is active, and one of this S3.",
    "SignatureDoesNotMatch": "The secret key is not the one of the access key: check both in the connection celebs_s3 "
    "(in one that is written as a URI, / and + of a secret key are written %2F and %2B).",
    "ExpiredToken": "The session that the connection celebs_s3 signs for has ended: begin a new one.",
    "InvalidToken": "Check the session token of the connection celebs_s3.",
    "AccessControlListNotSupported": "The bucket takes no ACL: leave it out of CELEBS_S3_EXTRA_ARGS.",
    "InvalidStorageClass": "Check the StorageClass of CELEBS_S3_EXTRA_ARGS.",
    "InvalidEncryptionAlgorithmError": "Check the ServerSideEncryption of CELEBS_S3_EXTRA_ARGS.",
    "KMS.NotFoundException": "Check the SSEKMSKeyId of CELEBS_S3_EXTRA_ARGS: it must be in the bucket's region.",
}


class S3Place(Protocol):
    """What an error's sentence says of its store."""

    bucket: str

    def url(self, key: str = "") -> str: ...

    def arn(self, *, bucket_only: bool = False) -> str: ...


def store_error(error: Exception, store: S3Place, key: str, verb: str) -> StoreError:
    """The error as one of ours. ``verb``: what could not be done, a key of ``_PERMISSIONS``."""
    kind = StoreRefusedError if would_repeat(error) else StoreError
    failed = f"{store.url(key)} could not be {verb}"
    if not isinstance(error, ClientError):
        return kind(f"{failed}: {said_by(error)}. Check the connection celebs_s3.")
    code = error.response["Error"]["Code"]
    if code in _ABSENT:
        return NotStoredError(f"{store.url(key)} is not there.")
    if code == "NoSuchBucket":
        return StoreRefusedError(f"There is no bucket {store.bucket!r}: create it, or set CELEBS_STORE to another one.")
    failed = f"{failed}: {code}: {said_by(error)}."
    if code in _FORBIDDEN:
        return NotPermittedError(f"{failed} {_what_lacks(store, verb, failed)}")
    return kind(f"{failed} {_hint(code, error.response)}".rstrip())


def _what_lacks(store: S3Place, verb: str, failed: str) -> str:
    lacking = f"{_PERMISSIONS[verb]} on {store.arn(bucket_only=verb == 'listed')}"
    # AWS names the action where the account is its own: that of an encryption key, for one.
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", failed)
    if named and named[1] != _PERMISSIONS[verb]:
        lacking = named[1]
    demanded = " A policy may also demand an encryption or an ACL: see CELEBS_S3_EXTRA_ARGS."
    return f"{_SIGNER} needs the permission {lacking}.{demanded if verb == 'written' else ''}"


def unreadable(store: S3Place, key: str) -> NotPermittedError:
    """For a file that could not be made because it is there, and is not there for who reads."""
    return NotPermittedError(
        f"{store.url(key)} is there but may not be read, so it can't be changed. {_SIGNER} needs the permission "
        f"s3:GetObject on {store.arn()}."
    )


def _hint(code: str, response: Any) -> str:
    """What to do about it; empty where there is nothing but to try again."""
    if code == "RequestTimeTooSkewed":
        here = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        theirs = response["Error"].get("ServerTime", "another time")
        return f"This machine's clock says {here}, S3's {theirs}: set the clock (a container has its host's)."
    if code in _WRONG_REGION:
        headers = response["ResponseMetadata"].get("HTTPHeaders", {})
        region = response["Error"].get("Region") or headers.get("x-amz-bucket-region") or "see the bucket's properties"
        return (
            f"Set region_name in the extra of the connection celebs_s3 to the bucket's region, {region}; an "
            "endpoint_url there must be that region's too."
        )
    return _HINTS.get(code, "")


def code_of(error: StoreError) -> str:
    """What S3 called the error; empty where it said nothing."""
    cause = error.__cause__
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""


def is_conflict(error: StoreError) -> bool:
    """Whether a write on condition found that another writer was faster.

    S3 says 412, or 409 where both were at it; a file that vanished answers ``If-Match`` with 404.
    """
    return isinstance(error, NotStoredError) or code_of(error) in _CONFLICT


def is_taken(error: StoreError) -> bool:
    """Whether a file could not be made, or changed, because of another one in its place."""
    return code_of(error) in _TAKEN


def may_have_written(error: StoreError) -> bool:
    """Whether a write that ended so may have been done: the word of it was lost, or boto tried again after such a loss.

    Then the condition of the second try is not met any more, because of the first.
    """
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return True
    about = cause.response["ResponseMetadata"]
    return about.get("RetryAttempts", 0) > 0 or about.get("HTTPStatusCode", 500) >= 500
