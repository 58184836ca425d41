import json
import re

import pytest
from mypy_boto3_s3 import S3Client

from celeb_ops.core.store.extra_args import checked_extra_args, extra_args


@pytest.mark.parametrize("operation", ["PutObject", "CreateMultipartUpload"])
def test_each_way_to_write_takes_them_all(s3_client: S3Client, operation: str) -> None:
    shape = s3_client.meta.service_model.operation_model(operation).input_shape
    assert set(extra_args()) <= shape.members.keys()
    assert {"ACL", "ServerSideEncryption", "SSEKMSKeyId", "StorageClass", "Tagging"} < set(extra_args())


def test_an_object_and_its_text_are_the_same() -> None:
    given = {"ServerSideEncryption": "aws:kms", "ACL": "bucket-owner-full-control", "Metadata": {"team": "press"}}
    assert checked_extra_args(given) == checked_extra_args(json.dumps(given)) == given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("aws:kms", 'it is no JSON object; write it like {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}'),
        ('{"SSECustomerKey": "very-secret"}', "no argument SSECustomerKey that holds for every file; known are"),
        ('{"IfMatch": "very-secret"}', "there is no argument IfMatch"),
        ('{"ServerSideEncription": "AES256"}', "known are ACL, CacheControl, "),
        ('{"ACL": 1}', "ACL is no text"),
        ('{"SSEKMSKeyId": ""}', "SSEKMSKeyId is no text"),
        ('{"Metadata": {"a": 1}}', 'Metadata is no object of texts; write it like {"Metadata": {"team": "press"}}'),
        ('{"Metadata": "very-secret"}', "Metadata is no object of texts"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right_and_no_value(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        checked_extra_args(given)
    assert "very-secret" not in str(error.value)
