"""What Airflow itself takes while something runs: CPU seconds and memory by process, and how long its loop takes."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

EVERY_S = 0.1
"""Between two looks at the processes' CPU: what a process does after the last one is not counted."""
MEMORY_EVERY = 10
"""Looks at the CPU for one at memory, which takes longer."""
_TICKS = os.sysconf("SC_CLK_TCK")
BROWSER, TASK = "browser", "task"
_TASK = re.compile(r"airflow worker -- [0-9a-f]{8}-")
"""Airflow renames the process that runs a task, with the task instance's id."""


@dataclass
class Usage:
    """CPU seconds by kind of process; memory in MB, pages that processes share counted once (PSS)."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    """``browser``, ``task`` (a task's own process), ``services`` (all else of Airflow)."""
    peak_mb: dict[str, float] = field(default_factory=dict)
    idle_mb: float = 0
    """Of the services, before."""
    tasks_at_once: int = 0

    @property
    def without_browsers_s(self) -> float:
        return sum(seconds for kind, seconds in self.cpu_s.items() if kind != BROWSER)


class Watch:
    """Looks at a process and all below it, as long as the context lasts. Linux only: it reads ``/proc``."""

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._cpu: dict[tuple[int, str], tuple[str, float]] = {}
        self._before: dict[tuple[int, str], float] = {}
        self.usage = Usage()

    def __enter__(self) -> Self:
        self._before = {one: seconds for one, (_, seconds) in self._processes().items()}
        self.usage.idle_mb = self._memory()["services"]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        by_kind: dict[str, float] = defaultdict(float)
        for one, (kind, seconds) in self._cpu.items():
            by_kind[kind] += seconds - self._before.get(one, 0)
        self.usage.cpu_s = dict(by_kind)

    def _look_on(self) -> None:
        looks = 0
        while not self._ended.wait(EVERY_S):
            now = self._processes()
            for one, (kind, seconds) in now.items():
                # A process is forked under its parent's name and takes its own a moment later.
                self._cpu[one] = (kind, seconds)
            if looks % MEMORY_EVERY == 0:
                for kind, megabytes in self._memory().items():
                    self.usage.peak_mb[kind] = max(self.usage.peak_mb.get(kind, 0), megabytes)
            self.usage.tasks_at_once = max(self.usage.tasks_at_once, sum(kind == TASK for kind, _ in now.values()))
            looks += 1

    def _processes(self) -> dict[tuple[int, str], tuple[str, float]]:
        """By process id and start: its kind, and the CPU seconds of its own."""
        found = {}
        for pid in self._family():
            with suppress(OSError, ValueError, IndexError):
                values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                found[pid, values[19]] = (_kind(pid), (int(values[11]) + int(values[12])) / _TICKS)
        return found

    def _memory(self) -> dict[str, float]:
        sums: dict[str, float] = defaultdict(float)
        for pid in self._family():
            with suppress(OSError, AttributeError):
                told = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
                sums[_kind(pid)] += int(told[1]) / 1024 if told else 0
        return sums

    def _family(self) -> set[int]:
        """The process and all below it, and those of its session that have lost their parent."""
        parents, sessions = {}, {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                with suppress(OSError, ValueError, IndexError):
                    values = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                    parents[int(name)], sessions[int(name)] = int(values[1]), int(values[3])
        family = {self._root}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        led = {pid for pid in family if sessions.get(pid) == pid}
        return family | {pid for pid, session in sessions.items() if session in led}


def _kind(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    name = Path(f"/proc/{pid}/comm").read_text()
    if "chrom" in name or "chrom" in command.split(" ")[0]:
        return BROWSER
    return TASK if _TASK.match(command) else "services"


class Counters:
    """A StatsD server on loopback that keeps the times it is told, in ms; Airflow tells them to ``settings``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.times: dict[str, list[float]] = defaultdict(list)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self._socket.getsockname()[1]),
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                for line in self._socket.recv(65_536).decode(errors="replace").splitlines():
                    if told := re.match(r"airflow\.([\w.]+)[^:]*:([\d.]+)\|ms", line):
                        self.times[told[1]].append(float(told[2]))
