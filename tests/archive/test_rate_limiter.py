"""One turn at a time for threads and processes; pauses that the archive asks for hold for all of them."""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from celeb_ops.archive.rate_limiter import MAX_PAUSE_S, Deadline, RateLimiter
from celeb_ops.core.exceptions import ArchiveBusyError, ArchiveError

SPAWN = multiprocessing.get_context("spawn")


def a_limiter(folder: Path, rate: float = 1000) -> RateLimiter:
    return RateLimiter(folder, "https://archive.example/web/", rate)


def take(folder: Path, within_s: float = 10, hold_s: float = 0, pause_s: float = 0) -> tuple[float, float]:
    """A turn; when it began and ended, by the machine's monotonic clock."""
    limiter = a_limiter(folder, rate=20)
    with limiter.turn(Deadline(within_s)):
        start = time.monotonic()
        (folder / "begun").touch()
        time.sleep(hold_s)
        if pause_s:
            limiter.pause(pause_s)
        return start, time.monotonic()


def test_threads_and_processes_take_turns_one_at_a_time_and_at_the_rate(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=SPAWN) as processes, ThreadPoolExecutor(2) as threads:
        pools = [processes, threads] * 6
        turns = sorted(one.result() for one in [pool.submit(take, tmp_path, 60, 0.01) for pool in pools])
    assert len(turns) == 12
    assert min(after[0] - before[1] for before, after in pairwise(turns)) >= 0.05 - 0.005


def test_a_pause_of_another_process_holds_here_and_the_longest_counts(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=SPAWN) as processes:
        processes.submit(take, tmp_path, pause_s=300).result()
    said = r"\.example refused requests or did not answer, and is not asked for another (299|300) s\."
    start = time.monotonic()
    with pytest.raises(ArchiveBusyError, match=said):
        take(tmp_path)
    assert time.monotonic() - start < 5


def test_a_deadline_ends_the_wait_for_one_that_is_killed(tmp_path: Path) -> None:
    process = SPAWN.Process(target=take, args=(tmp_path,), kwargs={"hold_s": 60})
    process.start()
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    start = time.monotonic()
    with pytest.raises(ArchiveBusyError, match="This page and other tasks want more of the archive"):
        take(tmp_path, within_s=0.2)
    process.kill()
    process.join()
    take(tmp_path)
    assert time.monotonic() - start < 5


def test_a_deadline_that_is_cancelled_ends_the_wait(tmp_path: Path) -> None:
    limiter, deadlines = a_limiter(tmp_path), [Deadline(30), Deadline(30)]

    def wait(deadline: Deadline) -> None:
        with limiter.turn(deadline):
            pass

    with ThreadPoolExecutor(2) as pool:
        with limiter.turn(Deadline(10)):
            limiter.pause(8)
            start = time.monotonic()
            # One ends as it waits for the lock, the other as it waits for the end of the pause.
            waiting = [pool.submit(wait, deadline) for deadline in deadlines]
            time.sleep(0.1)
            deadlines[0].cancel()
            assert isinstance(waiting[0].exception(timeout=5), ArchiveBusyError)
        time.sleep(0.1)
        deadlines[1].cancel()
        assert isinstance(waiting[1].exception(timeout=5), ArchiveBusyError)
    assert time.monotonic() - start < 3


def test_of_the_threads_that_wait_the_lowest_rank_is_first_and_then_who_came_first(tmp_path: Path) -> None:
    limiter, begun = a_limiter(tmp_path, rate=20), []

    def ask(name: str, rank: int) -> None:
        with limiter.turn(Deadline(30), rank):
            begun.append(name)

    with ThreadPoolExecutor(5) as pool, limiter.turn(Deadline(30)):
        for name, rank in (("data", 3), ("picture", 2), ("other picture", 2), ("page", 0), ("style", 1)):
            pool.submit(ask, name, rank)
            time.sleep(0.05)
    assert begun == ["page", "style", "picture", "other picture", "data"]


def test_a_time_that_no_pause_can_have_set_means_now_and_is_put_right(tmp_path: Path) -> None:
    """The machine's clock was years ahead."""
    limiter = a_limiter(tmp_path, rate=2)
    with limiter.turn(Deadline(10)):
        limiter.pause(1e9)
    (file,) = tmp_path.glob("*.example")
    assert file.stat().st_mtime == pytest.approx(time.time() + MAX_PAUSE_S, abs=10)
    os.utime(file, (2e9, 2e9))
    start = time.monotonic()
    for after_s in (0, 0.45):
        with limiter.turn(Deadline(10)):
            assert after_s <= time.monotonic() - start < after_s + 0.4


def test_a_folder_that_can_not_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match=r"can't be written \(.+\): see CELEBS_CACHE\."):
        take(tmp_path / "file")
