"""``CELEBS_S3_EXTRA_ARGS``: what each write to S3 says beside its content: encryption, ACL, storage class."""

from __future__ import annotations

import difflib
import json
from typing import Any

EXTRA_ARGS = (
    "ACL",
    "CacheControl",
    "ChecksumAlgorithm",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ExpectedBucketOwner",
    "Expires",
    "GrantFullControl",
    "GrantRead",
    "GrantReadACP",
    "GrantWriteACP",
    "Metadata",
    "ObjectLockLegalHoldStatus",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "RequestPayer",
    "SSEKMSEncryptionContext",
    "SSEKMSKeyId",
    "ServerSideEncryption",
    "StorageClass",
    "Tagging",
    "WebsiteRedirectLocation",
)
"""What boto3's upload takes (``S3Transfer.ALLOWED_UPLOAD_ARGS``), but for what differs from file to file (content type,
checksums) and a customer's own encryption key, which would be a secret in a setting."""


def checked_extra_args(given: object) -> dict[str, Any]:
    """The arguments of a JSON object, or of its text. ValueError says what is wrong, and never a value."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, dict):
        raise ValueError('it is no JSON object; write it like {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}')
    for name, value in given.items():
        _check_name(name)
        _check_value(name, value)
    return dict(given)


def _check_name(name: str) -> None:
    if name in EXTRA_ARGS:
        return
    if name.startswith("SSECustomer"):
        raise ValueError(
            f'{name} would be a secret in a setting; let AWS keep the key: {{"ServerSideEncryption": "aws:kms"}}'
        )
    if name == "ContentType" or name.startswith("Checksum"):
        raise ValueError(f"{name} differs from file to file and is seen to without a setting; leave it out")
    known = {one.lower(): one for one in EXTRA_ARGS}
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"write {known[near[0]]}, if that is meant" if near else f"known are {', '.join(EXTRA_ARGS)}"
    raise ValueError(f"there is no argument {name}; {hint}")


def _check_value(name: str, value: object) -> None:
    if name == "Metadata":
        if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
            raise ValueError('Metadata is no object of texts; write it like {"Metadata": {"team": "press"}}')
    elif not isinstance(value, str) or not value:
        raise ValueError(f'{name} is no text; write it like {{"{name}": "…"}}')
