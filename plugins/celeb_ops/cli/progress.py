"""What `make run` prints: a line per step and site as it happens, and a table at the end."""

from __future__ import annotations

import contextlib
import logging
from datetime import UTC
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from celeb_ops.core import keys
from celeb_ops.core.exceptions import CelebsError
from celeb_ops.core.records import Outcome, Plan, Result, Screenshot
from celeb_ops.core.text import cleaned, counted
from celeb_ops.operators import run_steps as run_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from rich.console import Console

    from celeb_ops.core.store import Store

_LOGGER = logging.getLogger("celeb_ops")
_WRITES = {
    "merge": "Celebs.csv, Captures, Sightings",
    "build_trends": "Trends",
    "write_report": "Report/index.html",
}
"""What the tasks of the whole run write."""


class Progress(logging.Handler):
    """An Airflow listener and a log handler: prints a run's steps and this project's warnings."""

    def __init__(self, console: Console, store: Store, when: datetime) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._store = store
        self._when = when
        # By site: the screenshot before its step. The same one afterwards was used again.
        self._before: dict[str, Screenshot] = {}
        self._spinner = Spinner("dots", "Airflow starts …")
        # Not console.status: on a terminal it would also show Airflow's log, which goes to standard output.
        self._live = Live(self._spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._warned: set[str] = set()
        self.failures: dict[str, str] = {}
        """Reasons by failed site."""
        self.skips: dict[str, str] = {}
        """Reasons by skipped site."""
        self.errors: list[str] = []
        """Errors of tasks outside the sites' steps."""
        self.merged = False

    def __enter__(self) -> Progress:
        self._live.start()
        _LOGGER.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _LOGGER.removeHandler(self)
        self._live.stop()

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _site_and_step(task_instance)
        self._spinner.update(text=Text(" ".join(filter(None, [site, step, "…"]))))
        if site and step == "screenshot":
            with contextlib.suppress(CelebsError):
                self._before[site] = Screenshot.load(self._store, keys.sidecar(keys.stem(site, self._when)))

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _site_and_step(task_instance)
        if site:
            self._line("[green]✓[/]", site, step, self._result(site, step))
        elif step in _WRITES:
            self.merged |= step == "merge"
            self._line("[green]✓[/]", "", step, _WRITES[step])
        elif step == "tidy" and (removed := task_instance.xcom_pull(task_ids=step)):
            self._line("[green]✓[/]", "", step, removed)

    @hookimpl
    def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _site_and_step(task_instance)
        if site:
            self.skips[site] = f"{step} was skipped without a word: see the log."
            with contextlib.suppress(CelebsError):
                self.skips[site] = Outcome.load(self._store, keys.outcome(keys.stem(site, self._when))).reason
        self._line("[yellow]–[/]", site, step, "skipped")

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        if isinstance(error, KeyboardInterrupt):
            # Airflow's task runner would go on with the next task.
            raise error
        site, step = _site_and_step(task_instance)
        reason = cleaned(str(error)) or type(error).__name__
        if task_instance.state == "up_for_retry":
            self._line("[yellow]↻[/]", site, step, f"{reason} Trying again.")
        # The watcher only sums up.
        elif step != "watcher":
            if site:
                self.failures[site] = reason
            else:
                self.errors.append(f"{step}: {reason}")
            self._line("[red]✗[/]", site, step, reason)

    def emit(self, record: logging.LogRecord) -> None:
        """Print each warning once."""
        text = cleaned(record.getMessage())
        # Merge and the watcher repeat what the steps' own lines say.
        known = tuple(f"{site} " for site in (*self.failures, *self.skips))
        if text not in self._warned and not (record.name == run_steps.__name__ and text.startswith(known)):
            self._warned.add(text)
            self._console.print(f"  [yellow]![/] {escape(text)}", highlight=False)

    def _line(self, sign: str, site: str, step: str, text: str) -> None:
        self._console.print(f"  {sign} {escape(site):<14} {step:<12} {escape(text)}", highlight=False)

    def _result(self, site: str, step: str) -> str:
        stem = keys.stem(site, self._when)
        try:
            if step == "screenshot":
                shot = Screenshot.load(self._store, keys.sidecar(stem))
                return _seen(shot, again=shot == self._before.get(site))
            if step == "slice":
                plan = Plan.load(self._store, keys.plan(stem))
                return f"{counted(len(plan.slices), 'slice')}, {plan.seconds:.1f} s"
            result = Result.load(self._store, keys.result(stem))
        except CelebsError as error:
            return str(error)
        faces = f"{counted(result.faces, 'face')}: {', '.join(result.celebrities) or 'nobody named'}"
        if result.calls or result.calls_saved:
            faces += f"; {counted(result.calls, 'call')}, {result.calls_saved} saved, ${result.cost_usd:.3f}"
        return faces


def _seen(shot: Screenshot, again: bool) -> str:
    cut = f" of {shot.page_height:,} (truncated)" if shot.truncated else ""
    height = f"{shot.captured_height:,} px{cut}"
    when = f"{'archived' if shot.source == 'archive' else 'seen'} {shot.captured_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if again:
        return f"{height}, used again, {when}"
    if shot.source == "archive":
        height += f", {when}"
    lacking = f", still missing {', '.join(shot.missing)}" if shot.missing else ""
    pictures = f"{shot.images_loaded} of {counted(shot.images_total, 'picture')}"
    return f"{height}, {pictures}{lacking}, {sum(shot.timings.values()):.1f} s"


def rows_of(
    sites: Iterable[str], captures: Iterable[dict[str, Any]], failures: Mapping[str, str], skips: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The run's row for each of its sites: of ``Captures``, unless the site failed or was skipped this time.

    ``Captures`` keeps a site as seen when a later try fails, and as failed when a later one is skipped.
    """
    rows = {row["site"]: row for row in captures}
    for outcome, reasons in (("skipped", skips), ("failed", failures)):
        rows |= {site: {"site": site, "outcome": outcome, "reason": reason} for site, reason in reasons.items()}
    return [rows[site] for site in sorted(sites) if site in rows]


def summary(rows: Sequence[dict[str, Any]]) -> Table:
    """The table at the end; with calls and cost if the recogniser costs money."""
    seen = [row for row in rows if row["outcome"] == "seen"]
    has_cost = any(row["calls"] or row["calls_saved"] for row in seen)
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=has_cost)
    table.add_column("site", "all", overflow="fold")
    table.add_column("faces", str(sum(row["faces"] for row in seen)), justify="right")
    table.add_column("celebrities", overflow="fold")
    table.add_column("seconds", justify="right")
    for heading, total in zip(("calls", "saved", "cost"), _costs(seen) if has_cost else (), strict=False):
        table.add_column(heading, total, justify="right")
    for row in rows:
        if row["outcome"] == "seen":
            names = escape("; ".join(row["celebrities"])) or "[dim]nobody named[/]"
            costs = _costs([row]) if has_cost else ()
            table.add_row(escape(row["site"]), str(row["faces"]), names, f"{row['seconds']:.1f}", *costs)
        else:
            colour = "yellow" if row["outcome"] == "skipped" else "red"
            table.add_row(escape(row["site"]), "–", f"[{colour}]{row['outcome']}:[/] {escape(row['reason'])}", "–")
    return table


def _costs(rows: Sequence[dict[str, Any]]) -> tuple[str, str, str]:
    """Calls, calls saved, dollars."""
    calls, saved, cost = (sum(row[column] or 0 for row in rows) for column in ("calls", "calls_saved", "cost_usd"))
    return str(calls), str(saved), f"${cost:.3f}"


def _site_and_step(task_instance: Any) -> tuple[str, str]:
    """The site is empty for a task outside the group."""
    group, _, step = task_instance.task_id.rpartition(".")
    site = getattr(getattr(task_instance, "task", None), "site", None)
    return (site["name"] if group == run_steps.GROUP and isinstance(site, dict) else "", step)
