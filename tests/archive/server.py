"""A real web archive on loopback: pywb, in an environment of its own, with recordings that a test made."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from celeb_ops.core.settings import PROJECT
from tests.web import free_port

PROGRAMS = PROJECT / ".venv" / "archive" / "bin"
COLLECTION = "coll"
START_S = 60
"""More than a loaded machine needs; a free one takes one second."""


@dataclass(frozen=True)
class Archive:
    """A running archive."""

    address: str
    """Without a slash at its end."""

    @property
    def timegate(self) -> str:
        """What an address is appended to, for its TimeGate."""
        return f"{self.address}/{COLLECTION}/"

    def memento(self, url: str, when: datetime, modifier: str = "id_") -> str:
        """Where this archive has ``url`` as of ``when``; ``id_``: as recorded, ``if_``: for a frame, without banner."""
        return f"{self.timegate}{when.astimezone(UTC):%Y%m%d%H%M%S}{modifier}/{url}"


@contextmanager
def archive(folder: Path, recordings: Iterable[Path], redirect_to_exact: bool = True) -> Iterator[Archive]:
    """pywb with the ``recordings`` (WARC files), for as long as the context lasts. ``folder`` is its own.

    ``redirect_to_exact``: whether it leads from a time at which nothing was recorded to the time of the record, as
    web.archive.org does; else it answers with the record, and says its address in ``Content-Location``.
    """
    if not (PROGRAMS / "wayback").exists():
        raise FileNotFoundError(f"{PROGRAMS / 'wayback'} is missing: run `make setup-dev`, which installs it")
    _index(folder, recordings)
    # JSON is YAML.
    (folder / "config.yaml").write_text(
        json.dumps(
            {
                "collections": {COLLECTION: {"index_paths": "index.cdxj", "archive_paths": "warcs/"}},
                "framed_replay": False,
                "redirect_to_exact": redirect_to_exact,
            }
        )
    )
    port = free_port()
    command = [PROGRAMS / "wayback", "--bind", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        # A session of its own: whatever it starts is ended with it.
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(folder), stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_S
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"pywb does not answer on port {port}: {(folder / 'log').read_text()}")
            time.sleep(0.05)
        yield Archive(f"http://127.0.0.1:{port}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _index(folder: Path, recordings: Iterable[Path]) -> None:
    warcs = folder / "warcs"
    warcs.mkdir(parents=True)
    for number, recording in enumerate(recordings):
        # Two may have one name.
        shutil.copy(recording, warcs / f"{number}-{recording.name}")
    command = [PROGRAMS / "cdx-indexer", "--sort", "--cdxj", "--output", folder / "index.cdxj", warcs]
    done = subprocess.run(command, env=_environment(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pywb could not index {warcs}: {done.stderr}")


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of this process's own, and no way out: what is not on this machine is asked for where nobody answers."""
    nowhere = "http://127.0.0.1:9"
    ways = {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": "127.0.0.1,localhost"}
    return {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C.UTF-8", **ways}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
