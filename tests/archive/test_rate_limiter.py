"""One turn at a time for threads and processes; pauses that the archive asks for hold for all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from celeb_ops.archive.rate_limiter import MAX_PAUSE_S, Deadline, RateLimiter
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError
from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARCHIVE = "https://archive.example/web/"

# Another process: what it is to do, with `limiter` and `note`, which writes a line that all can read.
OTHER = """
import os, sys, time
from pathlib import Path
from celeb_ops.archive.rate_limiter import Deadline, RateLimiter

folder, log, rate, work = sys.argv[1:]
limiter = RateLimiter(Path(folder), "https://archive.example/web/", float(rate))
handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def note(word):
    os.write(handle, f"{word} {time.monotonic()}\\n".encode())

def soon():
    return Deadline(60)

exec(work)
"""


class Others:
    """Processes that take turns at the same archive, and what they noted: words, and moments of the monotonic clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cache"
        self.log = folder / "log"
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, work: str, rate: float = 1000) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", OTHER, self.folder, self.log, str(rate), work],
            env=os.environ | {"PYTHONPATH": str(PROJECT / "plugins")},
        )
        self._started.append(process)
        return process

    @property
    def notes(self) -> list[tuple[str, float]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(word, float(moment)) for word, moment in map(str.split, lines)]

    def wait_for(self, word: str) -> None:
        deadline = time.monotonic() + 30
        while not any(noted == word for noted, _ in self.notes):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def others(tmp_path: Path):
    others = Others(tmp_path)
    yield others
    others.close()


def soon() -> Deadline:
    return Deadline(10)


def a_limiter(folder: Path, rate: float = 1000) -> RateLimiter:
    return RateLimiter(folder, ARCHIVE, rate)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def hold(one: RateLimiter, notes: list[str], name: str, within_s: float = 10) -> None:
    with one.turn(Deadline(within_s)):
        notes.append(f"{name} in")
        time.sleep(0.01)
        notes.append(f"{name} out")


def test_processes_take_turns_one_at_a_time_and_at_the_rate(others: Others) -> None:
    work = """
note("ready")
while open(log).read().count("ready") < 3:
    time.sleep(0.005)
for _ in range(4):
    with limiter.turn(soon()):
        note("in")
        time.sleep(0.01)
        note("out")
"""
    processes = [others.start(work, rate=20) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    notes = [note for note in others.notes if note[0] != "ready"]
    assert [word for word, _ in notes] == ["in", "out"] * 12
    begun = [moment for word, moment in notes if word == "in"]
    ended = [moment for word, moment in notes if word == "out"]
    assert min(after - before for before, after in zip(ended, begun[1:], strict=False)) >= 0.05 - 0.005


def test_a_pause_that_another_process_was_told_to_make_holds_here(others: Others) -> None:
    assert others.start("with limiter.turn(soon()): limiter.pause(300)").wait(60) == 0
    with (
        pytest.raises(
            ArchiveBusyError,
            match=r"\.example refused requests or did not answer, and is not asked for another (299|300) s\.",
        ),
        a_limiter(others.folder).turn(soon()),
    ):
        pass


class TestADeadline:
    def test_ends_the_wait_for_other_threads(self, tmp_path: Path, pool: ThreadPoolExecutor) -> None:
        one = a_limiter(tmp_path)
        with one.turn(soon()):
            start = time.monotonic()
            with pytest.raises(ArchiveBusyError, match="want more of the archive"):
                pool.submit(hold, one, [], "late", within_s=0.2).result()
            assert 0.15 < time.monotonic() - start < 5
        with one.turn(soon()):
            pass

    def test_ends_the_wait_for_other_processes_one_of_which_is_killed(self, others: Others) -> None:
        process = others.start('with limiter.turn(soon()):\n    note("in")\n    time.sleep(60)')
        others.wait_for("in")
        start = time.monotonic()
        with (
            pytest.raises(ArchiveBusyError, match="other tasks want more of the archive"),
            a_limiter(others.folder).turn(Deadline(0.2)),
        ):
            pass
        process.kill()
        process.wait()
        with a_limiter(others.folder).turn(soon()):
            pass
        assert time.monotonic() - start < 5


def test_a_time_that_no_pause_can_have_set_says_now_and_is_put_right(tmp_path: Path) -> None:
    """The machine's clock was years ahead."""
    one = a_limiter(tmp_path, rate=2)
    with one.turn(soon()):
        one.pause(1e9)
    (file,) = tmp_path.glob("*.example")
    assert file.stat().st_mtime == pytest.approx(time.time() + MAX_PAUSE_S, abs=10)
    os.utime(file, (2e9, 2e9))
    start = time.monotonic()
    with one.turn(soon()):
        pass
    assert time.monotonic() - start < 0.4
    with one.turn(soon()):
        assert time.monotonic() - start >= 0.45


def test_a_deadline_that_is_cancelled_ends_the_wait(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    one, deadlines = a_limiter(tmp_path), [Deadline(30), Deadline(30)]

    def wait(deadline: Deadline) -> None:
        with one.turn(deadline):
            pass

    with one.turn(soon()):
        one.pause(8)
        start = time.monotonic()
        # For the lock, and then for the end of the pause.
        waiting = [pool.submit(wait, deadline) for deadline in deadlines]
        time.sleep(0.1)
        deadlines[0].cancel()
        assert isinstance(waiting[0].exception(timeout=5), ArchiveBusyError)
    time.sleep(0.1)
    deadlines[1].cancel()
    assert isinstance(waiting[1].exception(timeout=5), ArchiveBusyError)
    assert time.monotonic() - start < 3


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one = a_limiter(tmp_path / "file")
    with pytest.raises(ArchiveError, match=r"can't be written \(.+\): see CELEBS_CACHE\."), one.turn(soon()):
        pass
