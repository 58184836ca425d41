"""``make bench``: all benchmarks, or those named (``make bench ARGS="steps quality"``); tables, and a JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from benchmarks import (
    aws,
    capture,
    cast,
    gallery,
    many_sites,
    merging,
    page,
    past,
    recognition,
    slicing,
    soak,
    steps,
    trends,
)
from benchmarks.table import table_of
from celeb_ops.core.settings import PROJECT, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BENCHMARKS: dict[str, Callable[[cast.Cast, Path], Iterable[dict[str, Any]]]] = {
    "capture": capture.run,
    "steps": steps.run,
    "quality": steps.run_quality,
    "soak": soak.run,
    "slicing": slicing.run,
    "recognizer": recognition.run_speed,
    "gallery": gallery.run,
    "aws": aws.run,
    "archive": past.run,
    "trends": trends.run,
    "page": page.run,
    "merge": merging.run,
    "parse": many_sites.run_parse,
    "many": many_sites.run_overhead,
    "expanded": many_sites.run_expanded,
}


def main(names: list[str]) -> int:
    console = Console(soft_wrap=True)
    if unknown := set(names) - set(BENCHMARKS):
        console.print(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}.")
        return 2
    # Apart from the user's settings and dataset.
    faces = os.environ.get("CELEBS_TEST_FACES", "")
    os.environ |= dict.fromkeys(Settings.variables(), "") | {"CELEBS_TEST_FACES": faces}
    tables: dict[str, list[dict[str, Any]]] = {}
    for name in names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="celebs-bench-") as folder:
            people = cast.load(Path(folder))
            console.print(f"\n[bold]{name}[/]  {(BENCHMARKS[name].__doc__ or '').splitlines()[0]}  ({people.source})")
            tables[name] = []
            for row in BENCHMARKS[name](people, Path(folder)):
                tables[name].append(row)
                console.print("  " + "  ".join(f"[dim]{key}[/] {value}" for key, value in row.items()), highlight=False)
        console.print(table_of(tables[name]))
    out = PROJECT / "bench-results" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    out.parent.mkdir(exist_ok=True)
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    out.write_text(json.dumps({"machine": machine, "tables": tables}, indent=1))
    console.print(f"\nKept as {out.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
