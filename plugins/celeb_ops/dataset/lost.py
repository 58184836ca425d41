"""The rows of a ``Celebs.csv`` that was lost, out of what else knows them: ``Captures`` and ``Celebs.v1.csv``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops import keys
from celeb_ops.dataset.cells import names_cell, text_of
from celeb_ops.dataset.first_version import first_version_rows, first_version_without
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.exceptions import NotPermittedError, NotStoredError

if TYPE_CHECKING:
    from celeb_ops.dataset.cells import Rows
    from celeb_ops.removed import Removed
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)


def lost_rows(store: Store, removed: Removed, has_first_version: bool) -> Rows:
    """The rows that are known, without people who were removed.

    Runs of the first version that were forgotten since are among them: its file is kept as it was.

    :param has_first_version: the file in its place is the first version's, so its rows are not lost.
    :raises RecordError: a file that would know them can't be read.
    """
    seen = _of_captures(store, removed)
    return seen if has_first_version else _of_first_version(store, removed) | seen


def _of_first_version(store: Store, removed: Removed) -> Rows:
    url = store.url(keys.CSV_V1)
    try:
        text = text_of(store.read(keys.CSV_V1), url)
    except NotStoredError:
        return {}
    return first_version_rows(first_version_without(text, removed), url)[0]


def _of_captures(store: Store, removed: Removed) -> Rows:
    """A row for each capture that was seen."""
    try:
        months = [key for key in store.list("Captures/") if keys.is_month(key, "Captures")]
    except NotPermittedError as error:
        logger.warning("Whether Captures knows rows that %s lacks can't be told: %s", store.url(keys.CSV), error)
        return {}
    rows: Rows = {}
    for key in months:
        seen = from_parquet(store.read(key), CAPTURES, store.url(key)).filter(pl.col("outcome") == "seen")
        theirs = _names_by_qid(store, key.replace("Captures/", "Sightings/"), removed)
        for row in seen.iter_rows(named=True):
            time, site = keys.iso(row["time"]), row["site"]
            names = [name for name in row["celebrities"] or [] if name not in theirs and not removed.holds(name)]
            at = keys.iso(row["captured_at"] or row["time"])
            rows[time, site] = (time, site, names_cell(names), at, row["source"] or "live")
    return rows


def _names_by_qid(store: Store, key: str, removed: Removed) -> set[str]:
    """The names by which a month of ``Sightings`` has people who were removed by their QID."""
    if not removed:
        return set()
    try:
        table = from_parquet(store.read(key), SIGHTINGS, store.url(key)).select("name", "qid").drop_nulls().unique()
    except NotStoredError:
        return set()
    return {name for name, qid in table.iter_rows() if removed.holds(name, qid)}
