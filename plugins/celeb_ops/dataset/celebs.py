"""Brings rows into ``Celebs.csv``: one per capture that was seen."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, RecordError
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.dataset.celebs_csv import (
    first_version_rows,
    is_ours,
    names_cell,
    read_csv,
    text_of,
    without_people,
    write_csv,
)
from celeb_ops.dataset.schema import CAPTURES, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.records import Result
    from celeb_ops.core.store import Store
    from celeb_ops.dataset.celebs_csv import Rows

logger = logging.getLogger(__name__)


NOBODY = RemovalList()


def update_csv(store: Store, results: Sequence[Result], removed: RemovalList = NOBODY) -> bool:
    """Bring the results' rows into the file; True if that changed it.

    The first version's file in its place is kept beside it and taken over. Where there is no row of ours, those that
    ``Captures`` and the first version's file know are brought back.

    :param removed: people whom no row names: somebody may have put an older file in the place of this one.
    :raises RecordError: the file there can't be read without loss; it is left as it is.
    """
    new: Rows = {}
    for one in results:
        place = keys.iso(one.time), one.site
        new[place] = (*place, names_cell(one.celebrities), keys.iso(one.captured_at), one.source)
    url = store.url(keys.CSV)
    lost: Rows = {}

    def change(old: bytes | None) -> bytes:
        nonlocal lost
        content = without_people(old or b"", removed, url)
        rows = read_csv(content, url)
        known = {} if rows and is_ours(text_of(content, url)) else _known_elsewhere(store, removed)
        lost = {place: row for place, row in known.items() if place not in rows}
        return write_csv((lost | rows | new).values())

    _keep_first_version(store, removed)
    changed = store.update(keys.CSV, change)
    if lost:
        logger.warning(
            "%s had no row of this dataset: the %d that Captures and %s know are brought back. Lost are what was "
            "mended in it by hand and, where there is no %s, the first version's rows: an older copy has them. Runs of "
            "the first version that were forgotten are back: forget them again.",
            url,
            len(lost),
            keys.CSV_V1,
            keys.CSV_V1,
        )
    return changed


def _keep_first_version(store: Store, removed: RemovalList) -> None:
    """Keep the first version's file beside the new one, before it is taken over.

    :raises RecordError: lines of it can't be read, and another file is kept already, so nothing would keep these.
    """
    url = store.url(keys.CSV)
    try:
        old = without_people(store.read(keys.CSV), removed, url)
    except NotStoredError:
        return
    text = text_of(old, url)
    rows, left_out = ({}, {}) if is_ours(text) else first_version_rows(text, url)
    if not rows:
        return
    for number, line in left_out.items():
        logger.warning("%s, line %d, can't be read and is left out: %r", keys.CSV, number, line[:200])
    store.update(keys.CSV_V1, lambda kept: old if kept is None else None)
    if left_out and store.read(keys.CSV_V1) != old:
        raise RecordError(
            f"{len(left_out)} lines of {url} can't be read (see the log), and {keys.CSV_V1} keeps another file. "
            "The file is left as it is: mend the lines or take them out, and clear merge."
        )
    names = sum(len(row[2].split("; ")) for row in rows.values() if row[2])
    said = "The first version's %s is kept as %s and taken over: %d rows with %d names, %d lines left out."
    logger.warning(said, keys.CSV, keys.CSV_V1, len(rows), names, len(left_out))


def _known_elsewhere(store: Store, removed: RemovalList) -> Rows:
    """The rows that the first version's kept file and ``Captures`` know, without people who were removed.

    Runs of the first version that were forgotten since are among them: its file is kept as it was.

    :raises RecordError: a file that would know them can't be read.
    """
    rows: Rows = {}
    url = store.url(keys.CSV_V1)
    with suppress(NotStoredError):
        rows, _ = first_version_rows(text_of(without_people(store.read(keys.CSV_V1), removed, url), url), url)
    try:
        months = [key for key in store.list("Captures/") if keys.is_month(key, "Captures")]
    except NotPermittedError as error:
        logger.warning("Whether Captures knows rows that %s lacks can't be told: %s", store.url(keys.CSV), error)
        months = []
    for key in months:
        seen = from_parquet(store.read(key), CAPTURES, store.url(key)).filter(pl.col("outcome") == "seen")
        theirs = _names_by_qid(store, key.replace("Captures/", "Sightings/"), removed)
        for row in seen.iter_rows(named=True):
            place = keys.iso(row["time"]), row["site"]
            names = [name for name in row["celebrities"] or [] if name not in theirs and not removed.holds(name)]
            at = keys.iso(row["captured_at"] or row["time"])
            rows[place] = (*place, names_cell(names), at, row["source"] or "live")
    return rows


def _names_by_qid(store: Store, key: str, removed: RemovalList) -> set[str]:
    """The names by which a month of ``Sightings`` has people who were removed by their QID."""
    if not removed or not store.exists(key):
        return set()
    table = from_parquet(store.read(key), SIGHTINGS, store.url(key)).select("name", "qid").drop_nulls().unique()
    return {name for name, qid in table.iter_rows() if removed.holds(name, qid)}
