import pytest
from mypy_boto3_s3 import S3Client

from celeb_ops.core.exceptions import StoreError
from celeb_ops.core.store import S3Store, s3
from celeb_ops.dataset import merge
from tests.aws.s3_proxy import CUT, HALF, LOST, S3Proxy
from tests.core.store.verbs import VERBS
from tests.factories import RUN_TIME, a_result, a_screenshot, saved


def test_its_addresses(s3_store: S3Store) -> None:
    assert s3_store.url("Celebs.csv") == f"s3://{s3_store.bucket}/press/Celebs.csv"
    # Other services get bucket and name.
    assert s3_store.s3_object("Slices/a.jpeg") == {"Bucket": s3_store.bucket, "Name": "press/Slices/a.jpeg"}


@pytest.mark.parametrize(
    ("key", "kind"), [("Celebs.csv", "text/csv; charset=utf-8"), ("a", "application/octet-stream")]
)
@pytest.mark.parametrize("verb", ["write", "update"])
def test_a_browser_gets_to_know_what_a_file_is(s3_store: S3Store, key: str, kind: str, verb: str) -> None:
    VERBS[verb](s3_store, key)
    assert s3_store.client.head_object(Bucket=s3_store.bucket, Key=f"press/{key}")["ContentType"] == kind


@pytest.mark.parametrize(("prefix", "inside"), [("press/daily", "press/daily/"), ("", "")])
def test_all_of_a_dataset_lies_under_the_prefix(s3_client: S3Client, bucket: str, prefix: str, inside: str) -> None:
    store = S3Store(s3_client, bucket, prefix)
    s3_client.put_object(Bucket=bucket, Key="pressed.txt", Body=b"another's")
    key = saved(store, a_screenshot(parts=[]))
    merge(store, RUN_TIME, [a_result("TMZ", "Cher", screenshot=key)], [])

    files = [
        "Captures/2026-11.parquet",
        "Celebs.csv",
        key,
        "Mentions/2026-11.parquet",
        "Sightings/2026-11.parquet",
        "datapackage.json",
    ]
    there = [entry["Key"] for entry in s3_client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert sorted(there) == sorted([*(inside + name for name in files), "pressed.txt"])
    assert [name for name in store.list("") if name != "pressed.txt"] == files


class TestBrokenReads:
    def test_content_that_breaks_off_is_read_again(self, proxy: S3Proxy, behind: S3Store) -> None:
        content = bytes(range(256)) * 4_000
        behind.write("Images/a.jpeg", content)
        proxy.give(HALF, HALF)
        assert behind.read("Images/a.jpeg") == content
        assert proxy.requests["GetObject"] == 3
        assert proxy.faults[HALF] == 2

    def test_a_list_that_breaks_off_is_asked_for_again(self, proxy: S3Proxy, behind: S3Store) -> None:
        behind.write("Celebs.csv", b"some rows")
        proxy.give(HALF, to="ListObjectsV2")
        assert list(behind.list("")) == ["Celebs.csv"]
        assert proxy.requests["ListObjectsV2"] == 2

    @pytest.mark.usefixtures("no_pauses")
    def test_content_that_always_breaks_off_is_an_error_that_may_pass(self, proxy: S3Proxy, behind: S3Store) -> None:
        behind.write("Celebs.csv", b"some rows")
        proxy.give(*[HALF] * s3.READ_ATTEMPTS)
        with pytest.raises(
            StoreError, match=r"Celebs\.csv could not be read: .*4 bytes read, 5 more expected"
        ) as error:
            behind.read("Celebs.csv")
        assert type(error.value) is StoreError
        assert proxy.requests["GetObject"] == s3.READ_ATTEMPTS


@pytest.mark.parametrize("fault", [CUT, LOST, "InternalError"])
def test_a_large_file_is_one_request_and_a_fault_costs_one_more(proxy: S3Proxy, behind: S3Store, fault: str) -> None:
    content = bytes(range(256)) * 80_000
    behind.write("Images/a.png", b"old")
    proxy.give(fault, to="PutObject")
    proxy.requests.clear()
    behind.write("Images/a.png", content)
    assert behind.read("Images/a.png") == content
    assert proxy.requests == {"PutObject": 2, "GetObject": 1}


class TestExtraArgs:
    ARGS = {  # noqa: RUF012
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "ACL": "bucket-owner-full-control",
        "StorageClass": "STANDARD_IA",
    }

    @pytest.mark.parametrize("verb", ["write", "update"])
    def test_go_with_every_write(self, proxy: S3Proxy, behind: S3Store, verb: str) -> None:
        VERBS[verb](S3Store(behind.client, behind.bucket, "press", self.ARGS), "Celebs.csv")
        headers = proxy.writes[0].headers
        assert proxy.writes[0].has_condition is (verb == "update")
        assert headers["content-type"] == "text/csv; charset=utf-8"
        assert {name: headers[f"x-amz-{name}"] for name in ("acl", "storage-class", "server-side-encryption")} == {
            "acl": "bucket-owner-full-control",
            "storage-class": "STANDARD_IA",
            "server-side-encryption": "aws:kms",
        }
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == self.ARGS["SSEKMSKeyId"]
