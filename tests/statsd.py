"""A statsd server on loopback that keeps what it is sent."""

import socket
import threading
import time
from collections.abc import Iterable
from typing import Self


class Statsd:
    """Takes datagrams of ``name:value|type`` lines; ``lines`` are those whose name begins with ``airflow.celebs.``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _take(self) -> None:
        while True:
            try:
                data = self._socket.recv(65_536)
            except OSError:
                return
            self.lines += [line for line in data.decode().splitlines() if line.startswith("airflow.celebs.")]

    def wait_for(self, wanted: Iterable[str], within_s: float = 5) -> list[str]:
        """The lines, once these are among them."""
        deadline = time.monotonic() + within_s
        while not set(wanted) <= set(self.lines):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {sorted(set(wanted) - set(self.lines))} within {within_s:g} s: {self.lines}")
            time.sleep(0.05)
        return list(self.lines)
