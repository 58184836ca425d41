"""What ``deploy/docker/browser.sh`` sees to beside its chromedriver."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def started(folder: Path, **environment: str) -> Iterator[None]:
    """The script, a Chromium that starts and a driver that does nothing; temporary files are in ``folder / "tmp"``."""
    binaries = folder / "bin"
    binaries.mkdir()
    for name, line in (("chromium", "exit 0"), ("chromedriver", "sleep 60")):
        (binaries / name).write_text(f"#!/bin/sh\n{line}\n")
        (binaries / name).chmod(0o755)
    # Not a look at other people's browsers, which it would take for its own.
    given = {"PATH": f"{binaries}:{os.environ['PATH']}", "TMPDIR": str(folder / "tmp"), "BROWSER_LOOK_S": "600"}
    command = ["sh", str(PROJECT / "deploy" / "docker" / "browser.sh")]
    script = subprocess.Popen(command, env=os.environ | given | environment, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(script.pid, signal.SIGKILL)
        script.wait()


def browser_of(profile: Path) -> subprocess.Popen[bytes]:
    profile.mkdir(parents=True)
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", f"--user-data-dir={profile}"])


def test_a_browser_whose_page_fills_the_disk_is_ended_and_the_others_are_not(tmp_path: Path) -> None:
    greedy, modest = tmp_path / "tmp" / "greedy", tmp_path / "tmp" / "modest"
    with browser_of(greedy) as ended, browser_of(modest) as going_on:
        try:
            (greedy / "page").write_bytes(os.urandom(3_000_000))
            with started(tmp_path, BROWSER_DISK_MB="1"):
                assert ended.wait(timeout=20) == -signal.SIGKILL
                assert going_on.poll() is None
        finally:
            ended.kill()
            going_on.kill()
    assert modest.exists()
