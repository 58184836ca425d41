import contextlib
import itertools
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from celeb_ops.core.exceptions import InvalidKeyError, StoreError, UpdateConflictError
from celeb_ops.core.store import FolderStore, Store, folder
from tests.core.store.verbs import every_verb


class TestFolder:
    def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(self, folder_store: FolderStore) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        old, new = bytes(8_000_000), bytes([1]) * 8_000_000
        folder_store.write("Celebs.csv", old)
        before = signal.signal(signal.SIGUSR1, interrupt)
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
        try:
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                # Without end.
                any(folder_store.write("Celebs.csv", content) for content in itertools.cycle((old, new)))
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

    @every_verb()
    @pytest.mark.parametrize("key", ["Images/a", "Celebs.csv"])
    def test_no_link_leads_out_of_it(self, tmp_path: Path, verb: Callable[[Store, str], Any], key: str) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        for name in ("a", "Celebs.csv"):
            (outside / name).write_bytes(b"theirs")
        store = FolderStore(tmp_path / "data")
        store.root.mkdir()
        (store.root / "Images").symlink_to(outside)
        (store.root / "Celebs.csv").symlink_to(outside / "Celebs.csv")
        with contextlib.suppress(InvalidKeyError):
            # Of a link it writes or deletes the link itself.
            assert not verb(store, key)
        assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"a": b"theirs", "Celebs.csv": b"theirs"}

    def test_a_store_behind_a_link_is_one(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "data").symlink_to(tmp_path / "disk")
        store = FolderStore(tmp_path / "data")
        store.write("Images/a", b"1")
        assert (store.read("Images/a"), list(store.list("Images/"))) == (b"1", ["Images/a"])

    @every_verb("exists", "list", "files", "delete", "read")
    def test_a_file_in_the_folder_s_place_is_a_sentence(
        self, tmp_path: Path, verb: Callable[[Store, str], Any]
    ) -> None:
        (tmp_path / "data").write_bytes(b"")
        with pytest.raises(StoreError, match=r"data/Images/a could not be (written|locked): (File exists|Not a dir)"):
            verb(FolderStore(tmp_path / "data"), "Images/a")

    def test_the_error_after_too_long_a_wait_names_the_lock(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folder, "LOCK_TIMEOUT_S", 0.1)
        folder_store.update("Captures/a", lambda old: b"1")
        lock = folder_store.root / ".locks" / "Captures_a.lock"
        with FileLock(lock), pytest.raises(UpdateConflictError, match=r"locked for 0\.1 s by another process") as error:
            folder_store.update("Captures/a", lambda old: b"2")
        assert str(lock) in str(error.value)
        assert folder_store.read("Captures/a") == b"1"

    def test_an_empty_folder_goes_with_its_last_file_but_the_store_s_own(self, folder_store: FolderStore) -> None:
        for key in ("Slices/a/1", "Celebs.csv"):
            folder_store.write(key, b"")
            folder_store.delete(key)
        assert not (folder_store.root / "Slices" / "a").exists()
        assert folder_store.root.is_dir()

    def test_writes_into_a_folder_that_others_take_away_all_succeed(self, folder_store: FolderStore) -> None:
        ended = threading.Event()

        def come_and_go() -> None:
            while not ended.is_set():
                folder_store.write("Slices/a/other", b"")
                folder_store.delete("Slices/a/other")
                list(folder_store.list("Slices/"))

        with ThreadPoolExecutor(2) as threads:
            others = [threads.submit(come_and_go) for _ in range(2)]
            try:
                for number in range(150):
                    folder_store.write("Slices/a/mine", b"%d" % number)
                    assert folder_store.read("Slices/a/mine") == b"%d" % number
                    folder_store.delete("Slices/a/mine")
            finally:
                ended.set()
        for other in others:
            other.result()


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
