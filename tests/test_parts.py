"""What a writer that is killed leaves half-way, and how it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from celeb_ops.cli.main import main
from celeb_ops.operators.tidy import tidy
from celeb_ops.removed import Person, add
from celeb_ops.settings import PROJECT, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from celeb_ops.store import FolderStore

    Writer = Callable[[], subprocess.Popen[str]]

# Stops in the middle, as long as nothing is said to it.
WRITER = """
import os, sys
from pathlib import Path
from celeb_ops.store import FolderStore
os.fsync = lambda _: (print("half-way", flush=True), sys.stdin.readline())
FolderStore(Path(sys.argv[1])).write("Results/a.json", b'{"name": "Grace Hopper"}')
"""


@pytest.fixture
def writer(folder_store: FolderStore) -> Iterator[Writer]:
    """Starts one that is in the middle of a file."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder_store.root)],
            env={**os.environ, "PYTHONPATH": str(PROJECT / "plugins")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "half-way\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def parts(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name.endswith(".part")]


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_forget_removes_what_a_killed_writer_left_and_a_live_one_writes_again(
    folder_store: FolderStore, writer: Writer
) -> None:
    add(folder_store, Person("Grace Hopper"))
    folder_store.write("Results/b.json", b"{}")
    killed(writer())
    live = writer()
    dead, _ = sorted(parts(folder_store.root), key=lambda part: part.stat().st_mtime_ns)
    assert b"Grace Hopper" in dead.read_bytes()
    assert main(["forget", "Grace Hopper", "--dry-run"]) == 0
    assert dead.exists()
    assert main(["forget", "Grace Hopper"]) == 0
    assert parts(folder_store.root) == []
    live.communicate("on\n")
    assert live.returncode == 0
    assert parts(folder_store.root) == []
    assert folder_store.exists("Results/a.json")


def test_tidy_removes_it_after_a_day(folder_store: FolderStore, writer: Writer) -> None:
    killed(writer())
    settings = Settings.load()
    assert tidy(folder_store, settings) is None
    (left,) = parts(folder_store.root)
    then = time.time() - timedelta(days=2).total_seconds()
    os.utime(left, (then, then))
    assert tidy(folder_store, settings) == "removed what killed writers had left (1 file)"
    assert parts(folder_store.root) == []


def test_an_export_that_was_killed_goes_with_the_next(folder_store: FolderStore, tmp_path: Path) -> None:
    from celeb_ops.dataset.export import Wanted, export
    from celeb_ops.exceptions import ExportError

    left = tmp_path / f".export.{uuid4().hex}.part"
    others = tmp_path / ".film.mkv.part"
    others.touch()
    left.mkdir()
    (left / "Sightings.0.part").write_bytes(b"Grace Hopper")
    then = datetime.now(UTC).timestamp() - 200_000
    for one in (left, others):
        os.utime(one, (then, then))
    with pytest.raises(ExportError):
        export(folder_store, Wanted(None, None, ()), "csv", tmp_path / "export")
    assert not left.exists()
    assert others.exists()
