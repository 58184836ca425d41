"""A Docker engine, the images that the stack begins with, and the stack itself, for as long as it is wanted."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.compose.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PACKAGES = ("docker.io", "docker-compose", "debootstrap", "iptables", "util-linux")


def _answers() -> bool:
    return bool(shutil.which("docker")) and not subprocess.run(["docker", "info"], capture_output=True).returncode


@contextmanager
def running_engine() -> Iterator[None]:
    """An engine that answers: the machine's own, else Debian's, for as long as the context lasts."""
    if _answers():
        yield
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise RuntimeError("A Docker engine is needed: start one, or be root on Debian, where it is installed here")
    if not shutil.which("dockerd"):
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        subprocess.run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES], check=True)
    with tempfile.NamedTemporaryFile(suffix="-dockerd.log") as log:
        process = subprocess.Popen(["dockerd"], stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 60
            while not _answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"dockerd does not start: {Path(log.name).read_text()[-2000:]}")
                time.sleep(1)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


@contextmanager
def running_stack() -> Iterator[Stack]:
    """The stack, up, with the demo's newsroom. Its store is a file system of its own, which a test can fill."""
    with running_engine(), ExitStack() as after:
        subprocess.run([HERE / "standins.sh"], check=True, timeout=900)
        folder = Path(tempfile.mkdtemp(prefix="celebs-compose-"))
        after.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m,mode=775", "tmpfs", data], check=True)
        after.callback(subprocess.run, ["umount", data], check=False)
        stack = Stack(folder)
        stack.prepare()
        after.callback(stack.compose, "down", "--volumes", "--timeout", "10", check=False)
        stack.up()
        if os.environ.get("KEEP_STACK"):
            after.pop_all()
            print(f"\nThe stack stays up: CLUSTER_FOLDER={folder}")
        yield stack
