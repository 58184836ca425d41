"""What a merge keeps out: people who asked not to be in the dataset, also where an older result still names them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celeb_ops import keys
from celeb_ops.exceptions import NotPermittedError
from celeb_ops.forget.records import scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.records import Result
    from celeb_ops.removed import Removed
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

TEXTS = ("headline", "link", "alt", "picture_url")
"""Columns of ``Sightings`` with a page's own words and addresses: they may name somebody else than the row does."""


def without_them(store: Store, result: Result, removed: Removed) -> Result:
    """The result, their faces counted as unrecognised. Where it is kept in the store it is mended there too, and the
    crops of their faces go."""
    theirs = [one for one in result.sightings if removed.holds(one.name, one.qid)]
    if not theirs:
        return result
    stem = keys.stem(result.site, result.time)
    store.update(keys.result(stem), lambda kept: scrubbed(kept, removed) if kept else None)
    for one in theirs:
        if one.crop.startswith(keys.crops(stem)):
            try:
                store.delete(one.crop)
            except NotPermittedError as error:
                logger.warning("The crop of somebody who asked not to be in the dataset stays: %s", error)
    return result.model_copy(
        update={
            "sightings": [one for one in result.sightings if one not in theirs],
            "unrecognised": result.unrecognised + len(theirs),
        }
    )


def without_texts(rows: Sequence[dict[str, Any]], removed: Removed) -> list[dict[str, Any]]:
    """Rows of ``Sightings``, without the words and addresses that name one of them."""
    return [{**row, **{column: None for column in TEXTS if removed.mentioned(row[column])}} for row in rows]
