"""``make run``: the real DAG file, once, in this process, told to a person."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from celeb_ops import keys
from celeb_ops.cli.airflow_home import claimed, environment, migrated
from celeb_ops.cli.interrupts import interruptible
from celeb_ops.dataset import captures_of
from celeb_ops.hooks.s3 import open_store
from celeb_ops.recognition import check_gallery, check_terms
from celeb_ops.settings import PROJECT, Settings
from celeb_ops.sites import choose, load_sites
from celeb_ops.store import split_s3
from celeb_ops.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAG_ID = "trending_celebrities"
TRENDS_DAG_ID = "celebrity_trends"
RETRY_DELAY_S = 2
"""A person sits through the retries of ``make run``; on the schedule they are minutes apart."""


@dataclass(frozen=True)
class Ended:
    """How a run of the DAG ended."""

    state: str
    errors: list[str] = field(default_factory=list)
    """What tasks outside the sites' own steps said when they failed."""
    failures: dict[str, str] = field(default_factory=dict)
    """The sites that failed, with what their step said."""
    skips: dict[str, str] = field(default_factory=dict)
    """The sites that were skipped, with what their step said."""


def run(when: datetime | None, names: list[str], home: Path, wishes: Mapping[str, Any] | None = None) -> int:
    """Run the DAG for ``when`` (default: now) on the sites of these names (none: all); the exit status.

    :param wishes: further params of the DAG: ``on_past``, ``recapture``, ``rerecognise``.
    """
    settings = Settings.load()
    if "retry_delay_s" not in settings.model_fields_set:
        # The DAG file loads the settings itself.
        os.environ["CELEBS_RETRY_DELAY_S"] = str(RETRY_DELAY_S)
    # What is wrong with the input is said before any work begins.
    sites = choose(load_sites(settings.path(settings.sites)), names)
    check_gallery(settings)
    check_terms(settings)
    when = when or datetime.now(UTC).replace(microsecond=0)
    os.environ.update(environment(home))

    with claimed(home), _terminal(home) as (console, log):
        console.print(
            f"{counted(len(sites), 'site')} at {keys.iso(when)}, recognised by {settings.recognizer}. "
            f"Log: {short(log)}",
            markup=False,
            highlight=False,
        )
        migrated(home, log)
        chosen = [site.name for site in sites]
        ended = _run_dag(console, settings, when, {"sites": chosen if names else [], **(wishes or {})})
        whole = _tell(console, settings, when, chosen, ended)
    return 0 if ended.state == "success" and whole else 1


@contextmanager
def _terminal(home: Path) -> Iterator[tuple[Console, Path]]:
    """A console on the terminal, while everything else that is printed goes to a log file."""
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    try:
        with open(kept[0], "w", encoding="utf-8", closefd=False) as terminal:
            yield Console(file=terminal, soft_wrap=True), log
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for fd, saved in zip((1, 2), kept, strict=True):
            os.dup2(saved, fd)
            os.close(saved)


def _run_dag(console: Console, settings: Settings, when: datetime, params: dict[str, Any]) -> Ended:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager

    from celeb_ops.cli.progress import Progress

    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    if not {DAG_ID, TRENDS_DAG_ID} <= bag.dags.keys():
        return Ended("failed", [str(error).strip() for error in bag.import_errors.values()])
    # A person sits beside; and where people are told of late runs, Airflow 3.3.2's `dag.test` breaks off at the end: it
    # looks for the deadline's row, and has its definition.
    bag.dags[DAG_ID].deadline = None
    listeners = get_listener_manager()
    with Progress(console, lambda: open_store(settings), when) as progress:
        listeners.pm.register(progress)
        try:
            # It ends the task that is under way, which cleans up behind itself; Progress hands the interrupt on
            # when Airflow takes it for a task's failure.
            with interruptible():
                run = bag.dags[DAG_ID].test(logical_date=when, run_conf=params)
                # On the schedule the dataset's asset starts it, which this way of running a DAG does not see to.
                if progress.merged:
                    bag.dags[TRENDS_DAG_ID].test(logical_date=when)
        finally:
            listeners.pm.unregister(progress)
    return Ended(str(run.state), progress.errors, progress.failures, progress.skips)


def _tell(console: Console, settings: Settings, when: datetime, sites: list[str], ended: Ended) -> bool:
    """Print what came of the run; whether every one of its sites has a row."""
    from celeb_ops.cli.progress import rows_of, summary
    from celeb_ops.recognition import NO_GALLERY

    store = open_store(settings)
    rows = rows_of(sites, captures_of(store, when), ended.failures, ended.skips)
    lacking = sorted(set(sites) - {row["site"] for row in rows})
    errors = list(ended.errors)
    if lacking:
        errors.append(f"Nothing is recorded of {', '.join(lacking)}: the run ended as {ended.state}; see its log.")
    for error in errors:
        console.print(f"[red]✗[/] {escape(error)}", highlight=False)
    console.print()
    if rows:
        console.print(summary(rows))
        console.print()
    if advice := too_far(rows, when, datetime.now(UTC), settings.live_window_h):
        console.print(advice, markup=False, highlight=False)
    if any(row.get("recognizer") == "local" and not row["gallery"] for row in rows):
        console.print(NO_GALLERY, markup=False, highlight=False)
    url = store.url(keys.CSV)
    place = url if split_s3(settings.store) else short(Path(url))
    console.print(
        f"Dataset: {place}; beside it Images/, Faces/, Results/, Captures/, Sightings/, Trends/.",
        markup=False,
        highlight=False,
    )
    if store.exists(keys.REPORT):
        url = store.url(keys.REPORT)
        page = url if split_s3(settings.store) else short(Path(url))
        console.print(f"Report: {page}; open it in a browser.", markup=False, highlight=False)
    return not lacking and not ended.errors


def too_far(rows: list[dict[str, Any]], when: datetime, now: datetime, window_h: float) -> str:
    """What to say where every site was skipped for the run time's sake; else empty."""
    skipped = bool(rows) and all(row["outcome"] == "skipped" for row in rows)
    if not skipped or abs(now - when) <= timedelta(hours=window_h):
        return ""
    return (
        f"Every site was skipped, so {keys.CSV} got no row: {keys.iso(when)} is more than {window_h:g} h from now, "
        "today's page is not that time's page, and the table says why no other stood for it. "
        f"Give a DATE within {window_h:g} h of now, {keys.iso(now)}, or none."
    )


def short(path: Path) -> str:
    """The path as seen from the project, if it is in there."""
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)
