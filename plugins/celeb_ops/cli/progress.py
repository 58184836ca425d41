"""What `make run` prints: a line per step and site as it happens, and a table at the end."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

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
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console

    from celeb_ops.core.store import Store

_LOGGER = logging.getLogger("celeb_ops")
_SAID = ("tidy", "tell_people")
"""Steps that say what they did, if anything."""
_WRITES = {
    "merge": "Celebs.csv, Captures, Sightings, Mentions",
    "build_trends": "Trends",
    "write_report": "Report/index.html",
}
"""What the tasks of the whole run write."""


@dataclass(frozen=True)
class Event:
    """What a task reports; it may come from another process."""

    kind: Literal["running", "succeeded", "skipped", "retried", "failed", "warned"]
    site: str = ""
    """Empty for a task outside the sites' steps."""
    step: str = ""
    text: str = ""
    task: tuple[str, int] = ("", -1)
    """Airflow's id of it, and its map index."""


_SIGNS = {
    "succeeded": "[green]✓[/]",
    "skipped": "[yellow]–[/]",
    "retried": "[yellow]↻[/]",
    "failed": "[red]✗[/]",
}


class Progress(logging.Handler):
    """An Airflow listener and a log handler: prints a run's steps and this project's warnings."""

    def __init__(self, console: Console, store: Store, when: datetime) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._store = store
        self._when = when
        self._report: Callable[[Event], object] = self.show
        # By site: the screenshot before its step. The same one afterwards was used again.
        self._before: dict[str, Screenshot] = {}
        self._running: dict[tuple[str, int], Event] = {}
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
        self.crashed: dict[tuple[str, int], str] = {}
        """Reasons by task, as in :attr:`Event.task`, whose process has ended without a word of its own."""
        self.merged = False

    def __enter__(self) -> Progress:
        self._live.start()
        _LOGGER.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _LOGGER.removeHandler(self)
        self._live.stop()

    def report_to(self, report: Callable[[Event], object]) -> None:
        """In a task's own process: hand all over instead of showing it."""
        self._report = report

    @hookimpl
    def on_task_instance_running(self, previous_state: object, task_instance: Any) -> None:
        event = _event("running", task_instance)
        self._report(event)
        if event.site and event.step == "screenshot":
            with contextlib.suppress(CelebsError):
                stem = keys.stem(event.site, self._when)
                self._before[event.site] = Screenshot.load(self._store, keys.sidecar(stem))

    @hookimpl
    def on_task_instance_success(self, previous_state: object, task_instance: Any) -> None:
        event = _event("succeeded", task_instance)
        if event.site:
            text = self._result(event.site, event.step)
        elif event.step in _SAID:
            text = task_instance.xcom_pull(task_ids=event.step) or ""
        else:
            text = _WRITES.get(event.step, "")
        self._report(replace(event, text=text))

    @hookimpl
    def on_task_instance_skipped(self, previous_state: object, task_instance: Any) -> None:
        event = _event("skipped", task_instance)
        reason = f"{event.step} was skipped, reason unknown: see the log."
        with contextlib.suppress(CelebsError):
            reason = Outcome.load(self._store, keys.outcome(keys.stem(event.site, self._when))).reason
        self._report(replace(event, text=reason))

    @hookimpl
    def on_task_instance_failed(self, previous_state: object, task_instance: Any, error: object) -> None:
        if isinstance(error, KeyboardInterrupt):
            # Airflow's task runner would continue with the next task.
            raise error
        event = _event("retried" if task_instance.state == "up_for_retry" else "failed", task_instance)
        reason = cleaned(str(error)) or type(error).__name__
        if crash := self.crashed.pop(event.task, None):
            # Airflow's own error is about its states, and its task has no site.
            event, reason = replace(event, site=self._running[event.task].site), crash
        self._report(replace(event, text=reason))

    def emit(self, record: logging.LogRecord) -> None:
        self._report(Event("warned", step=record.name, text=cleaned(record.getMessage())))

    def show(self, event: Event) -> None:
        """Print a task's line, or what it warns of, and keep what the summary says."""
        if event.kind == "warned":
            self._warn(event)
            return
        text = event.text
        if event.kind == "running":
            self._running[event.task] = event
        else:
            self._running.pop(event.task, None)
        if event.kind == "skipped":
            text = "skipped"
            if event.site:
                self.skips[event.site] = event.text
        elif event.kind == "retried":
            text += " Trying again."
        elif event.kind == "failed":
            if event.step == "watcher":
                # It only sums up.
                return
            if event.site:
                self.failures[event.site] = text
            else:
                self.errors.append(f"{event.step}: {text}")
        self.merged |= (event.kind, event.step) == ("succeeded", "merge")
        if event.kind in _SIGNS and text:
            line = f"{escape(event.site):<14} {event.step:<12} {escape(text)}"
            self._console.print(f"  {_SIGNS[event.kind]} {line}", highlight=False)
        running = ", ".join(f"{one.site} {one.step}".strip() for one in self._running.values())
        self._spinner.update(text=Text(f"{running} …".strip()))

    def _warn(self, event: Event) -> None:
        """Print each warning once."""
        # Merge and the watcher repeat what the steps' own lines say.
        known = tuple(f"{site} " for site in (*self.failures, *self.skips))
        if event.text not in self._warned and not (event.step == run_steps.__name__ and event.text.startswith(known)):
            self._warned.add(event.text)
            self._console.print(f"  [yellow]![/] {escape(event.text)}", highlight=False)

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
        return f"{height}, reused, {when}"
    if shot.source == "archive":
        height += f", {when}"
    lacking = f", missing {', '.join(shot.missing)}" if shot.missing else ""
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


def _event(kind: Any, task_instance: Any) -> Event:
    group, _, step = task_instance.task_id.rpartition(".")
    site = getattr(getattr(task_instance, "task", None), "site", None)
    name = site["name"] if group == run_steps.GROUP and isinstance(site, dict) else ""
    return Event(kind, name, step, task=(task_instance.task_id, getattr(task_instance, "map_index", -1)))
