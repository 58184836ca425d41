"""Many runs merge at once, in an S3 that has a bad day: no row is lost or doubled."""

from __future__ import annotations

import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from celeb_ops.core import keys
from celeb_ops.core.records import Outcome
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import S3Store
from celeb_ops.dataset import Merged, merge
from celeb_ops.hooks.s3 import open_store
from tests.aws.s3_proxy import CUT, HALF, LOST
from tests.factories import a_result, a_screenshot, saved

if TYPE_CHECKING:
    import pytest

    from celeb_ops.core.records import Result
    from celeb_ops.core.store import Change, Store
    from tests.aws.s3_proxy import S3Proxy

RUNS = [datetime(2026, 11, 1, 8, tzinfo=UTC) + timedelta(hours=12 * number) for number in range(8)]
SITES = {"TMZ": ("Cher", "Zendaya"), "PEOPLE": ("Cher",), "EONLINE": ()}

OF_WRITES = {"ConditionalRequestConflict": 0.05, "PreconditionFailed": 0.05, LOST: 0.05, CUT: 0.05}
FAULTS = OF_WRITES | {HALF: 0.15}
"""How likely each is: a write on condition meets one in 20 %, and so does a read (a cut or a half)."""


def a_run(store: Store, when: datetime) -> tuple[list[Result], list[Outcome]]:
    """What came of a run's sites: three were seen, one was not."""
    results = []
    for site, names in SITES.items():
        sidecar = saved(store, a_screenshot(site=site, time=when, parts=[]))
        results.append(a_result(site, *names, time=when, screenshot=sidecar))
    return results, [Outcome(site="VARIETY", time=when, outcome="failed", task="screenshot", reason="HTTP 503")]


def merge_at_once(stores: list[Store], given: list[tuple[list[Result], list[Outcome]]]) -> list[Merged]:
    with ThreadPoolExecutor(len(stores)) as threads:
        return list(threads.map(lambda store, when, one: merge(store, when, *one), stores, RUNS, given))


def rows(store: Store, key: str) -> Counter[tuple[object, ...]]:
    table = pl.read_parquet(io.BytesIO(store.read(key)))
    return Counter(table.select("time", "site", "name" if "name" in table.columns else "outcome").iter_rows())


def test_no_row_is_lost_or_doubled_and_a_rerun_changes_nothing(
    proxy: S3Proxy, s3_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [a_run(s3_store, when) for when in RUNS]
    # Each has a client of its own, as tasks open theirs.
    extra = {"endpoint_url": proxy.url, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CELEBS_S3", json.dumps(connection))
    stores: list[Store] = [open_store(Settings(store=f"s3://{s3_store.bucket}/press")) for _ in RUNS]
    updates, real = [], S3Store.update

    def update(store: S3Store, key: str, change: Change) -> bool:
        updates.append((key, real(store, key, change)))
        return updates[-1][1]

    monkeypatch.setattr(S3Store, "update", update)
    proxy.at_random(FAULTS, seed=20)
    # Each at least once, whichever thread comes upon what.
    proxy.give(*OF_WRITES, to="PutObject")
    done = merge_at_once(stores, given)

    assert all(one.changed for one in done)
    # A table in which nothing changes need not be written.
    others = {keys.DATAPACKAGE, keys.mentions(RUNS[0])}
    # Also those whose word was lost: each of three tables was changed by each run.
    assert [one for key, one in updates if key not in others] == [True] * 3 * len(RUNS)
    lines = s3_store.read(keys.CSV).decode().splitlines()[1:]
    assert [tuple(line.split(",")[:3]) for line in lines] == [
        (keys.iso(when), site, "; ".join(SITES[site])) for when in RUNS for site in sorted(SITES)
    ]
    seen = {(when, site, "seen") for when in RUNS for site in SITES}
    missed = {(when, "VARIETY", "failed") for when in RUNS}
    assert rows(s3_store, keys.captures(RUNS[0])) == Counter(seen | missed)
    sightings = {(when, site, name) for when in RUNS for site, names in SITES.items() for name in names}
    assert rows(s3_store, keys.sightings(RUNS[0])) == Counter(sightings)

    assert proxy.faults.keys() == FAULTS.keys()
    assert 0.1 < proxy.faults.total() / proxy.requests.total() < 0.4

    before = {key: s3_store.read(key) for key in s3_store.list("")}
    assert not any(one.changed for one in merge_at_once(stores[:4], given))
    assert {key: s3_store.read(key) for key in s3_store.list("")} == before
