import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mypy_boto3_s3 import S3Client

from celeb_ops.core.exceptions import InvalidKeyError, NotStoredError
from celeb_ops.core.store import FolderStore, S3Store, Store, checked, split_s3
from tests.core.store.verbs import an_s3_client, every_verb


class TestOneFile:
    def test_what_is_written_is_read(self, store: Store) -> None:
        content = bytes(range(256)) * 300
        store.write("Images/a.json", content)
        assert store.read("Images/a.json") == content
        store.write("Images/a.json", b"short")
        assert store.read("Images/a.json") == b"short"

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

    def test_deleted_is_gone_and_deleting_again_does_nothing(self, store: Store) -> None:
        # An empty file is there like any other.
        store.write("a", b"")
        assert store.exists("a")
        assert store.read("a") == b""
        store.delete("a")
        assert not store.exists("a")
        store.delete("a")

    def test_its_version_changes_with_its_content(self, store: Store) -> None:
        store.write("Trends/a", b"1")
        store.write("other", b"1")
        (first,), (again,) = store.files("Trends/"), store.files("Trends/")
        assert (first.key, first.version) == ("Trends/a", again.version)
        store.write("Trends/a", b"2")
        assert [one.version == first.version for one in store.files("Trends/")] == [False]

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
            ("Celebs.csv", ["Celebs.csv"]),
            ("Celebs.csv/", []),
            ("Faces/TMZ/", []),
            ("", ["Celebs.csv", "Images/b", "Slices/b.json", "Slices/b/10", "Slices/b/2", "Slices/bc/1"]),
        ],
    )
    def test_lists_what_begins_with_the_prefix_sorted(self, filled: Store, prefix: str, keys: list[str]) -> None:
        assert list(filled.list(prefix)) == keys
        assert [one.key for one in filled.files(prefix)] == keys

    def test_tells_when_a_file_was_written_and_its_bytes(self, store: Store) -> None:
        store.write("Slices/a", b"an older one")
        # S3 has whole seconds.
        before = datetime.now(UTC) - timedelta(seconds=1)
        store.write("Slices/a", b"12345")
        (one,) = store.files("Slices/")
        assert before <= one.written <= datetime.now(UTC)
        assert (one.key, one.size) == ("Slices/a", 5)

    def test_what_was_listed_may_be_deleted_while_the_rest_is(self, filled: Store) -> None:
        for one in filled.files("Slices/"):
            filled.delete(one.key)
        assert list(filled.list("")) == ["Celebs.csv", "Images/b"]

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
        few = an_s3_client(s3_client.meta.endpoint_url)
        few.meta.events.register("provide-client-params.s3.ListObjectsV2", lambda params, **_: params | {"MaxKeys": 2})
        store = S3Store(few, bucket)
        assert list(store.list("")) == ["0", "1", "2", "3", "4"]
        # Also where those of the pages before are deleted meanwhile.
        for one in store.files(""):
            store.delete(one.key)
        assert list(store.list("")) == []


class TestInside:
    """No name of a site or a person reaches what is outside the store."""

    OUTSIDE = ("../a", "a/../../b", "..", "/etc/passwd", "a//b", "a/./b", ".", "a\\b", "a\0b", ".locks/a", "b/.a.part")

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

    def test_s3_does_not_see_a_neighbour_s_files(self, bucket: str, s3_client: S3Client) -> None:
        S3Store(s3_client, bucket, "press2").write("Celebs.csv", b"1")
        store = S3Store(s3_client, bucket, "press")
        assert not store.exists("Celebs.csv")
        assert list(store.list("")) == []


class TestUpdate:
    def test_gets_what_is_there_and_makes_the_file(self, store: Store) -> None:
        assert store.update("Captures/a", lambda old: b"new" if old is None else b"wrong")
        assert store.update("Captures/a", lambda old: (old or b"") + b"2")
        assert store.read("Captures/a") == b"new2"

    @pytest.mark.parametrize("there", [None, b"1"])
    @pytest.mark.parametrize("same", [False, True], ids=["none", "the same"])
    def test_no_change_writes_nothing(self, store: Store, there: bytes | None, same: bool) -> None:
        if there is not None:
            store.write("a", there)
        assert store.update("a", lambda old: old if same else None) is False
        assert (store.read("a") if store.exists("a") else None) == there

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
