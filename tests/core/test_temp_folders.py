import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from celeb_ops.core.temp_folders import scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def made(folder: Path) -> Path:
    folder.mkdir()
    (folder / "profile").write_text("a profile")
    return folder


def test_a_folder_names_its_process_and_goes_with_its_block(temporary: Path) -> None:
    with scratch_folder("browser") as folder:
        (folder / "profile").mkdir()
        assert folder.parent == temporary
        assert folder.name.startswith(f"celebs-browser-{os.getpid()}-")
    assert list(temporary.iterdir()) == []


def test_what_a_dead_process_left_is_removed_and_no_more(temporary: Path, dead: int) -> None:
    left = [made(temporary / f"celebs-{kind}-{dead}-abc_123") for kind in ("browser", "capture")]
    used = [made(temporary / f"celebs-browser-{pid}-abc") for pid in (os.getpid(), os.getppid(), 1)]
    others = [made(temporary / name) for name in (f"celebs-{dead}", "celebs-test-a-b", f"other-browser-{dead}-abc")]
    with scratch_folder("browser"):
        assert not any(folder.exists() for folder in left)
        assert all((folder / "profile").exists() for folder in (*used, *others))


def test_what_is_of_another_user_stays(temporary: Path, dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = made(temporary / f"celebs-browser-{dead}-abc")
    monkeypatch.setattr(os, "geteuid", lambda: left.stat().st_uid + 1)
    with scratch_folder("browser"):
        assert (left / "profile").exists()


def test_a_link_is_not_followed(temporary: Path, tmp_path: Path, dead: int) -> None:
    elsewhere = made(tmp_path / "elsewhere")
    (temporary / f"celebs-browser-{dead}-abc").symlink_to(elsewhere)
    with scratch_folder("browser"):
        assert (elsewhere / "profile").exists()
