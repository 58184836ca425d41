"""Accounts that may do only some things in the bucket: what works, and what the errors say about the rest."""

import pytest
from botocore.exceptions import ClientError

from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, PermanentError, StoreError
from celeb_ops.core.store import S3Store
from celeb_ops.core.store.s3_errors import store_error
from celeb_ops.dataset import merge
from tests.aws.s3_proxy import S3Proxy
from tests.core.store.verbs import VERBS, an_s3_client
from tests.factories import RUN_TIME, a_result, a_screenshot, saved

pytestmark = pytest.mark.usefixtures("no_pauses")

LIST, GET, PUT, DELETE = "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "celeb_ops.core.store.s3"]


@pytest.mark.parametrize(
    ("verb", "denied", "done", "asked"),
    [
        ("write", PUT, "written", {"PutObject": 1}),
        ("delete", DELETE, "deleted", {"DeleteObject": 1}),
        # That the file may be listed but not read is found out by listing.
        ("read", GET, "read", {"GetObject": 1, "ListObjectsV2": 1}),
        ("update", GET, "read", {"GetObject": 1, "ListObjectsV2": 1}),
        ("list", LIST, "listed", {"ListObjectsV2": 1}),
    ],
)
def test_the_permission_that_lacks_is_named_at_once(
    proxy: S3Proxy, behind: S3Store, verb: str, denied: str, done: str, asked: dict[str, int]
) -> None:
    behind.write("Celebs.csv", b"rows")
    proxy.requests.clear()
    proxy.denied = {denied}
    with pytest.raises(NotPermittedError) as error:
        VERBS[verb](behind, "Celebs.csv")
    assert str(error.value).startswith(
        f"s3://{behind.bucket}/press/Celebs.csv could not be {done}: AccessDenied: Access Denied. The account of "
        f"the connection celebs_s3 needs the permission {denied} on "
        f"arn:aws:s3:::{behind.bucket}{'' if denied == LIST else '/press/*'}."
    )
    assert ("A policy may also demand an encryption" in str(error.value)) == (denied == PUT)
    assert isinstance(error.value, PermanentError)
    assert proxy.requests == asked


class TestWithoutListing:
    """S3 answers 403 of what is not there."""

    @pytest.fixture(autouse=True)
    def denied(self, proxy: S3Proxy) -> None:
        proxy.denied = {LIST}

    def test_what_is_not_there_is_not_there_and_what_is_there_is_read(
        self, behind: S3Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        behind.write("a", b"rows")
        assert behind.exists("a")
        assert behind.read("a") == b"rows"
        assert warnings(caplog) == []
        with pytest.raises(NotStoredError, match=r"press/Celebs\.csv is not there, or may not be read\.$"):
            behind.read("Celebs.csv")
        assert not behind.exists("Celebs.csv")

    def test_a_store_warns_once_and_asks_once(
        self, proxy: S3Proxy, behind: S3Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        for key in ("a", "b", "c"):
            assert not behind.exists(key)
        assert warnings(caplog) == [
            f"s3://{behind.bucket}/press/ could not be listed: AccessDenied: Access Denied. The account of the "
            f"connection celebs_s3 needs the permission s3:ListBucket on arn:aws:s3:::{behind.bucket}. Without it "
            "S3 answers 403 for missing and for forbidden files alike."
        ]
        assert proxy.requests == {"GetObject": 3, "ListObjectsV2": 1}

    def test_a_merge_works_and_again_changes_nothing(self, behind: S3Store) -> None:
        key = saved(behind, a_screenshot(parts=[]))
        given = [a_result("TMZ", "Cher", screenshot=key)], []
        assert merge(behind, RUN_TIME, *given).changed is True
        assert merge(behind, RUN_TIME, *given).changed is False
        assert b"TMZ,Cher" in behind.read("Celebs.csv")

    def test_a_file_that_another_writer_made_meanwhile_is_read(self, behind: S3Store) -> None:
        seen: list[bytes | None] = []

        def change(old: bytes | None) -> bytes:
            seen.append(old)
            if old is None:
                behind.write("a", b"1")
            return (old or b"") + b"+"

        assert behind.update("a", change)
        assert (behind.read("a"), seen) == (b"1+", [None, b"1"])

    def test_a_file_that_may_not_be_read_is_not_written_over(self, proxy: S3Proxy, behind: S3Store) -> None:
        behind.write("Celebs.csv", b"rows")
        proxy.requests.clear()
        proxy.denied = {LIST, GET}
        with pytest.raises(NotPermittedError) as error:
            behind.update("Celebs.csv", lambda old: b"new")
        assert str(error.value) == (
            f"s3://{behind.bucket}/press/Celebs.csv is there but may not be read, so it can't be changed. The account "
            f"of the connection celebs_s3 needs the permission s3:GetObject on arn:aws:s3:::{behind.bucket}/press/*."
        )
        assert proxy.requests == {"GetObject": 2, "ListObjectsV2": 1, "PutObject": 1}
        proxy.denied = set()
        assert behind.read("Celebs.csv") == b"rows"

    def test_a_bad_day_is_not_taken_for_a_permission(self, proxy: S3Proxy, bucket: str) -> None:
        proxy.denied = set()
        store = S3Store(an_s3_client(proxy.url), bucket)
        proxy.give("AccessDenied", to="GetObject")
        proxy.give("SlowDown", to="ListObjectsV2")
        with pytest.raises(StoreError, match="could not be listed: SlowDown") as error:
            store.read("Celebs.csv")
        assert type(error.value) is StoreError


@pytest.mark.parametrize(
    ("named", "lacking"),
    [
        ("kms:GenerateDataKey on the resource associated with this ciphertext", "kms:GenerateDataKey."),
        ('s3:PutObject on resource: "arn:aws:s3:::b/press/a"', "s3:PutObject on arn:aws:s3:::celebs/press/*."),
    ],
)
def test_a_permission_that_aws_names_is_the_one_that_lacks(named: str, lacking: str) -> None:
    message = (
        f"User: arn:aws:iam::123456789012:user/press is not authorized to perform: {named} because no policy allows"
    )
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "PutObject")
    sentence = str(store_error(refused, "s3://celebs/press/a", "written", "arn:aws:s3:::celebs/press/*"))
    assert (
        f": AccessDenied: {message}. The account of the connection celebs_s3 needs the permission {lacking} "
        in sentence
    )
