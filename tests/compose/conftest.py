"""A Docker engine, the images that the stack begins with, and the stack itself: all of it once."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compose.stack import Stack, docker

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PACKAGES = ("docker.io", "docker-compose", "debootstrap", "iptables", "util-linux")


def _answers() -> bool:
    return bool(shutil.which("docker")) and not subprocess.run(["docker", "info"], capture_output=True).returncode


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """An engine that answers: the machine's own, else Debian's, for as long as the tests last."""
    if _answers():
        yield
        return
    if os.geteuid() or not shutil.which("apt-get"):
        pytest.fail("These tests need a Docker engine: start one, or run them as root on Debian, where they install it")
    if not shutil.which("dockerd"):
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        subprocess.run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES], check=True)
    with open("/tmp/dockerd.log", "wb") as log:
        process = subprocess.Popen(["dockerd"], stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not _answers():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"dockerd does not start: {Path(log.name).read_text()[-2000:]}")
            time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="session")
def stack(engine: None) -> Iterator[Stack]:
    """The stack, up, with the demo's newsroom. Its store is a file system of its own, which a test can fill."""
    subprocess.run([HERE / "standins.sh"], check=True, timeout=900)
    folder = Path(tempfile.mkdtemp(prefix="celebs-compose-"))
    folder.chmod(0o755)
    stack = Stack(folder)
    data = folder / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=775", "tmpfs", data], check=True)
    try:
        stack.prepare()
        stack.up()
        yield stack
    finally:
        if kept := os.environ.get("KEEP_STACK"):
            print(f"The stack stays up in {folder} (KEEP_STACK={kept}).")
        else:
            if stack.folder.joinpath(".env").exists():
                stack.compose("down", "--volumes", "--timeout", "10", check=False)
            subprocess.run(["umount", data], check=False)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def left_alone(stack: Stack) -> Iterator[Stack]:
    """The stack, whole and with nothing else to do."""
    stack.delete_others()
    yield stack
    for name in docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={stack.project}").split():
        docker("update", "--restart", "unless-stopped", name, check=False)
