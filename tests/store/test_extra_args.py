from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import S3Transfer

from celeb_ops.store.extra_args import EXTRA_ARGS, checked_extra_args

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEFT_OUT = {
    "ContentType": "the store's",
    "MpuObjectSize": "of one file",
    **dict.fromkeys(["SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"], "a secret"),
}


def test_the_names_are_those_of_boto3_s_upload() -> None:
    of_boto = {
        name
        for name in S3Transfer.ALLOWED_UPLOAD_ARGS
        if name not in LEFT_OUT and (name == "ChecksumAlgorithm" or not name.startswith("Checksum"))
    }
    assert set(EXTRA_ARGS) == of_boto
    assert sorted(EXTRA_ARGS) == list(EXTRA_ARGS)


@pytest.mark.parametrize("operation", ["PutObject", "CreateMultipartUpload"])
def test_each_way_to_write_takes_them_all(s3_client: S3Client, operation: str) -> None:
    shape = s3_client.meta.service_model.operation_model(operation).input_shape
    assert set(EXTRA_ARGS) <= shape.members.keys()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/press", "ACL": "bucket-owner-full-control"},
        {"StorageClass": "STANDARD_IA", "Metadata": {"team": "press"}, "Tagging": "a=b"},
    ],
)
def test_an_object_and_its_text_are_the_same(given: dict[str, Any]) -> None:
    assert checked_extra_args(given) == checked_extra_args(json.dumps(given)) == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "aws:kms",
            'it is no JSON object; write it like {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}',
        ),
        ('["ACL"]', "it is no JSON object"),
        ('{"SSECustomerKey": "very-secret"}', "SSECustomerKey would be a secret in a setting; let AWS keep the key"),
        ('{"SSECustomerAlgorithm": "AES256"}', "SSECustomerAlgorithm would be a secret"),
        ('{"ContentType": "text/plain"}', "ContentType differs from file to file and is seen to without a setting"),
        ('{"ChecksumSHA256": "very-secret"}', "ChecksumSHA256 differs from file to file"),
        ('{"ServerSideEncription": "AES256"}', "no argument ServerSideEncription; write ServerSideEncryption, if that"),
        ('{"x": "very-secret"}', "there is no argument x; known are ACL, CacheControl, "),
        ('{"ACL": 1}', 'ACL is no text; write it like {"ACL": "…"}'),
        ('{"SSEKMSKeyId": ""}', "SSEKMSKeyId is no text"),
        (
            '{"Metadata": "very-secret"}',
            'is no object of texts; write it like {"Metadata": {"team": "press"}}',
        ),
        ('{"Metadata": {"a": 1}}', "Metadata is no object of texts"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right_and_no_value(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        checked_extra_args(given)
    assert "very-secret" not in str(error.value)
