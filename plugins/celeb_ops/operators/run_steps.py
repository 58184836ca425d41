"""The tasks of a whole run: list its sites, merge its results, decide whether it failed."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from celeb_ops.capture.page_source import is_live
from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, ReasonCode, RecordError, RunParamError, SiteFailedError
from celeb_ops.core.text import suggestion
from celeb_ops.hooks.airflow_names import AirflowSkipException, conf
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
"""Id of the mapped task group, one instance per site."""

_GET_IT = "Run `npm install @duckduckgo/autoconsent` there, or `make npm` in a checkout."

STEPS = ("screenshot", "slice", "rekognize")
"""The tasks of the group, in their order."""


def list_sites(names: Sequence[str] | None, settings: Settings) -> list[dict[str, Any]]:
    """The sites to visit: all of the sites file, or those with these names.

    Also checks gallery, bucket, watch list and the connections of messages and sites before any work begins.
    """
    from celeb_ops.capture.consent import AUTOCONSENT, lacks_autoconsent
    from celeb_ops.core.settings import PROJECT
    from celeb_ops.core.sites import check_site_count, choose, load_sites
    from celeb_ops.hooks.s3 import open_store, warn_of_new_prefix
    from celeb_ops.hooks.site_access import check_access
    from celeb_ops.notifications.channel import check_channel
    from celeb_ops.operators.notifying import check_watch_list
    from celeb_ops.recognition.factory import check_recognizer

    chosen = choose(load_sites(settings.path(settings.sites)), names)
    check_site_count(chosen, conf.getint("core", "max_map_length"))
    check_recognizer(settings)
    check_channel(settings)
    check_access(chosen)
    for variable in settings.paths_lost_at_sync:
        logger.warning("%s lies in %s, which the next sync replaces: set an absolute path.", variable, PROJECT)
    if any(lacks_autoconsent(site) for site in chosen):
        logger.warning("Consent dialogs are removed, not answered: %s is missing. %s", AUTOCONSENT, _GET_IT)
    store = open_store(settings)
    check_watch_list(settings, store)
    warn_of_new_prefix(settings, store)
    # Airflow might render these texts as templates; the capture reads them from the sites file instead.
    return [site.model_dump(mode="json", exclude={"css", "javascript"}) for site in chosen]


def check_params(context: Context) -> None:
    """RunParamError for a param in the run's configuration that the DAG does not have: Airflow would ignore it."""
    known = list(context["dag"].params)
    for name in getattr(context["dag_run"], "conf", None) or {}:
        if name not in known:
            raise RunParamError(
                f"There is no run param {name!r}: {suggestion(name, known)} Trigger a new run: this one did not start."
            )


def merge_results(
    context: Context, sites: Sequence[Mapping[str, Any]] | None, store: Store, settings: Settings
) -> dict[str, Any]:
    """Merge a run into the dataset; returns the asset event's extra.

    :param sites: by ``list_sites``; None if it failed.
    """
    if sites is None:
        raise AirflowSkipException("list_sites gave no sites: there is nothing to merge.")
    from celeb_ops.dataset import merge
    from celeb_ops.dataset.far_fewer import far_fewer

    when = time_of(context)
    results, outcomes = collect_results(
        site_states(context, sites), store, when, is_live(when, datetime.now(UTC), settings)
    )
    with counters.timed("merge"), counters.pages(store, when):
        merged = merge(store, when, results, outcomes)
    for outcome in outcomes:
        what = "failed" if outcome.outcome == "failed" else "was skipped"
        logger.warning("%s %s at %s: %s", outcome.site, what, outcome.task, outcome.reason)
    for sentence in far_fewer(store, when):
        logger.warning("%s", sentence)
    logger.info(
        "%d sites seen, %d skipped, %d failed; celebrities: %s; %s %s",
        len(merged.seen),
        len(merged.skipped),
        len(merged.failed),
        ", ".join(merged.celebrities) or "None",
        store.url(keys.CSV),
        "written" if merged.changed else "unchanged",
    )
    kind = getattr(context.get("dag_run"), "run_type", None)
    # The messages' DAG needs the run type. The run id does not show it: a run that a backfill repeats keeps its old id.
    run = {"time": keys.iso(when), "run_type": str(getattr(kind, "value", kind) or "")}
    return run | asdict(merged) | {"celebrities": len(merged.celebrities)}


def collect_results(
    states: Mapping[str, Mapping[str, str]], store: Store, when: datetime, live: bool
) -> tuple[list[Result], list[Outcome]]:
    """The results of the seen sites, and the outcomes of the others.

    A site was seen if each of its steps succeeded and its result can be read. Results are found by site name:
    XComs may hold map indexes of a longer, earlier list.

    :param states: each site's steps.
    :param live: whether live pages still count for the run time.
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


def check_failures(sites: Sequence[Mapping[str, Any]] | None, failed: Sequence[str] | None) -> None:
    """SiteFailedError unless every failed site is optional.

    :param failed: the sites that merge returned as failed; None if merge failed. Task states are not enough: if a
        result is damaged, all steps of its site succeeded.
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
    if not failed:
        logger.info("0 of %d sites failed: the run is green.", len(sites))
    if required := sorted(set(failed) - optional):
        raise SiteFailedError(
            f"{len(required)} of {len(sites)} sites failed: {', '.join(required)}. The log of merge says why. To "
            "retry, clear the failed task (soon, if the screenshot failed), or rekognize if no task failed."
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

    :param live: whether the live page still counts for the run time.
    """
    from celeb_ops.core.records import Outcome

    failed = next((step for step in STEPS if states.get(step) == "failed"), None)
    # The first: later steps are skipped with it.
    skipped = next((step for step in STEPS if states.get(step) == "skipped"), None)
    kind: Literal["skipped", "failed"] = "skipped" if skipped and not failed else "failed"
    recorded = Outcome.find(store, site, when)
    # If it is of another task, it is stale: an old one that the store did not let us delete.
    if recorded and (recorded.outcome, recorded.task) == (kind, failed or skipped):
        return recorded
    source: Literal["live", "archive"] | None = None
    if kind == "failed":
        # Only the screenshot step could have replaced what is stored.
        source = _stored_source(store, site, when) if failed in STEPS[1:] else "live" if live else None
    reason = f"The task ended as {kind} without a reason (killed, or marked by hand?): see its log."
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
