"""What a writer that is killed leaves half-way, and how it goes."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from celeb_ops.cli.main import main
from celeb_ops.core import atomic_files
from celeb_ops.core.exceptions import ExportError
from celeb_ops.core.removal_list import RemovedPerson, add
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset.export import Selection, export
from celeb_ops.operators.retention import tidy


@pytest.fixture
def left(folder_store: FolderStore) -> Iterator[Path]:
    """What is there when a writer is killed in the middle of a file."""
    writer = atomic_files.atomic_file(folder_store.root / "Results" / "a.json")
    with writer.__enter__() as file:
        file.write(b'{"name": "Grace Hopper"}')
    yield from parts_in(folder_store.root)
    # Until here: a writer that is let go of cleans up.
    del writer


def parts_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name.endswith(".part")]


def age(path: Path, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


def test_forget_removes_it_at_once(folder_store: FolderStore, left: Path) -> None:
    add(folder_store, RemovedPerson("Grace Hopper"))
    folder_store.write("Results/b.json", b"{}")
    assert b"Grace Hopper" in left.read_bytes()
    assert main(["forget", "Grace Hopper", "--dry-run"]) == 0
    assert left.exists()
    assert main(["forget", "Grace Hopper"]) == 0
    assert parts_in(folder_store.root) == []


def test_who_is_at_work_just_then_writes_again(folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    swept = []

    def sync(file: int) -> None:
        if not swept:
            swept.append(folder_store.sweep(at_once=True))

    monkeypatch.setattr(os, "fsync", sync)
    folder_store.write("Results/a.json", b"whole")
    assert swept == [1]
    assert folder_store.read("Results/a.json") == b"whole"
    assert parts_in(folder_store.root) == []


def test_tidy_removes_it_after_a_day(folder_store: FolderStore, left: Path) -> None:
    settings = Settings.load()
    assert tidy(folder_store, settings) is None
    assert left.exists()
    age(left, days=2)
    assert tidy(folder_store, settings) == "removed half-written files (1 file)"
    assert not left.exists()


def test_an_export_that_was_killed_goes_with_the_next(folder_store: FolderStore, tmp_path: Path) -> None:
    killed = tmp_path / f".export.{uuid4().hex}.part"
    others = tmp_path / ".film.mkv.part"
    others.touch()
    killed.mkdir()
    (killed / "Sightings.0.part").write_bytes(b"Grace Hopper")
    for one in (killed, others):
        age(one, days=2)
    with pytest.raises(ExportError):
        export(folder_store, Selection(), "csv", tmp_path / "export")
    assert not killed.exists()
    assert others.exists()
