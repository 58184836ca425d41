"""``make run``: runs the DAG file once, sites side by side, and prints what happens."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from celeb_ops.cli.airflow_home import check_checkout, claimed, environment, migrated
from celeb_ops.cli.interrupts import interruptible
from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.sites import choose, load_sites
from celeb_ops.core.store import Store, split_s3
from celeb_ops.core.text import counted
from celeb_ops.hooks.s3 import open_store
from celeb_ops.recognition.factory import NO_GALLERY, check_recognizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from airflow.sdk import DAG

    from celeb_ops.cli.progress import Progress

DAG_ID = "trending_celebrities"
TRENDS_DAG_ID = "celebrity_trends"
RETRY_DELAY_S = 2
"""Shorter than on the schedule: somebody is waiting."""


def run(when: datetime | None, names: list[str], home: Path, options: Mapping[str, object] | None = None) -> int:
    """Run the DAG for ``when`` (default: now) on ``names`` (empty: all); return 0 or 1.

    :param options: the DAG's params ``on_past``, ``recapture``, ``rerecognise``.
    """
    check_checkout()
    settings = Settings.load()
    if "retry_delay_s" not in settings.model_fields_set:
        # The DAG file loads the settings itself.
        os.environ["CELEBS_RETRY_DELAY_S"] = str(RETRY_DELAY_S)
    sites = [site.name for site in choose(load_sites(settings.path(settings.sites)), names)]
    check_recognizer(settings)
    when = when or datetime.now(UTC).replace(microsecond=0)
    os.environ.update(environment(home), AIRFLOW__CORE__EXECUTOR="celeb_ops.cli.side_by_side.ForkExecutor")

    with claimed(home), _terminal(home) as (console, log):
        title = f"{counted(len(sites), 'site')} at {keys.iso(when)}, recognised by {settings.recognizer}."
        console.print(f"{title} Log: {short(log)}", markup=False)
        migrated(home, log)
        # It imports Airflow, whose home is set only now.
        from celeb_ops.cli.progress import Progress

        store = open_store(settings)
        progress = Progress(console, store, when)
        # One more than browsers: a site is recognised while others are photographed. A single site has only one task
        # at a time. macOS allows no fork of a process that has used its frameworks.
        at_once = settings.browsers + 1 if len(sites) > 1 and sys.platform == "linux" else 1
        state = _run_dag(progress, when, {"sites": sites if names else [], **(options or {})}, at_once)
        succeeded = _summarise(console, settings, store, when, sites, progress, state)
    return 0 if succeeded else 1


@contextmanager
def _terminal(home: Path) -> Iterator[tuple[Console, Path]]:
    """A console on the terminal; all other output goes to a log file."""
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
    sys.stdout.flush()
    sys.stderr.flush()
    terminal_fds = [os.dup(1), os.dup(2)]
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    try:
        with open(terminal_fds[0], "w", encoding="utf-8", closefd=False) as terminal:
            yield Console(file=terminal, soft_wrap=True, highlight=False), log
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for fd, saved in zip((1, 2), terminal_fds, strict=True):
            os.dup2(saved, fd)
            os.close(saved)


def _run_dag(progress: Progress, when: datetime, params: dict[str, object], at_once: int) -> str:
    """The run's state at its end.

    :param at_once: tasks that run side by side; 1: each runs in this process.
    """
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager

    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    if not {DAG_ID, TRENDS_DAG_ID} <= bag.dags.keys():
        progress.errors += [str(error).strip() for error in bag.import_errors.values()]
        return "failed"
    # Airflow 3.3.2's `dag.test` fails at the end of a run whose DAG has a deadline.
    bag.dags[DAG_ID].deadline = None
    listeners = get_listener_manager()
    with progress:
        listeners.pm.register(progress)
        try:
            # The running task cleans up. Progress raises the interrupt again if Airflow treats it as a failure.
            with interruptible():
                with _at_once(at_once, bag.dags, progress):
                    run = bag.dags[DAG_ID].test(logical_date=when, run_conf=params, use_executor=at_once > 1)
                # `dag.test` does not start DAGs by asset.
                if progress.merged:
                    bag.dags[TRENDS_DAG_ID].test(logical_date=when)
        finally:
            listeners.pm.unregister(progress)
    return str(run.state)


def _at_once(tasks: int, dags: Mapping[str, DAG], progress: Progress) -> AbstractContextManager[None]:
    if tasks == 1:
        return nullcontext()
    from celeb_ops.cli.side_by_side import side_by_side

    return side_by_side(dags, progress, tasks)


def _summarise(
    console: Console,
    settings: Settings,
    store: Store,
    when: datetime,
    sites: list[str],
    progress: Progress,
    state: str,
) -> bool:
    """Print errors and table; return whether the run succeeded, with a row per site."""
    from celeb_ops.cli.progress import rows_of, summary
    from celeb_ops.dataset import captures_of

    rows = rows_of(sites, captures_of(store, when), progress.failures, progress.skips)
    errors = list(progress.errors)
    if missing := sorted(set(sites) - {row["site"] for row in rows}):
        errors.append(f"No record of {', '.join(missing)}: the run's state is {state}; see its log.")
    for error in errors:
        console.print(f"[red]✗[/] {escape(error)}")
    console.print()
    if rows:
        console.print(summary(rows))
        console.print()
    if advice := too_far(rows, when, datetime.now(UTC), settings.live_window_h):
        console.print(advice, markup=False)
    if any(row.get("recognizer") == "local" and not row["gallery"] for row in rows):
        console.print(NO_GALLERY, markup=False)

    def place(key: str) -> str:
        return store.url(key) if split_s3(settings.store) else short(Path(store.url(key)))

    beside = "beside it Images/, Faces/, Results/, Captures/, Sightings/, Trends/"
    console.print(f"Dataset: {place(keys.CSV)}; {beside}.", markup=False)
    if store.exists(keys.REPORT):
        console.print(f"Report: {place(keys.REPORT)}; open it in a browser.", markup=False)
    return state == "success" and not errors


def too_far(rows: list[dict[str, Any]], when: datetime, now: datetime, window_h: float) -> str:
    """Advice if every site was skipped because of the run time; else empty."""
    skipped = bool(rows) and all(row["outcome"] == "skipped" for row in rows)
    if not skipped or abs(now - when) <= timedelta(hours=window_h):
        return ""
    return (
        f"Every site was skipped, so {keys.CSV} got no row: {keys.iso(when)} is more than {window_h:g} h from now, "
        "so today's page can't be used; the table says why no archived page was. "
        f"Use a DATE within {window_h:g} h of now ({keys.iso(now)}), or none."
    )


def short(path: Path) -> str:
    """The path relative to the project, if it is inside."""
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)
