"""What a person sees of a run: a line per step and site as it happens, and a table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl
from rich.markup import escape
from rich.table import Table

from celeb_ops import keys
from celeb_ops.exceptions import StoreError
from celeb_ops.operators.run import GROUP
from celeb_ops.records import Plan, Result, Screenshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console

    from celeb_ops.store import Store


class Progress:
    """An Airflow listener that tells a run's steps on a console."""

    def __init__(self, console: Console, store: Callable[[], Store], when: datetime, retry_delay_s: float) -> None:
        self._console = console
        self._open_store = store
        self._when = when
        self._delay = retry_delay_s
        self._status = console.status("")
        self.errors: list[str] = []
        """What tasks outside the sites' own steps said when they failed."""

    def __enter__(self) -> Progress:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _place(task_instance)
        self._status.update(f"{site} {step} …")

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _place(task_instance)
        if site:
            self._line("[green]✓[/]", site, step, self._told(site, step))
        elif step == "merge":
            self._line("[green]✓[/]", "", step, "Celebs.csv, Captures, Sightings")

    @hookimpl
    def on_task_instance_skipped(self, previous_state: Any, task_instance: Any) -> None:
        site, step = _place(task_instance)
        self._line("[yellow]–[/]", site, step, "skipped")

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        site, step = _place(task_instance)
        if str(task_instance.state) == "up_for_retry":
            self._line("[yellow]↻[/]", site, step, f"{error} Trying again.")
            return
        if not site and step != "watcher":
            self.errors.append(f"{step}: {error}")
        if step != "watcher":
            self._line("[red]✗[/]", site, step, str(error))

    def _line(self, sign: str, site: str, step: str, text: str) -> None:
        self._console.print(f"  {sign} {escape(site):<14} {step:<11} {escape(text)}", highlight=False)

    def _told(self, site: str, step: str) -> str:
        """What a step left in the store, in a few words."""
        stem = keys.stem(site, self._when)
        store = self._open_store()
        try:
            if step == "screenshot":
                shot = Screenshot.load(store, keys.sidecar(stem))
                cut = f" of {shot.page_height:,} (truncated)" if shot.truncated else ""
                lacking = f", still missing {', '.join(shot.missing)}" if shot.missing else ""
                return (
                    f"{shot.captured_height:,} px{cut}, {shot.images_loaded} of {shot.images_total} pictures"
                    f"{lacking}, {sum(shot.timings.values()):.1f} s"
                )
            if step == "slice":
                plan = Plan.load(store, keys.plan(stem))
                return f"{len(plan.slices)} slices, {plan.seconds:.1f} s"
            result = Result.load(store, keys.result(stem))
            return f"{result.faces} faces: {', '.join(result.celebrities) or 'nobody named'}"
        except StoreError as error:
            return str(error)


def summary(rows: list[dict[str, Any]]) -> Table:
    """The table at the end, from the run's rows of ``Captures``."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (("site", "left"), ("faces", "right"), ("celebrities", "left"), ("seconds", "right")):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        if row["outcome"] == "seen":
            names = escape("; ".join(row["celebrities"])) or "[dim]nobody named[/]"
            table.add_row(escape(row["site"]), str(row["faces"]), names, f"{row['seconds']:.1f}")
        else:
            colour = "yellow" if row["outcome"] == "skipped" else "red"
            table.add_row(escape(row["site"]), "–", f"[{colour}]{row['outcome']}:[/] {escape(row['reason'])}", "–")
    return table


def _place(task_instance: Any) -> tuple[str, str]:
    """Site (empty for a task outside the group) and step."""
    group, _, step = task_instance.task_id.rpartition(".")
    site = getattr(getattr(task_instance, "task", None), "site", None)
    return (site["name"] if group == GROUP and isinstance(site, dict) else "", step)
