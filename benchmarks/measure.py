"""One function in a process of its own: its seconds, its value, and that process's peak memory."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """Wall seconds of the call alone; peak MB of the process with everything it had imported."""

    value: Any
    seconds: float
    peak_mb: float


def measured(function: str, **arguments: Any) -> Measured:
    """Call ``module:function`` with JSON arguments in a fresh process; its value must be JSON too."""
    with tempfile.TemporaryDirectory(prefix="celebs-bench-") as folder:
        out = Path(folder, "out.json")
        command = [sys.executable, "-m", "benchmarks.measure", function, json.dumps(arguments), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
        if done.returncode:
            raise RuntimeError(f"{function} failed:\n{done.stdout}{done.stderr}")
        return Measured(**json.loads(out.read_text()))


def _main(function: str, arguments: str, out: str) -> None:
    module, _, name = function.partition(":")
    call = getattr(importlib.import_module(module), name)
    start = time.perf_counter()
    value = call(**json.loads(arguments))
    seconds = time.perf_counter() - start
    # Not ru_maxrss: it begins with what the parent had when this process was made.
    status = Path("/proc/self/status").read_text().splitlines()
    [peak] = [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
    Path(out).write_text(json.dumps({"value": value, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
