"""The proxy answers as S3 does, seen by an unmodified boto3."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from tests.aws.s3_proxy import CUT, ERRORS, HALF, LOST, Request, S3Proxy
from tests.store.verbs import an_s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def client(proxy: S3Proxy) -> S3Client:
    """Its boto tries each request once."""
    return an_s3_client(proxy.url)


def put(client: S3Client, bucket: str, key: str = "a", **given: str) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=b"content", **given)


def content(client: S3Client, bucket: str, key: str = "a") -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_on_a_good_day_it_hands_all_on(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    put(client, bucket, "a/é +%2F?.json", ContentType="application/json")
    assert content(client, bucket, "a/é +%2F?.json") == b"content"
    head = client.head_object(Bucket=bucket, Key="a/é +%2F?.json")
    assert (head["ContentLength"], head["ContentType"]) == (7, "application/json")
    assert [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/é +%2F?.json"]
    client.delete_object(Bucket=bucket, Key="a/é +%2F?.json")
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0

    asked = {"PutObject": 1, "GetObject": 1, "HeadObject": 1, "ListObjectsV2": 2, "DeleteObject": 1}
    assert proxy.requests == asked
    assert not proxy.faults
    assert [(one.operation, one.bucket, one.key) for one in proxy.writes] == [
        ("PutObject", bucket, "a/é +%2F?.json"),
        ("DeleteObject", bucket, "a/é +%2F?.json"),
    ]


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_has_its_code_status_and_sentence(proxy: S3Proxy, client: S3Client, bucket: str, code: str) -> None:
    proxy.give(code, code)
    with pytest.raises(ClientError) as error:
        put(client, bucket)
    told = error.value.response
    assert (told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]) == ERRORS[code]
    assert told["Error"]["Code"] == code
    assert set(proxy.faults) == {code}


def test_an_error_is_of_the_next_request_of_that_operation(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    proxy.give("InternalError", to="GetObject")
    put(client, bucket)
    with pytest.raises(ClientError, match="InternalError"):
        content(client, bucket)
    assert content(client, bucket) == b"content"


def test_a_cut_connection_has_done_nothing(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    proxy.give(CUT)
    with pytest.raises(ConnectionClosedError):
        put(client, bucket)
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_lost_answer_has(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    proxy.give(LOST)
    with pytest.raises(ConnectionClosedError):
        put(client, bucket)
    assert content(client, bucket) == b"content"


def test_half_a_file_is_none(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    put(client, bucket)
    proxy.give(HALF)
    with pytest.raises(ResponseStreamingError):
        content(client, bucket)
    assert content(client, bucket) == b"content"


class TestPermissions:
    def refused(self, client: S3Client, operation: str, **given: object) -> tuple[str, int]:
        with pytest.raises(ClientError) as error:
            getattr(client, operation)(**given)
        told = error.value.response
        return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]

    @pytest.mark.parametrize(
        ("permission", "operations"),
        [
            ("s3:GetObject", {"get_object"}),
            ("s3:PutObject", {"put_object", "create_multipart_upload"}),
            ("s3:DeleteObject", {"delete_object"}),
        ],
    )
    def test_one_that_lacks_refuses_its_own_operations_only(
        self, proxy: S3Proxy, client: S3Client, bucket: str, permission: str, operations: set[str]
    ) -> None:
        put(client, bucket)
        proxy.denied = {permission}
        for operation in ("get_object", "put_object", "create_multipart_upload", "delete_object"):
            given = {"Bucket": bucket, "Key": "a"}
            if operation in operations:
                assert self.refused(client, operation, **given) == ("AccessDenied", 403)
            else:
                getattr(client, operation)(**given)

    def test_without_the_one_to_list_what_is_not_there_is_forbidden(
        self, proxy: S3Proxy, client: S3Client, bucket: str
    ) -> None:
        put(client, bucket)
        proxy.denied = {"s3:ListBucket"}
        assert self.refused(client, "list_objects_v2", Bucket=bucket) == ("AccessDenied", 403)
        assert self.refused(client, "get_object", Bucket=bucket, Key="b") == ("AccessDenied", 403)
        # The answer to a HEAD has no body, so no code.
        assert self.refused(client, "head_object", Bucket=bucket, Key="b") == ("403", 403)
        assert content(client, bucket) == b"content"
        assert self.refused(client, "get_object", Bucket="nowhere", Key="b") == ("NoSuchBucket", 404)

    def test_keys_that_nobody_has_are_refused(self, proxy: S3Proxy, client: S3Client, bucket: str) -> None:
        proxy.access_keys = {"AKIAKNOWN"}
        assert self.refused(client, "list_objects_v2", Bucket=bucket) == ("InvalidAccessKeyId", 403)
        known = an_s3_client(proxy.url, aws_access_key_id="AKIAKNOWN")
        assert known.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_faults_at_random_come_as_often_as_they_should(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    proxy.at_random({CUT: 0.1, LOST: 0.1, HALF: 0.5, "PreconditionFailed": 0.1}, seed=1)
    for number in range(100):
        with suppress(ClientError, ConnectionClosedError):
            put(client, bucket, IfNoneMatch="*", key=f"{number}")
    # Of a write there is no half.
    assert proxy.faults.keys() == {CUT, LOST, "PreconditionFailed"}
    assert all(4 <= times <= 18 for times in proxy.faults.values())


def test_a_seed_is_always_the_same_faults(s3_endpoint: str, bucket: str) -> None:
    def faults(seed: int) -> list[str | None]:
        proxy = S3Proxy(s3_endpoint)
        proxy.at_random({CUT: 0.2, "SlowDown": 0.2}, seed)
        return [proxy.noted(Request("GetObject", bucket, "a", {})) for _ in range(50)]

    assert faults(1) == faults(1) != faults(2)


def test_a_conflict_is_of_writes_on_condition_only(proxy: S3Proxy, client: S3Client, bucket: str) -> None:
    proxy.at_random({"PreconditionFailed": 1}, seed=1)
    put(client, bucket)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        put(client, bucket, IfMatch='"1"')
