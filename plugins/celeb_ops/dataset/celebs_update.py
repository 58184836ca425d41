"""Brings rows into ``Celebs.csv``: one per capture that was seen."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError, NotStoredError, RecordError
from celeb_ops.core.removal_list import RemovalList
from celeb_ops.dataset.celebs_csv import csv_row, parse_csv, without_people, write_csv
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

    If the first version's file is there, it is copied to ``Celebs.v1.csv`` and its rows are imported. If the file has
    no row of this version, rows are restored from ``Captures`` and ``Celebs.v1.csv``.

    :param removed: people whom no row may name: somebody may have restored an older file.
    :raises RecordError: the file there can't be read without loss; it is left as it is.
    """
    rows = (csv_row(one.time, one.site, one.celebrities, one.captured_at, one.source) for one in results)
    new: Rows = {row[:2]: row for row in rows}
    url = store.url(keys.CSV)
    restored = 0

    def change(old: bytes | None) -> bytes:
        nonlocal restored
        rows, is_ours, _ = parse_csv(without_people(old or b"", removed, url), url)
        known = {} if rows and is_ours else _known_elsewhere(store, removed)
        restored = len(known.keys() - rows.keys())
        return write_csv((known | rows | new).values())

    _keep_first_version(store, removed)
    changed = store.update(keys.CSV, change)
    if restored:
        logger.warning(
            "%s had no row of this dataset. %d rows were restored from Captures and %s. Corrections made by hand are "
            "lost; without a %s, so are the first version's rows: look for an older copy of the file. Runs of the "
            "first version that you had removed are back: remove them again.",
            *(url, restored, keys.CSV_V1, keys.CSV_V1),
        )
    return changed


def _keep_first_version(store: Store, removed: RemovalList) -> None:
    """Keep the first version's file, before its rows are imported. RecordError if lines would be in neither file."""
    url = store.url(keys.CSV)
    try:
        old = without_people(store.read(keys.CSV), removed, url)
    except NotStoredError:
        return
    rows, is_ours, left_out = parse_csv(old, url)
    if is_ours or not rows:
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
    message = "The first version's %s is kept as %s and taken over: %d rows with %d names, %d lines left out."
    logger.warning(message, keys.CSV, keys.CSV_V1, len(rows), names, len(left_out))


def _known_elsewhere(store: Store, removed: RemovalList) -> Rows:
    """The rows in ``Captures`` and in the kept copy of the first version's file, which still has runs that were
    removed."""
    rows: Rows = {}
    url = store.url(keys.CSV_V1)
    with suppress(NotStoredError):
        rows = parse_csv(without_people(store.read(keys.CSV_V1), removed, url), url).rows
    try:
        months = [key for key in store.list("Captures/") if keys.is_month(key, "Captures")]
    except NotPermittedError as error:
        logger.warning("Whether Captures knows rows that %s lacks is unknown: %s", store.url(keys.CSV), error)
        months = []
    for key in months:
        seen = from_parquet(store.read(key), CAPTURES, store.url(key)).filter(outcome="seen")
        # Names, in this month's sightings, of people who were removed by QID.
        sightings_key = key.replace("Captures/", "Sightings/")
        content = store.read(sightings_key) if removed and store.exists(sightings_key) else None
        sightings = from_parquet(content, SIGHTINGS, store.url(sightings_key))
        pairs = sightings.select("name", "qid").drop_nulls().unique()
        theirs = {name for name, qid in pairs.iter_rows() if removed.holds(name, qid)}
        for row in seen.iter_rows(named=True):
            names = [name for name in row["celebrities"] or [] if name not in theirs and not removed.holds(name)]
            captured_at, source = row["captured_at"] or row["time"], row["source"] or "live"
            cells = csv_row(row["time"], row["site"], names, captured_at, source)
            rows[cells[:2]] = cells
    return rows
