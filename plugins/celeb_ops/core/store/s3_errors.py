"""S3's errors as sentences: what happened, to which file, and what to do.

Codes are those of S3's API reference; a code that is a number is boto's for an answer without a body.
"""

import re
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from celeb_ops.core.aws_errors import is_permanent, message_of
from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, StoreError, StoreRefusedError

_ABSENT = {"NoSuchKey", "404", "NotFound"}
_FORBIDDEN = {"AccessDenied", "Forbidden", "403"}
_TAKEN = {"PreconditionFailed", "412"}
_CONFLICT = {*_TAKEN, "ConditionalRequestConflict", "409"}

_PERMISSIONS = {"read": "GetObject", "written": "PutObject", "listed": "ListBucket", "deleted": "DeleteObject"}

_SET_REGION = (
    "Set region_name in the extra of the connection celebs_s3 to the bucket's region, {region}; an endpoint_url there "
    "must be that region's too."
)
_HINTS = {
    "AuthorizationHeaderMalformed": _SET_REGION,
    "IllegalLocationConstraintException": _SET_REGION,
    "PermanentRedirect": _SET_REGION,
    "RequestTimeTooSkewed": "This machine's clock says {here}, S3's {there}: set the clock (a container has its "
    "host's).",
    "InvalidAccessKeyId": "Give the connection celebs_s3 an active access key that belongs to this S3 service.",
    "SignatureDoesNotMatch": "The secret key is not the one of the access key: check both in the connection celebs_s3 "
    "(if that connection is a URI, write / and + in the secret key as %2F and %2B).",
    "ExpiredToken": "The session of the connection celebs_s3 has expired: set new temporary keys.",
    "InvalidToken": "Check the session token of the connection celebs_s3.",
    "AccessControlListNotSupported": "The bucket takes no ACL: leave it out of CELEBS_S3_EXTRA_ARGS.",
    "InvalidStorageClass": "Check the StorageClass of CELEBS_S3_EXTRA_ARGS.",
    "InvalidEncryptionAlgorithmError": "Check the ServerSideEncryption of CELEBS_S3_EXTRA_ARGS.",
    "KMS.NotFoundException": "Check the SSEKMSKeyId of CELEBS_S3_EXTRA_ARGS: it must be in the bucket's region.",
}


def store_error(error: Exception, url: str, action: str, arn: str) -> StoreError:
    """The error as one of ours.

    :param action: the action that failed, a key of ``_PERMISSIONS``.
    :param arn: the resource that the action needs a permission for.
    """
    kind = StoreRefusedError if is_permanent(error) else StoreError
    failed = f"{url} could not be {action}"
    if not isinstance(error, ClientError):
        return kind(f"{failed}: {message_of(error)}. Check the connection celebs_s3.")
    details = error.response["Error"]
    code = details["Code"]
    if code in _ABSENT:
        return NotStoredError(f"{url} is not there.")
    if code == "NoSuchBucket":
        bucket = url.split("/")[2]
        return StoreRefusedError(f"There is no bucket {bucket!r}: create it, or set CELEBS_STORE to another one.")
    failed = f"{failed}: {code}: {message_of(error)}."
    if code in _FORBIDDEN:
        permission = f"s3:{_PERMISSIONS[action]}"
        # To the bucket's own account, AWS's message names the missing permission; it may be another one, such as that
        # of a KMS key.
        named = re.search(r"not authorized to perform: ([\w-]+:\w+)", failed)
        lacking = named[1] if named and named[1] != permission else f"{permission} on {arn}"
        may_demand = " A policy may also demand an encryption or an ACL: see CELEBS_S3_EXTRA_ARGS."
        return NotPermittedError(f"{failed} {needs(lacking)}{may_demand if action == 'written' else ''}")
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    hint = _HINTS.get(code, "").format(
        region=details.get("Region") or headers.get("x-amz-bucket-region") or "see the bucket's properties",
        here=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        there=details.get("ServerTime", "another time"),
    )
    return kind(f"{failed} {hint}".rstrip())


def needs(permission: str) -> str:
    return f"The account of the connection celebs_s3 needs the permission {permission}."


def code_of(error: StoreError) -> str:
    """S3's code of the error; empty where S3 did not answer."""
    cause = error.__cause__
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""


def is_conflict(error: StoreError) -> bool:
    """Whether a conditional write failed because another writer was faster.

    S3 says 412, or 409 if both wrote at the same time; for a file that vanished it answers ``If-Match`` with 404.
    """
    return isinstance(error, NotStoredError) or code_of(error) in _CONFLICT


def is_taken(error: StoreError) -> bool:
    """Whether a write failed because the file has other content now, or exists by now."""
    return code_of(error) in _TAKEN


def may_have_written(error: StoreError) -> bool:
    """Whether a failed write may have been done: its response was lost, or boto tried again after such a loss.

    Then the condition of boto's second try no longer holds, because of its first.
    """
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return True
    about = cause.response["ResponseMetadata"]
    return about.get("RetryAttempts", 0) > 0 or about.get("HTTPStatusCode", 500) >= 500
