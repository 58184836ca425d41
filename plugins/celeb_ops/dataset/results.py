"""What a merge takes for a site's result: one damaged, or of another site, run or page, costs that site alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError, RecordError
from celeb_ops.records import Result, Screenshot

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.store import Store


def load_result(store: Store, site: str, when: datetime) -> Result:
    """The result of a site in a run, which can be merged.

    Not one of another screenshot than the one that is stored now: names of one page would stand with the headlines
    and the time of another.

    :raises RecordError: it can't be merged. :raises NotStoredError: it, or its screenshot's sidecar, is not there.
    """
    stem = keys.stem(site, when)
    key, sidecar = keys.result(stem), keys.sidecar(stem)
    result = Result.load_of(store, key, site, when)
    try:
        shot = Screenshot.load_of(store, sidecar, site, when)
    except (NotStoredError, RecordError):
        if result.sightings:
            # Their headlines are in it.
            raise
        return result
    of_it = result.screenshot, result.captured_at, result.source
    if of_it != (sidecar, shot.captured_at, shot.source):
        raise RecordError(
            f"{store.url(key)} is of {result.screenshot}, the {result.source} page of {keys.iso(result.captured_at)}, "
            f"and stored now is the {shot.source} one of {keys.iso(shot.captured_at)}. Clear rekognize."
        )
    last = max((one.picture for one in result.sightings if one.picture is not None), default=-1)
    if last >= len(shot.pictures):
        raise RecordError(
            f"{store.url(key)} has a face on picture {last}, and its page has {len(shot.pictures)} pictures, counted "
            "from 0. Clear rekognize."
        )
    return result
