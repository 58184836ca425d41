"""The steps of a whole run: which sites, what came of them, and whether the run is good."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError, SiteFailedError
from celeb_ops.operators.base import time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from celeb_ops.records import Outcome
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

GROUP = "site"
"""Id of the mapped task group, one instance a site."""

STEPS = ("screenshot", "slice", "rekognize")
"""The tasks of the group, in their order."""


def list_sites(names: Sequence[str] | None) -> list[dict[str, Any]]:
    """The sites to visit, checked: those of the sites file, or those of them with these names."""
    from celeb_ops.hooks.s3 import open_store, warn_of_new_prefix
    from celeb_ops.settings import Settings
    from celeb_ops.sites import choose, load_sites

    settings = Settings.load()
    chosen = choose(load_sites(settings.path(settings.sites)), names)
    warn_of_new_prefix(settings, open_store(settings))
    return [site.model_dump(mode="json") for site in chosen]


def merge_results(
    context: Context, sites: Sequence[Mapping[str, Any]] | None, result_keys: Iterable[str] | str | None
) -> dict[str, Any]:
    """Merge a run into the dataset; what was done, for the asset event.

    :param sites: as ``list_sites`` gave them; None where it failed.
    :param result_keys: of the sites that came through. Of a single one Airflow hands on the key itself, no list.
    """
    if sites is None:
        raise AirflowSkipException("list_sites gave no sites: there is nothing to merge.")
    from celeb_ops.dataset import merge
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.records import Result
    from celeb_ops.settings import Settings

    store = open_store(Settings.load())
    when = time_of(context)
    states = site_states(context, sites)
    if isinstance(result_keys, str):
        result_keys = [result_keys]
    results = [Result.load(store, key) for key in result_keys or ()]
    seen = {result.site for result in results}
    outcomes = [
        outcome_of(store, site["name"], when, states.get(site["name"], {}))
        for site in sites
        if site["name"] not in seen
    ]
    merged = merge(store, when, results, outcomes)
    for outcome in outcomes:
        logger.warning("%s was %s at %s: %s", outcome.site, outcome.outcome, outcome.task, outcome.reason)
    logger.info(
        "%d sites seen, %d skipped, %d failed; celebrities: %s; %s %s",
        len(merged.seen),
        len(merged.skipped),
        len(merged.failed),
        ", ".join(merged.celebrities) or "None",
        store.url(keys.CSV),
        "written" if merged.changed else "is as it was",
    )
    return {
        "time": keys.iso(when),
        "seen": merged.seen,
        "skipped": merged.skipped,
        "failed": merged.failed,
        "celebrities": len(merged.celebrities),
        "calls": merged.calls,
        "cost_usd": merged.cost_usd,
        "changed": merged.changed,
    }


def watch(context: Context, sites: Sequence[Mapping[str, Any]] | None) -> None:
    """Fail the run unless every failure in it was of an optional site."""
    if sites is None:
        raise SiteFailedError("list_sites failed, so no site was visited: its log says why.")
    states = site_states(context, sites)
    optional = {site["name"] for site in sites if site["optional"]}
    failed = {name: steps for name, steps in states.items() if "failed" in steps.values()}
    for name in sorted(failed.keys() & optional):
        logger.warning("%s failed; it is optional, so the run may be green.", name)
    if required := sorted(failed.keys() - optional):
        raise SiteFailedError(
            f"{len(required)} of {len(sites)} sites failed: {', '.join(required)}. "
            "The log of their failed task says why; clear it to try again: only that site is done anew."
        )
    merge_state = _states(context, task_ids=["merge"]).get("merge")
    if merge_state != "success":
        raise SiteFailedError(f"merge ended as {merge_state}: the dataset lacks this run. Clear merge to try again.")


def site_states(context: Context, sites: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The state of each step by site: ``{"TMZ": {"screenshot": "success", …}}``."""
    by_site: dict[str, dict[str, str]] = {site["name"]: {} for site in sites}
    for task, state in _states(context, task_group_id=GROUP).items():
        # `site.screenshot_3`: the task's id and its index in the list of sites.
        task_id, _, index = task.rpartition("_")
        if index.isdigit() and int(index) < len(sites):
            by_site[sites[int(index)]["name"]][task_id.rpartition(".")[2]] = state
    return by_site


def outcome_of(store: Store, site: str, when: datetime, states: Mapping[str, str]) -> Outcome:
    """What came of a site that has no result: the reason its step left in the store, or what its states tell."""
    from celeb_ops.records import Outcome

    ended = next((step for step in STEPS if states.get(step) == "failed"), None)
    # Those after a skipped step are skipped with it: the first one is where it happened.
    skipped = next((step for step in STEPS if states.get(step) == "skipped"), None)
    kind: Literal["skipped", "failed"] = "skipped" if skipped and not ended else "failed"
    try:
        left = Outcome.load(store, keys.outcome(keys.stem(site, when)))
        if left.outcome == kind:
            return left
    except NotStoredError:
        pass
    reason = f"The task ended as {kind} without a word (was it killed, or marked by hand?): see its log."
    return Outcome(site=site, time=when, outcome=kind, task=ended or skipped or "unknown", reason=reason)


def _states(context: Context, **of: Any) -> dict[str, str]:
    ti = context["ti"]
    run_id = context["run_id"]
    return dict(ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id], **of).get(run_id, {}))
