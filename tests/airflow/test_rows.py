"""A real scheduler: what sites.yaml or a person changes between two tries of a run doubles and loses no row."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl
import pytest

from celeb_ops.core import keys
from celeb_ops.dataset import captures_of
from celeb_ops.privacy.runs import RunRemoval
from tests.airflow.conftest import WORDS
from tests.airflow.running import airflow
from tests.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.airflow.running import Up

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(900)]

DAG = "/api/v2/dags/trending_celebrities"
NOW = datetime.now(UTC).replace(microsecond=0)


class Press:
    """An Airflow, its sites file, and one run of it."""

    def __init__(self, up: Up, path: Path) -> None:
        self.up = up
        self.path = path

    def list(self, **addresses: str) -> None:
        """Write the sites file."""
        self.path.write_text(json.dumps({"sites": [{"url": url, "name": name} for name, url in addresses.items()]}))

    def begin(self) -> str:
        self.run = self.up.api.trigger(logical_date=keys.iso(NOW))
        return self.up.api.ended(self.run)

    def clear(self, *tasks: str | tuple[str, int]) -> str:
        """Clear tasks of the run, none: all, and what follows them; the state in which it ends."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": self.run, "only_failed": False}
        if tasks:
            body |= {"task_ids": list(tasks), "include_downstream": True}
        self.up.api.ask(f"{DAG}/clearTaskInstances", body)
        return self.up.api.ended(self.run)

    def fail(self, task: str, index: int) -> None:
        """Mark a task as failed by hand."""
        path = f"{DAG}/dagRuns/{quote(self.run)}/taskInstances/{task}/{index}"
        self.up.api.ask(path, {"new_state": "failed"}, "PATCH")

    def state(self, task: str) -> str:
        (state,) = (one["state"] for one in self.up.api.tasks(self.run) if one["task_id"] == task)
        return state

    def rows(self, key: str) -> Counter[str]:
        """How many rows each site has in a table."""
        table = pl.read_parquet(io.BytesIO(self.up.store.read(key)))
        return Counter(table.filter(pl.col("time") == NOW)["site"].to_list())

    @property
    def outcomes(self) -> dict[str, str]:
        return {row["site"]: row["outcome"] for row in captures_of(self.up.store, NOW)}


@pytest.fixture(scope="module")
def web(demo_folder: Path) -> Iterator[Web]:
    portrait = (demo_folder / "www" / "pictures" / "hopper.jpeg").read_bytes()
    page = f'<h1>News</h1><img src="/hopper.jpeg" width="480" height="480">{WORDS}'
    with Web({"/first": page, "/second": page, "/last": page, "/gone": 410, "/hopper.jpeg": portrait}) as server:
        yield server


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path, web: Web) -> Iterator[Press]:
    """One run of FIRST, SECOND, whose address is wrong, and LAST."""
    folder = tmp_path_factory.mktemp("rows")
    path = folder / "sites.yaml"
    path.write_text(json.dumps({"sites": [{"url": f"{web.address}/first", "name": "FIRST"}]}))
    settings = {
        "CELEBS_SITES": str(path),
        "CELEBS_GALLERY": str(demo_folder / "gallery"),
        "CELEBS_RETRY_DELAY_S": "0",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "30",
    }
    with airflow(folder, settings) as up:
        running = Press(up, path)
        running.list(FIRST=f"{web.address}/first", SECOND=f"{web.address}/gone", LAST=f"{web.address}/last")
        assert running.begin() == "failed"
        assert running.outcomes == {"FIRST": "seen", "SECOND": "failed", "LAST": "seen"}
        yield running


# Each test goes on where the one before it has ended: a run takes half a minute.


def test_a_cleared_site_is_photographed_at_its_corrected_address(press: Press, web: Web) -> None:
    press.list(FIRST=f"{web.address}/first", SECOND=f"{web.address}/second", LAST=f"{web.address}/last")
    assert press.clear(("site.screenshot", 1)) == "success"
    assert set(press.outcomes.values()) == {"seen"}
    assert press.rows(keys.sightings(NOW)) == Counter(["FIRST", "SECOND", "LAST"])


def test_a_site_marked_as_failed_by_hand_is_failed_for_all(press: Press) -> None:
    press.fail("site.rekognize", 1)
    assert press.clear("merge") == "failed"
    assert (press.state("merge"), press.state("watcher")) == ("success", "failed")
    value = f"{DAG}/dagRuns/{quote(press.run)}/taskInstances/merge/xcomEntries/return_value"
    assert press.up.api.ask(value)["value"] == ["SECOND"]
    # What an earlier merge has seen stays known.
    assert set(press.outcomes.values()) == {"seen"}
    assert press.clear(("site.rekognize", 1)) == "success"


def test_a_shorter_list_doubles_nothing(press: Press, web: Web) -> None:
    press.list(FIRST=f"{web.address}/first", LAST=f"{web.address}/last")
    for _ in range(2):
        assert press.clear() == "success"
        for key in (keys.captures(NOW), keys.sightings(NOW)):
            assert press.rows(key) == Counter(["FIRST", "SECOND", "LAST"])


def test_nor_does_one_without_a_site_that_was_forgotten(press: Press) -> None:
    RunRemoval(press.up.store, NOW, ["SECOND"], whole=False).run()
    assert press.clear() == "success"
    for key in (keys.captures(NOW), keys.sightings(NOW)):
        assert press.rows(key) == Counter(["FIRST", "LAST"])
