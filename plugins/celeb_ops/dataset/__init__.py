"""Results → tables: ``Celebs.csv``, ``Captures``, ``Sightings``, ``Mentions``; each row is written once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celeb_ops.core import keys, removal_filter
from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, RecordError
from celeb_ops.core.records import Result, Screenshot
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.dataset.celebs_csv import site_cell
from celeb_ops.dataset.celebs_update import update_csv
from celeb_ops.dataset.datapackage import update_datapackage
from celeb_ops.dataset.tables import (
    captures_of,
    mention_rows,
    sighting_rows,
    update_captures,
    update_mentions,
    update_sightings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from celeb_ops.core.records import Outcome
    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)

__all__ = ["Merged", "captures_of", "load_result", "merge"]


def load_result(store: Store, site: str, when: datetime) -> Result:
    """The result of a site in a run, which can be merged.

    :raises RecordError: it is damaged, or of another site, run or screenshot than is stored now: names of one page
    would be next to the headlines of another.
    :raises NotStoredError: it, or the sidecar, is not there.
    """
    stem = keys.stem(site, when)
    key, sidecar = keys.result(stem), keys.sidecar(stem)
    result = Result.load_of(store, key, site, when)
    try:
        shot = Screenshot.load_of(store, sidecar, site, when)
    except (NotStoredError, RecordError):
        if result.sightings or result.mentions:
            # Their headlines are in the sidecar.
            raise
        return result
    if (result.screenshot, result.captured_at, result.source) != (sidecar, shot.captured_at, shot.source):
        raise RecordError(
            f"{store.url(key)} was made from {result.screenshot}, the {result.source} page of "
            f"{keys.iso(result.captured_at)}, but the store now has the {shot.source} page of "
            f"{keys.iso(shot.captured_at)}. Clear rekognize."
        )
    numbers = [one.picture for one in result.sightings] + [one.picture for one in result.mentions]
    last = max((number for number in numbers if number is not None), default=-1)
    if last >= len(shot.pictures):
        raise RecordError(
            f"{store.url(key)} has a person on picture {last} (counted from 0), but the page has only "
            f"{len(shot.pictures)} pictures. Clear rekognize."
        )
    return result


@dataclass(frozen=True)
class Merged:
    """The result of a merge, for the log, the asset event and the table."""

    seen: list[str]
    skipped: list[str]
    failed: list[str]
    celebrities: list[str]
    calls: int
    calls_saved: int
    cost_usd: float
    sites: dict[str, dict[str, float]]
    """``calls``, ``calls_saved`` and ``cost_usd`` by site, of the sites that were seen."""
    changed: bool


def merge(store: Store, when: datetime, results: Sequence[Result], outcomes: Sequence[Outcome]) -> Merged:
    """Bring a run's results and outcomes into the dataset; a second time changes nothing.

    A site counts once, by its last result, or else by its last outcome. People who asked not to be in the dataset are
    unrecognised faces, whatever a result says.

    :param when: the run time. :param outcomes: of the sites without a result.
    :raises RecordError: a result or outcome is of another run, or a file of the dataset is not what it should be; the
        dataset is left as it is.
    """
    for record in (*results, *outcomes):
        if record.site != site_cell(record.site):
            raise RecordError(f"{record.site!r} is not a valid site name: write {site_cell(record.site)}.")
        if record.time != when:
            raise RecordError(
                f"What came of {record.site} at {keys.iso(record.time)} can't be merged into the run of "
                f"{keys.iso(when)}."
            )
    seen = {result.site: result for result in results}
    missed = {outcome.site: outcome for outcome in outcomes if outcome.site not in seen}
    changed = False
    removed: RemovalList | None = None
    # Repeat if the removal list changed meanwhile: `make forget` may have cleaned these tables before our rows were
    # written.
    while removed != (removed := RemovalList.load(store)):
        results = [_filtered(store, result, removed) for result in seen.values()]
        outcomes = [removal_filter.filtered(outcome, removed) for outcome in missed.values()]
        sightings = sighting_rows(store, results, removed)
        # The CSV first: people open and save it, so it is the one most likely to be refused.
        changed |= update_csv(store, results, removed)
        changed |= update_sightings(store, when, sorted(seen), sightings)
        changed |= update_mentions(store, when, sorted(seen), mention_rows(results))
        changed |= update_captures(store, when, results, outcomes)
        of_seen = [keys.sightings(when), keys.mentions(when)] if results else []
        update_datapackage(store, [keys.captures(when), *of_seen])
    return Merged(
        seen=sorted(seen),
        skipped=sorted(site for site, outcome in missed.items() if outcome.outcome == "skipped"),
        failed=sorted(site for site, outcome in missed.items() if outcome.outcome == "failed"),
        celebrities=sorted({name for result in results for name in result.celebrities}),
        calls=sum(result.calls for result in results),
        calls_saved=sum(result.calls_saved for result in results),
        cost_usd=round(sum(result.cost_usd for result in results), 6),
        sites={one.site: one.model_dump(include={"calls", "calls_saved", "cost_usd"}) for one in results},
        changed=changed,
    )


def _filtered(store: Store, result: Result, removed: RemovalList) -> Result:
    """The result without people who were removed; the stored one is changed too, and their crops go."""
    clean = removal_filter.filtered(result, removed)
    if removed:
        stem = keys.stem(result.site, result.time)
        store.update(keys.result(stem), lambda old: removal_filter.scrubbed(old, removed) if old else None)
        try:
            for crop in {*store.list(keys.crops(stem))} - {one.crop for one in clean.sightings}:
                store.delete(crop)
        except NotPermittedError as error:
            logger.warning("Crops of people who asked not to be in the dataset may stay: %s", error)
    return clean
