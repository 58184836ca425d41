"""The proxy answers as S3 does, seen by an unmodified boto3; its faults are seen by the tests of the store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.aws.s3_proxy import CUT, HALF, LOST, S3Proxy
from tests.store.verbs import an_s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def client(proxy: S3Proxy) -> S3Client:
    """Its boto tries each request once."""
    return an_s3_client(proxy.url)


def put(client: S3Client, bucket: str, key: str = "a", **given: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=b"content", **given)


def test_on_a_good_day_it_hands_all_on(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    put(client, bucket, "a/é +%2F?.json", ContentType="application/json")
    assert client.get_object(Bucket=bucket, Key="a/é +%2F?.json")["Body"].read() == b"content"
    head = client.head_object(Bucket=bucket, Key="a/é +%2F?.json")
    assert (head["ContentLength"], head["ContentType"]) == (7, "application/json")
    assert [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/é +%2F?.json"]
    client.delete_object(Bucket=bucket, Key="a/é +%2F?.json")
    assert proxy.requests == {"PutObject": 1, "GetObject": 1, "HeadObject": 1, "ListObjectsV2": 1, "DeleteObject": 1}
    assert not proxy.faults


def test_without_the_permission_to_list_what_is_not_there_is_forbidden(
    proxy: S3Proxy, client: S3Client, bucket: str
) -> None:
    put(client, bucket)
    proxy.denied = {"s3:ListBucket"}
    for operation, given, code in (
        ("list_objects_v2", {}, "AccessDenied"),
        ("get_object", {"Key": "b"}, "AccessDenied"),
        # The answer to a HEAD has no body, so no code.
        ("head_object", {"Key": "b"}, "403"),
    ):
        with pytest.raises(ClientError) as error:
            getattr(client, operation)(Bucket=bucket, **given)
        assert error.value.response["Error"]["Code"] == code
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"content"


def test_faults_at_random_come_as_often_as_they_should(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    proxy.at_random({CUT: 0.1, LOST: 0.1, HALF: 0.5, "PreconditionFailed": 0.1}, seed=1)
    for number in range(100):
        with suppress(ClientError, ConnectionClosedError):
            put(client, bucket, IfNoneMatch="*", key=f"{number}")
    # Of a write there is no half.
    assert proxy.faults.keys() == {CUT, LOST, "PreconditionFailed"}
    assert all(4 <= times <= 18 for times in proxy.faults.values())
