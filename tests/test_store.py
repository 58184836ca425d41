from __future__ import annotations

import contextlib
import io
import itertools
import multiprocessing
import os
import resource
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from filelock import FileLock

from celeb_ops import store as store_module
from celeb_ops.exceptions import (
    InvalidKeyError,
    NotPermittedError,
    NotStoredError,
    PermanentError,
    StoreError,
    StoreRefusedError,
    UpdateConflictError,
)
from celeb_ops.store import FolderStore, S3Store, checked, split_s3
from tests.web import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from celeb_ops.store import Store

VERBS: dict[str, Callable[[Store, str], Any]] = {
    "read": lambda store, key: store.read(key),
    "write": lambda store, key: store.write(key, b"1"),
    "exists": lambda store, key: store.exists(key),
    "list": lambda store, key: list(store.list(key)),
    "delete": lambda store, key: store.delete(key),
    "update": lambda store, key: store.update(key, lambda old: b"1"),
}


def every_verb(*left_out: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "verb", [pytest.param(VERBS[verb], id=verb) for verb in VERBS if verb not in left_out]
    )


class TestOneFile:
    def test_what_is_written_is_read(self, store: Store) -> None:
        content = bytes(range(256)) * 300
        store.write("Images/a.json", content)
        assert store.read("Images/a.json") == content

    def test_a_second_write_takes_the_first_one_s_place(self, store: Store) -> None:
        store.write("a", b"long content")
        store.write("a", b"short")
        assert store.read("a") == b"short"

    def test_what_is_not_there_says_so_with_its_address(self, store: Store) -> None:
        with pytest.raises(NotStoredError, match=r"Images/a\.json is not there\.$") as error:
            store.read("Images/a.json")
        assert store.url("Images/a.json") in str(error.value)

    @pytest.mark.parametrize("key", ["a", "Images", "Images/a.jpeg/b"])
    def test_a_folder_s_name_and_a_file_s_inside_are_no_files(self, store: Store, key: str) -> None:
        store.write("Images/a.jpeg", b"1")
        assert not store.exists(key)
        with pytest.raises(NotStoredError):
            store.read(key)
        store.delete(key)
        assert list(store.list("")) == ["Images/a.jpeg"]

    @pytest.mark.parametrize("content", [b"", b"1"])
    def test_an_empty_file_is_there_like_any_other(self, store: Store, content: bytes) -> None:
        store.write("a", content)
        assert store.exists("a")
        assert store.read("a") == content

    def test_deleted_is_gone_and_deleting_again_does_nothing(self, store: Store) -> None:
        store.write("a", b"1")
        store.delete("a")
        assert not store.exists("a")
        store.delete("a")

    @pytest.mark.parametrize("key", ["Images/TMZ_é ü%2F?x#y.json", "Faces/a b/+1&2=3.jpeg"])
    def test_no_sign_in_a_key_changes_its_place(self, store: Store, key: str) -> None:
        store.write(key, b"1")
        assert store.read(key) == b"1"
        assert list(store.list("")) == [key]


class TestList:
    @pytest.fixture
    def filled(self, store: Store) -> Store:
        for key in ("Slices/b/2", "Slices/b/10", "Slices/bc/1", "Slices/b.json", "Images/b", "Celebs.csv"):
            store.write(key, b"")
        return store

    @pytest.mark.parametrize(
        ("prefix", "keys"),
        [
            ("Slices/b/", ["Slices/b/10", "Slices/b/2"]),
            ("Slices/b", ["Slices/b.json", "Slices/b/10", "Slices/b/2", "Slices/bc/1"]),
            ("Slices/b/1", ["Slices/b/10"]),
            ("C", ["Celebs.csv"]),
            ("Celebs.csv", ["Celebs.csv"]),
            ("Celebs.csv/", []),
            ("Faces/", []),
            ("Faces/TMZ/", []),
            ("", ["Celebs.csv", "Images/b", "Slices/b.json", "Slices/b/10", "Slices/b/2", "Slices/bc/1"]),
        ],
    )
    def test_lists_what_begins_with_the_prefix_sorted(self, filled: Store, prefix: str, keys: list[str]) -> None:
        assert list(filled.list(prefix)) == keys

    def test_an_empty_store_has_nothing(self, store: Store) -> None:
        assert list(store.list("")) == []

    def test_locks_and_writes_under_way_are_not_listed(self, folder_store: FolderStore) -> None:
        folder_store.update("Images/a", lambda old: b"1")
        (folder_store.root / "Images" / ".a.x1.part").write_bytes(b"half")
        assert list(folder_store.list("")) == ["Images/a"]
        assert list(folder_store.list("Images/")) == ["Images/a"]

    def test_the_console_s_folders_are_not_listed(self, bucket: str, s3_client: S3Client) -> None:
        s3_client.put_object(Bucket=bucket, Key="press/Images/", Body=b"")
        s3_client.put_object(Bucket=bucket, Key="press/Images/a", Body=b"1")
        assert list(S3Store(s3_client, bucket, "press").list("Images/")) == ["Images/a"]

    def test_more_files_than_one_answer_of_s3_holds(self, bucket: str, s3_client: S3Client) -> None:
        store = S3Store(s3_client, bucket)
        for number in range(5):
            store.write(f"{number}", b"")
        few = boto3.client("s3", **_connected(s3_client))
        few.meta.events.register("provide-client-params.s3.ListObjectsV2", lambda params, **_: params | {"MaxKeys": 2})
        assert list(S3Store(few, bucket).list("")) == ["0", "1", "2", "3", "4"]


class TestInside:
    """Whoever names a site or a person can't reach what is outside the store."""

    OUTSIDE = (
        "../a",
        "a/../../b",
        "..",
        "/etc/passwd",
        "a//b",
        "a/./b",
        ".",
        "a\\b",
        "a\0b",
        ".locks/a",
        "Images/.a.part",
    )

    @every_verb()
    @pytest.mark.parametrize("key", OUTSIDE)
    def test_no_verb_leaves_the_store(
        self, folder_store: FolderStore, key: str, verb: Callable[[Store, str], Any]
    ) -> None:
        (folder_store.root.parent / "a").write_bytes(b"not the store's")
        with pytest.raises(InvalidKeyError, match="is no key of the store: a key is a relative path"):
            verb(folder_store, key)
        assert (folder_store.root.parent / "a").read_bytes() == b"not the store's"

    @every_verb()
    def test_s3_has_the_same_keys(self, bucket: str, s3_client: S3Client, verb: Callable[[Store, str], Any]) -> None:
        with pytest.raises(InvalidKeyError):
            verb(S3Store(s3_client, bucket, "some/prefix"), "../a")

    @pytest.mark.parametrize("key", ["", "a/"])
    def test_a_key_names_a_file(self, key: str) -> None:
        with pytest.raises(InvalidKeyError):
            checked(key)

    @pytest.mark.parametrize("prefix", ["press", "/press/", "a/b", ""])
    def test_s3_stays_under_its_prefix(self, bucket: str, s3_client: S3Client, prefix: str) -> None:
        inside = f"{prefix.strip('/')}/".lstrip("/")
        S3Store(s3_client, bucket, prefix).write("Celebs.csv", b"1")
        assert s3_client.get_object(Bucket=bucket, Key=f"{inside}Celebs.csv")["Body"].read() == b"1"

    def test_s3_does_not_see_a_neighbour_s_files(self, bucket: str, s3_client: S3Client) -> None:
        S3Store(s3_client, bucket, "press2").write("Celebs.csv", b"1")
        store = S3Store(s3_client, bucket, "press")
        assert not store.exists("Celebs.csv")
        assert list(store.list("")) == []


class TestUpdate:
    def test_gets_nothing_and_makes_the_file(self, store: Store) -> None:
        assert store.update("Captures/a", lambda old: b"new" if old is None else b"wrong")
        assert store.read("Captures/a") == b"new"

    def test_gets_the_content_and_changes_it(self, store: Store) -> None:
        store.write("a", b"1")
        assert store.update("a", lambda old: (old or b"") + b"2")
        assert store.read("a") == b"12"

    @pytest.mark.parametrize("there", [None, b"1"])
    @pytest.mark.parametrize("same", [False, True], ids=["none", "the same"])
    def test_no_change_writes_nothing(self, store: Store, there: bytes | None, same: bool) -> None:
        if there is not None:
            store.write("a", there)
        assert store.update("a", lambda old: old if same else None) is False
        assert (store.read("a") if store.exists("a") else None) == there

    def test_an_empty_file_is_not_none(self, store: Store) -> None:
        store.write("a", b"")
        seen: list[bytes | None] = []
        store.update("a", seen.append)
        assert seen == [b""]

    def test_a_change_that_fails_leaves_the_file_and_the_way_free(self, store: Store) -> None:
        store.write("a", b"1")
        with pytest.raises(ZeroDivisionError):
            store.update("a", lambda old: bytes(1 // 0))
        assert store.read("a") == b"1"
        assert store.update("a", lambda old: b"2")

    def test_no_change_of_many_threads_is_lost(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as threads:
            assert_none_is_lost(store, threads, writers=8, changes=4)

    def test_no_change_of_many_processes_is_lost(self, folder_store: FolderStore) -> None:
        with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as processes:
            assert_none_is_lost(folder_store, processes, writers=3, changes=40)


def assert_none_is_lost(store: Store, executor: Executor, writers: int, changes: int) -> None:
    """Each writer appends numbers of its own to one file; all of them must be in it, each once."""
    numbers = [range(writer * changes, (writer + 1) * changes) for writer in range(writers)]
    for done in [executor.submit(append_all, store, one) for one in numbers]:
        done.result()
    assert sorted(map(int, store.read("Celebs.csv").split())) == list(range(writers * changes))


def append_all(store: Store, numbers: range) -> None:
    for number in numbers:
        assert store.update("Celebs.csv", lambda old, line=b"%d\n" % number: (old or b"") + line)


class TestFolder:
    def test_the_address_is_the_path(self, folder_store: FolderStore) -> None:
        assert folder_store.url("Celebs.csv") == str(folder_store.root / "Celebs.csv")

    def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(self, folder_store: FolderStore) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        old, new = bytes(8_000_000), bytes([1]) * 8_000_000
        before = signal.signal(signal.SIGUSR1, interrupt)
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
        try:
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                write_without_end(folder_store, "Celebs.csv", old, new)
        finally:
            timer.join()
            signal.signal(signal.SIGUSR1, before)
        assert files_in(folder_store.root) == ["Celebs.csv"]
        assert folder_store.read("Celebs.csv") in (old, new)

    def test_a_full_disk_is_a_sentence_and_leaves_the_old_file(self, folder_store: FolderStore) -> None:
        folder_store.write("Celebs.csv", b"old")
        with no_file_larger_than(1_000), pytest.raises(StoreError, match=r"Celebs\.csv could not be written: File too"):
            folder_store.write("Celebs.csv", bytes(10_000))
        assert folder_store.read("Celebs.csv") == b"old"
        assert files_in(folder_store.root) == ["Celebs.csv"]

    @every_verb("exists", "list", "delete", "read")
    def test_a_file_in_the_folder_s_place_is_a_sentence(
        self, tmp_path: Path, verb: Callable[[Store, str], Any]
    ) -> None:
        (tmp_path / "data").write_bytes(b"")
        with pytest.raises(StoreError, match=r"data/Images/a could not be (written|locked): (File exists|Not a dir)"):
            verb(FolderStore(tmp_path / "data"), "Images/a")

    def test_who_waits_too_long_for_a_lock_is_told_which(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "LOCK_TIMEOUT_S", 0.1)
        folder_store.update("Captures/a", lambda old: b"1")
        lock = folder_store.root / ".locks" / "Captures_a.lock"
        with FileLock(lock), pytest.raises(UpdateConflictError, match=r"locked for 0\.1 s by another process") as error:
            folder_store.update("Captures/a", lambda old: b"2")
        assert str(lock) in str(error.value)
        assert folder_store.read("Captures/a") == b"1"


def write_without_end(store: Store, key: str, *contents: bytes) -> None:
    for content in itertools.cycle(contents):
        store.write(key, content)


def files_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestS3:
    @pytest.fixture
    def store(self, s3_client: S3Client, bucket: str) -> S3Store:
        return S3Store(s3_client, bucket, "press")

    def test_the_address_is_the_s3_url(self, store: S3Store) -> None:
        assert store.url("Celebs.csv") == f"s3://{store.bucket}/press/Celebs.csv"

    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            ("Images/a.jpeg", "image/jpeg"),
            ("Celebs.csv", "text/csv; charset=utf-8"),
            ("Images/a.json", "application/json"),
            ("a.parquet", "application/vnd.apache.parquet"),
            ("a", "application/octet-stream"),
        ],
    )
    @pytest.mark.parametrize("verb", ["write", "update"])
    def test_a_browser_is_told_what_a_file_is(self, store: S3Store, key: str, kind: str, verb: str) -> None:
        VERBS[verb](store, key)
        assert store.client.head_object(Bucket=store.bucket, Key=f"press/{key}")["ContentType"] == kind

    @pytest.mark.parametrize(
        ("before", "meanwhile", "after"),
        [
            pytest.param(b"1", lambda store: store.write("a", b"12"), b"12+", id="changed"),
            pytest.param(None, lambda store: store.write("a", b"12"), b"12+", id="made"),
            pytest.param(b"1", lambda store: store.delete("a"), b"+", id="deleted"),
        ],
    )
    def test_what_another_writer_did_in_the_middle_is_kept(
        self, store: S3Store, before: bytes | None, meanwhile: Callable[[Store], None], after: bytes
    ) -> None:
        if before is not None:
            store.write("a", before)
        seen: list[bytes | None] = []

        def change(old: bytes | None) -> bytes:
            seen.append(old)
            if len(seen) == 1:
                meanwhile(store)
            return (old or b"") + b"+"

        assert store.update("a", change)
        assert store.read("a") == after
        assert len(seen) == 2

    def test_a_conflict_that_s3_reports_is_tried_again(self, store: S3Store, s3_client: S3Client) -> None:
        client = boto3.client("s3", **_connected(s3_client))
        answers = [_answer(409, "ConditionalRequestConflict")]
        client.meta.events.register("before-send.s3.PutObject", lambda **_: answers.pop() if answers else None)

        assert S3Store(client, store.bucket, "press").update("a", lambda old: b"1")

        assert not answers
        assert store.read("a") == b"1"

    def test_no_other_error_is_tried_again(self, store: S3Store, s3_client: S3Client) -> None:
        client = boto3.client("s3", **_connected(s3_client))
        answers = [_answer(403, "AccessDenied", "no s3:PutObject here")]
        client.meta.events.register("before-send.s3.PutObject", lambda **_: answers.pop())
        with pytest.raises(StoreError, match=r"press/a could not be written: AccessDenied: no s3:PutObject here\.$"):
            S3Store(client, store.bucket, "press").update("a", lambda old: b"1")

    def test_who_is_always_too_late_is_told_after_some_attempts(
        self, store: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "UPDATE_ATTEMPTS", 3)
        others = iter(range(100))

        def change(old: bytes | None) -> bytes:
            store.write("a", b"%d" % next(others))
            return b"mine"

        with pytest.raises(UpdateConflictError, match="changed by others at each of 3 attempts"):
            store.update("a", change)
        assert store.read("a") == b"2"

    @every_verb()
    def test_a_missing_bucket_is_a_sentence(self, s3_client: S3Client, verb: Callable[[Store, str], Any]) -> None:
        with pytest.raises(StoreRefusedError) as error:
            verb(S3Store(s3_client, "celebs-nowhere"), "Celebs.csv")
        assert str(error.value) == (
            "There is no bucket 'celebs-nowhere': create it, or set CELEBS_STORE to another one."
        )

    @every_verb()
    def test_an_endpoint_that_is_not_there_is_a_sentence(self, verb: Callable[[Store, str], Any]) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}),
        )
        with pytest.raises(
            StoreError, match=r'could not be \w+: Could not .* "http://.*"\. Check the connection celebs_s3'
        ) as error:
            verb(S3Store(client, "celebs"), "Celebs.csv")
        assert not isinstance(error.value, PermanentError)

    def test_no_credentials_are_a_sentence(self, s3_endpoint: str) -> None:
        client = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
        with pytest.raises(
            StoreRefusedError, match=r"read: Unable to locate credentials\. Check the connection celebs_s3\.$"
        ):
            S3Store(client, "celebs").read("Celebs.csv")

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (403, "AccessDenied", NotPermittedError),
            (403, "InvalidAccessKeyId", StoreRefusedError),
            (403, "SignatureDoesNotMatch", StoreRefusedError),
            (400, "ExpiredToken", StoreRefusedError),
            (400, "AuthorizationHeaderMalformed", StoreRefusedError),
            (501, "NotImplemented", StoreRefusedError),
            (400, "RequestTimeout", StoreError),
            (400, "IncompleteBody", StoreError),
            (429, "TooManyRequests", StoreError),
            (500, "InternalError", StoreError),
            (503, "SlowDown", StoreError),
        ],
    )
    @every_verb()
    def test_only_what_may_pass_is_tried_again_by_airflow(
        self, s3_client: S3Client, status: int, code: str, kind: type[StoreError], verb: Callable[[Store, str], Any]
    ) -> None:
        client = boto3.client("s3", **_connected(s3_client), config=Config(retries={"total_max_attempts": 1}))
        client.meta.events.register("before-send.s3", lambda **_: _answer(status, code))
        with pytest.raises(StoreError, match=code) as error:
            verb(S3Store(client, "celebs"), "a")
        assert type(error.value) is kind

    def test_who_may_not_list_is_told_what_a_refused_read_may_mean(self, s3_client: S3Client) -> None:
        client = boto3.client("s3", **_connected(s3_client))
        client.meta.events.register("before-send.s3", lambda **_: _answer(403, "AccessDenied", "Access Denied"))
        with pytest.raises(NotPermittedError, match=r"AccessDenied: Access Denied \(without .* s3:ListBucket .*\)\.$"):
            S3Store(client, "celebs").read("a")


def _connected(client: S3Client) -> dict[str, str]:
    """What makes another client like this one."""
    return {
        "endpoint_url": client.meta.endpoint_url,
        "region_name": client.meta.region_name,
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }


def _answer(status: int, code: str, message: str = "") -> AWSResponse:
    """An answer that moto never gives."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
    raw = urllib3.HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
    return AWSResponse("", status, {}, raw)


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("s3://bucket/a/b", ("bucket", "a/b")),
        ("s3://bucket/a/", ("bucket", "a")),
        ("S3://bucket", ("bucket", "")),
        ("s3://bucket/a#b?c", ("bucket", "a#b?c")),
        ("data", None),
        ("/srv/data", None),
        ("s3/data", None),
    ],
)
def test_an_s3_address_is_a_bucket_and_a_prefix(location: str, place: tuple[str, str] | None) -> None:
    assert split_s3(location) == place
