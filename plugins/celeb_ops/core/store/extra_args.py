"""``CELEBS_S3_EXTRA_ARGS``: arguments of each write to S3: encryption, ACL, storage class."""

import json
from typing import Any


def checked_extra_args(given: object) -> dict[str, Any]:
    """The arguments of a JSON object, or of its text. ValueError says what is wrong, and never a value."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
    if not isinstance(given, dict):
        raise ValueError('it is no JSON object; write it like {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}')
    known = extra_args()
    for name, value in given.items():
        if name not in known:
            # SSE-C is not allowed: it would put a secret key into a setting. AWS can keep the key (SSE-KMS).
            raise ValueError(f"there is no argument {name} that holds for every file; known are {', '.join(known)}")
        if name == "Metadata":
            if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
                raise ValueError('Metadata is no object of texts; write it like {"Metadata": {"team": "press"}}')
        elif not isinstance(value, str) or not value:
            raise ValueError(f'{name} is no text; write it like {{"{name}": "…"}}')
    return dict(given)


def extra_args() -> list[str]:
    """The arguments of boto3's upload that are the same for every file, without those of a customer's own key
    (SSE-C)."""
    from boto3.s3.transfer import S3Transfer

    others = ("Checksum", "ContentType", "If", "MpuObjectSize", "SSECustomer")
    of_each = (name for name in S3Transfer.ALLOWED_UPLOAD_ARGS if not name.startswith(others))
    return sorted([*of_each, "ChecksumAlgorithm"])
