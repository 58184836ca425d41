"""The cluster of ``docker-compose.yaml``: wall time by number of browsers, and what twenty runs leave behind.

``python -m benchmarks.cluster browsers soak`` (``make bench-cluster``); it starts a stack of its own as the tests of
``tests/compose`` do. A stack that is up already (``KEEP_STACK=1 make test-compose``) is named by ``CLUSTER_FOLDER``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from rich.console import Console
from tests.compose.running import running_stack
from tests.compose.stack import NINE, PAGES, Stack, docker, now

from benchmarks.table import table_of
from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer", "worker", "browser", "postgres", "redis")
RUNS = int(os.environ.get("SOAK_RUNS", "20"))


def browsers(stack: Stack) -> Iterator[dict[str, Any]]:
    """Wall time of a nine-site run with 1, 2 and 4 browsers at once."""
    for number in (1, 2, 4):
        # Workers and DAG read .env themselves; as many tasks at once as browsers, and some for the other steps.
        stack.set("CELEBS_BROWSERS", str(number))
        stack.compose(
            "up", "-d", "--no-recreate", "--scale", f"browser={number}", "--scale", f"worker={max(1, number // 2)}"
        )
        stack.wait_until_healthy()
        # The DAG as the processor reads it next has the new bound.
        stack.wait_until_parsed()
        when = now()
        began = time.monotonic()
        state = stack.wait(stack.trigger(when, NINE))
        yield {
            "browsers": number,
            "workers": max(1, number // 2),
            "state": state,
            "wall s": round(time.monotonic() - began),
            "rows": len(stack.rows(when)),
        }


@dataclass(frozen=True)
class Held:
    """What a service's containers hold."""

    processes: int
    files: int
    """Open ones."""
    temporary: int
    """Files and folders in ``/tmp``."""
    mb: float
    """Memory; pages that processes share count once (PSS)."""


def soak(stack: Stack) -> Iterator[dict[str, Any]]:
    """Twenty runs of the demo's three sites, back to back: what each service holds after each."""
    samples: dict[str, list[Held]] = {service: [] for service in SERVICES}
    for number in range(RUNS + 1):
        if number:
            when = now() + timedelta(seconds=1)
            state = stack.wait(stack.trigger(when, list(PAGES)))
            _say(f"run {number} of {RUNS}: {state}")
            # The trends follow the run; what a task leaves is looked at when none is under way.
            stack.wait_until_idle()
        for service in SERVICES:
            samples[service].append(held(stack, service))
    # The first runs fill caches and pools.
    warm = min(5, RUNS // 2)
    for service, seen in samples.items():
        later = seen[warm:]
        row: dict[str, Any] = {"service": service}
        for what in ("processes", "files", "temporary", "mb"):
            values = [getattr(one, what) for one in later]
            slope = float(np.polyfit(range(len(values)), values, 1)[0]) if len(values) > 1 else 0.0
            row |= {what: f"{values[0]:.0f} → {values[-1]:.0f}", f"{what} a run": f"{slope:+.2f}"}
        yield row


def held(stack: Stack, service: str) -> Held:
    processes = files = temporary = 0
    mb = 0.0
    for container in stack.containers(service):
        main = int(docker("inspect", "-f", "{{.State.Pid}}", container))
        with suppress(psutil.NoSuchProcess):
            for one in [psutil.Process(main), *psutil.Process(main).children(recursive=True)]:
                with suppress(psutil.NoSuchProcess, OSError):
                    files += one.num_fds()
                    mb += _pss_mb(one.pid)
                    processes += 1
            temporary += sum(1 for _ in Path(f"/proc/{main}/root/tmp").rglob("*"))
    return Held(processes, files, temporary, mb)


def _pss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _say(text: str) -> None:
    print(f"  · {text}", file=sys.stderr, flush=True)


@contextmanager
def _stack() -> Iterator[Stack]:
    if folder := os.environ.get("CLUSTER_FOLDER"):
        yield Stack.of(Path(folder))
        return
    with running_stack() as stack:
        yield stack


PARTS: dict[str, Callable[[Stack], Iterator[dict[str, Any]]]] = {"browsers": browsers, "soak": soak}


def main(names: list[str]) -> int:
    console = Console(soft_wrap=True)
    if unknown := set(names) - set(PARTS):
        console.print(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
        return 2
    out = PROJECT / "bench-results" / "cluster.json"
    out.parent.mkdir(exist_ok=True)
    tables = json.loads(out.read_text()) if out.exists() else {}
    with _stack() as stack:
        stack.settle()
        for name in names or PARTS:
            console.print(f"\n[bold]{name}[/]  {(PARTS[name].__doc__ or '').splitlines()[0]}")
            tables[name] = list(PARTS[name](stack))
            console.print(table_of(tables[name]))
            out.write_text(json.dumps(tables, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
