"""What a person sees of a run: a line per step and site as it happens, and a table at the end."""

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
from celeb_ops.operators import run as run_steps

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
"""The tasks that are about no site, and what they leave in the store."""


class Progress(logging.Handler):
    """An Airflow listener, and a handler of our own code's warnings, that tells a run's steps on a console."""

    def __init__(self, console: Console, store: Store, when: datetime) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._store = store
        self._when = when
        # By site, the screenshot that was there when its step began: the same afterwards has been used again.
        self._before: dict[str, Screenshot] = {}
        self._spinner = Spinner("dots", "Airflow starts …")
        # Not console.status: on a terminal it would take Airflow's log, which goes to standard output, for a person's.
        self._live = Live(self._spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._warned: set[str] = set()
        self.failures: dict[str, str] = {}
        """The sites that failed, with what their step said."""
        self.skips: dict[str, str] = {}
        """The sites that were skipped, with what their step said."""
        self.errors: list[str] = []
        """What tasks outside the sites' own steps said when they failed."""
        self.merged = False
        """Whether the run came into the dataset."""

    def __enter__(self) -> Progress:
        self._live.start()
        _LOGGER.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        _LOGGER.removeHandler(self)
        self._live.stop()

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _place(task_instance)
        self._spinner.update(text=Text(" ".join(filter(None, [site, step, "…"]))))
        if site and step == "screenshot":
            with contextlib.suppress(CelebsError):
                self._before[site] = Screenshot.load(self._store, keys.sidecar(keys.stem(site, self._when)))

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _place(task_instance)
        if site:
            self._line("[green]✓[/]", site, step, self._told(site, step))
        elif step in _WRITES:
            self.merged |= step == "merge"
            self._line("[green]✓[/]", "", step, _WRITES[step])
        elif step == "tidy" and (went := task_instance.xcom_pull(task_ids=step)):
            # Mostly nothing is old enough, and nobody needs to hear of that.
            self._line("[green]✓[/]", "", step, went)

    @hookimpl
    def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _place(task_instance)
        if site:
            self.skips[site] = f"{step} was skipped without a word: see the log."
            with contextlib.suppress(CelebsError):
                self.skips[site] = Outcome.load(self._store, keys.outcome(keys.stem(site, self._when))).reason
        self._line("[yellow]–[/]", site, step, "skipped")

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        if isinstance(error, KeyboardInterrupt):
            # To Airflow's task runner it is a failed task like any other, and the run would go on with the next one.
            raise error
        site, step = _place(task_instance)
        told = cleaned(str(error)) or type(error).__name__
        if task_instance.state == "up_for_retry":
            self._line("[yellow]↻[/]", site, step, f"{told} Trying again.")
        # The watcher sums up what the other tasks have said.
        elif step != "watcher":
            if site:
                self.failures[site] = told
            else:
                self.errors.append(f"{step}: {told}")
            self._line("[red]✗[/]", site, step, told)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what the project's own code warns of, each sentence once."""
        text = cleaned(record.getMessage())
        # Merge and the watcher name the sites that did not come through once more.
        known = tuple(f"{site} " for site in (*self.failures, *self.skips))
        if text not in self._warned and not (record.name == run_steps.__name__ and text.startswith(known)):
            self._warned.add(text)
            self._console.print(f"  [yellow]![/] {escape(text)}", highlight=False)

    def _line(self, sign: str, site: str, step: str, text: str) -> None:
        self._console.print(f"  {sign} {escape(site):<14} {step:<12} {escape(text)}", highlight=False)

    def _told(self, site: str, step: str) -> str:
        """What a step left in the store, in a few words."""
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
        found = f"{counted(result.faces, 'face')}: {', '.join(result.celebrities) or 'nobody named'}"
        if result.calls or result.calls_saved:
            found += f"; {counted(result.calls, 'call')}, {result.calls_saved} saved, ${result.cost_usd:.3f}"
        return found


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
    """The run's row for each of its sites: that of ``Captures``, unless the site failed or was skipped this time.

    What is known of a capture only grows, so ``Captures`` keeps a site as seen when a later try fails, and as failed
    when a later one is skipped.
    """
    rows = {row["site"]: row for row in captures}
    for outcome, reasons in (("skipped", skips), ("failed", failures)):
        rows |= {site: {"site": site, "outcome": outcome, "reason": reason} for site, reason in reasons.items()}
    return [rows[site] for site in sorted(sites) if site in rows]


def summary(rows: Sequence[dict[str, Any]]) -> Table:
    """The table at the end; with calls and their cost where a recogniser costs money."""
    seen = [row for row in rows if row["outcome"] == "seen"]
    paid = any(row["calls"] or row["calls_saved"] for row in seen)
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=paid)
    table.add_column("site", "all", overflow="fold")
    table.add_column("faces", str(sum(row["faces"] for row in seen)), justify="right")
    table.add_column("celebrities", overflow="fold")
    table.add_column("seconds", justify="right")
    for heading, total in zip(("calls", "saved", "cost"), _bill(seen) if paid else (), strict=False):
        table.add_column(heading, total, justify="right")
    for row in rows:
        if row["outcome"] == "seen":
            names = escape("; ".join(row["celebrities"])) or "[dim]nobody named[/]"
            bill = _bill([row]) if paid else ()
            table.add_row(escape(row["site"]), str(row["faces"]), names, f"{row['seconds']:.1f}", *bill)
        else:
            colour = "yellow" if row["outcome"] == "skipped" else "red"
            table.add_row(escape(row["site"]), "–", f"[{colour}]{row['outcome']}:[/] {escape(row['reason'])}", "–")
    return table


def _bill(rows: Sequence[dict[str, Any]]) -> tuple[str, str, str]:
    """Calls, calls saved, dollars."""
    calls, saved, cost = (sum(row[column] or 0 for row in rows) for column in ("calls", "calls_saved", "cost_usd"))
    return str(calls), str(saved), f"${cost:.3f}"


def _place(task_instance: Any) -> tuple[str, str]:
    """Site (empty for a task outside the group) and step."""
    group, _, step = task_instance.task_id.rpartition(".")
    site = getattr(getattr(task_instance, "task", None), "site", None)
    return (site["name"] if group == run_steps.GROUP and isinstance(site, dict) else "", step)
