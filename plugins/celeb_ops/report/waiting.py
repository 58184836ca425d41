"""Why there are no trends yet, and what to do."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from celeb_ops.core.exceptions import NotPermittedError

if TYPE_CHECKING:
    from celeb_ops.core.store import Store
    from celeb_ops.report.host import Host


class Missing(NamedTuple):
    """A heading, a sentence, and where to go; the address is empty where that is not known."""

    title: str
    why: str
    address: str = ""
    link: str = ""


def what_is_missing(store: Store, host: Host) -> Missing:
    """The reason why there is nothing to show yet."""
    pages = [*host.dags.items(), ("", ""), ("", "")]
    (dag, dag_page), (trends_dag, trends_page) = pages[:2]
    if _has_captures(store):
        if trends_dag in host.paused():
            why = f"Runs have ended, but the DAG {trends_dag}, which makes the trends, is paused: switch it on."
        else:
            why = "A run has ended, and its trends are being made. If none appear, the DAG's log says why."
        return Missing("No trends yet", why, trends_page, f"The DAG {trends_dag}")
    if under_way := next((run for run in host.runs(None, None) if run.under_way), None):
        why = "Once it has ended, the people on the sites’ pages appear here."
        return Missing("The first run is under way", why, under_way.address, "The run")
    schedule = "The schedule runs at 08:00 and 20:00 UTC"
    if dag in host.paused():
        schedule += f", once the DAG {dag} is no longer paused"
    why = f"{schedule}. To start now: Trigger on the DAG’s page, or make run in a checkout."
    return Missing("No run yet", why, dag_page, f"The DAG {dag}")


def _has_captures(store: Store) -> bool:
    with suppress(NotPermittedError):
        return any(store.list("Captures/"))
    return False
