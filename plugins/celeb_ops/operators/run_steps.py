"""The tasks of a whole run: list its sites, merge its results, decide whether it failed."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from celeb_ops.capture.page_source import is_live
from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, ReasonCode, RecordError, SiteFailedError
from celeb_ops.metrics import counters
from celeb_ops.operators.base import time_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from celeb_ops.core.records import Outcome, Result
    from celeb_ops.core.settings import Settings
    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)

GROUP = "site"
"""Id of the mapped task group, one instance a site."""

STEPS = ("screenshot", "slice", "rekognize")
"""The tasks of the group, in their order."""


def list_sites(names: Sequence[str] | None, settings: Settings) -> list[dict[str, Any]]:
    """The sites to visit: all of the sites file, or those with these names.

    Gallery, bucket and the connection for messages are checked too, before any work begins.
    """
    from celeb_ops.core.sites import check_number, choose, load_sites
    from celeb_ops.hooks.s3 import open_store, warn_of_new_prefix
    from celeb_ops.notifications.channel import check_channel
    from celeb_ops.recognition.factory import check_recognizer

    chosen = choose(load_sites(settings.path(settings.sites)), names)
    check_number(chosen, conf.getint("core", "max_map_length"))
    check_recognizer(settings)
    check_channel(settings)
    warn_of_new_prefix(settings, open_store(settings))
    return [site.model_dump(mode="json") for site in chosen]


def merge_results(
    context: Context, sites: Sequence[Mapping[str, Any]] | None, store: Store, settings: Settings
) -> dict[str, Any]:
    """Merge a run into the dataset; returns the asset event's extra.

    :param sites: of ``list_sites``; None if it failed.
    """
    if sites is None:
        raise AirflowSkipException("list_sites gave no sites: there is nothing to merge.")
    from celeb_ops.dataset import merge

    when = time_of(context)
    results, outcomes = collected(site_states(context, sites), store, when, is_live(when, datetime.now(UTC), settings))
    with counters.timed("merge"), counters.pages(store, when):
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
    kind = getattr(context.get("dag_run"), "run_type", None)
    # Messages depend on the type. The id does not tell: a run that a backfill repeats keeps its own.
    run = {"time": keys.iso(when), "run_type": str(getattr(kind, "value", kind) or "")}
    return run | asdict(merged) | {"celebrities": len(merged.celebrities)}


def collected(
    states: Mapping[str, Mapping[str, str]], store: Store, when: datetime, live: bool
) -> tuple[list[Result], list[Outcome]]:
    """The results of the seen sites, and the outcomes of the others.

    A site was seen if each of its steps succeeded and its result can be read. Keys come from the sites' names: XComs
    may include those of map indexes that a longer list had.

    :param states: of each site's steps. :param live: whether the live pages stand for the run time now.
    """
    from celeb_ops.dataset import load_result

    results: list[Result] = []
    outcomes: list[Outcome] = []
    for site, steps in states.items():
        if any(steps.get(step) != "success" for step in STEPS):
            outcomes.append(outcome_of(store, site, when, steps, live))
            continue
        try:
            results.append(load_result(store, site, when))
        except (RecordError, NotStoredError) as error:
            source = _stored_source(store, site, when)
            outcomes.append(_outcome(site, when, "failed", STEPS[-1], str(error), ReasonCode.RECORD, source))
    return results, outcomes


def watch(sites: Sequence[Mapping[str, Any]] | None, failed: Sequence[str] | None) -> None:
    """SiteFailedError unless every failed site is optional.

    :param failed: of merge; None if it failed. Task states don't tell: all steps of a site with a damaged result have
        succeeded, and a site that an earlier merge has seen stays seen.
    """
    if sites is None:
        raise SiteFailedError("list_sites failed, so no site was visited: its log says why.")
    if failed is None:
        raise SiteFailedError(
            "merge failed, or was marked as done by hand: the dataset may lack this run. Clear merge to try again."
        )
    optional = {site["name"] for site in sites if site["optional"]}
    for name in sorted(optional.intersection(failed)):
        logger.warning("%s failed; it is optional, so the run may be green.", name)
    if required := sorted(set(failed) - optional):
        raise SiteFailedError(
            f"{len(required)} of {len(sites)} sites failed: {', '.join(required)}. The log of merge says why. To try "
            "again clear the failed task, soon if the page was not photographed, or rekognize where none failed."
        )


def site_states(context: Context, sites: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The state of each step by site: ``{"TMZ": {"screenshot": "success", …}}``."""
    by_site: dict[str, dict[str, str]] = {site["name"]: {} for site in sites}
    ti, run = context["ti"], context["run_id"]
    for step in STEPS:
        # By step: for a group Airflow reads all tasks twice, which at 1,000 sites exceeds a request's 5 s.
        all_states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run], task_ids=[f"{GROUP}.{step}"])
        for task, state in all_states.get(run, {}).items():
            # `site.screenshot_3`: the task's id and its index in the list of sites.
            index = task.rpartition("_")[2]
            # Indexes of a list that has become shorter are "removed".
            if state != "removed" and index.isdigit() and int(index) < len(sites):
                by_site[sites[int(index)]["name"]][step] = state
    return by_site


def _stored_source(store: Store, site: str, when: datetime) -> Literal["live", "archive"] | None:
    """Which page of the site is in the store; None without a readable screenshot."""
    from celeb_ops.core.records import Screenshot

    try:
        return Screenshot.load_of(store, keys.sidecar(keys.stem(site, when)), site, when).source
    except (NotStoredError, RecordError):
        return None


def outcome_of(store: Store, site: str, when: datetime, states: Mapping[str, str], live: bool) -> Outcome:
    """The outcome of a site without a result: the recorded one if it fits the task states, else made from these.

    :param live: whether the site's live page stands for the run time now.
    """
    from celeb_ops.core.records import Outcome

    failed = next((step for step in STEPS if states.get(step) == "failed"), None)
    # The first: later steps are skipped with it.
    skipped = next((step for step in STEPS if states.get(step) == "skipped"), None)
    kind: Literal["skipped", "failed"] = "skipped" if skipped and not failed else "failed"
    recorded = Outcome.find(store, site, when)
    # One of another task is of an earlier try, in a store that forbids deletion.
    if recorded and (recorded.outcome, recorded.task) == (kind, failed or skipped):
        return recorded
    source: Literal["live", "archive"] | None = None
    if kind == "failed":
        # Only the screenshot step may have been about to replace what is stored.
        source = _stored_source(store, site, when) if failed in STEPS[1:] else "live" if live else None
    reason = f"The task ended as {kind} without a word (was it killed, or marked by hand?): see its log."
    return _outcome(site, when, kind, failed or skipped or "unknown", reason, ReasonCode.KILLED, source)


def _outcome(
    site: str,
    when: datetime,
    outcome: Literal["skipped", "failed"],
    task: str,
    reason: str,
    code: ReasonCode,
    source: Literal["live", "archive"] | None,
) -> Outcome:
    from celeb_ops.core.records import Outcome

    return Outcome(site=site, time=when, outcome=outcome, task=task, reason=reason, reason_code=code, source=source)
