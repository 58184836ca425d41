"""The verbs of a store, for tests of each of them, and S3 clients."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from mypy_boto3_s3 import S3Client

from celeb_ops.core.store import Store

VERBS: dict[str, Callable[[Store, str], Any]] = {
    "read": lambda store, key: store.read(key),
    "write": lambda store, key: store.write(key, b"1"),
    "exists": lambda store, key: store.exists(key),
    "list": lambda store, key: list(store.list(key)),
    "files": lambda store, key: list(store.files(key)),
    "delete": lambda store, key: store.delete(key),
    "update": lambda store, key: store.update(key, lambda old: b"1"),
}


def every_verb(*left_out: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "verb", [pytest.param(VERBS[verb], id=verb) for verb in VERBS if verb not in left_out]
    )


def an_s3_client(url: str, attempts: int = 1, region: str = "us-east-1", **given: Any) -> S3Client:
    """A client of the endpoint whose boto tries each request so often."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=region,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
        **{"aws_access_key_id": "testing", "aws_secret_access_key": "testing"} | given,
    )
