"""``datapackage.json`` over real merged stores, checked by Frictionless' own library."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from frictionless import Package, system

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError, RecordError
from celeb_ops.dataset import merge
from celeb_ops.dataset.datapackage import update_datapackage
from celeb_ops.dataset.schema import TYPE_NAMES
from tests.dataset.stores import OCTOBER, a_dataset, a_run
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.store import FolderStore, Store


def package(store: Store) -> dict[str, Any]:
    return json.loads(store.read(keys.DATAPACKAGE))


def paths(store: Store) -> list[str]:
    return [one["path"] for one in package(store)["resources"]]


def errors(folder: Path) -> list[str]:
    """What Frictionless finds wrong in a folder's package."""
    with system.use_context(trusted=True):
        report = Package(str(folder / keys.DATAPACKAGE)).validate()
    return [one.message for one in [*report.errors, *(one for task in report.tasks for one in task.errors)]]


class TestPackage:
    def test_frictionless_finds_nothing_wrong(self, folder_store: FolderStore) -> None:
        a_dataset(folder_store)
        assert errors(folder_store.root) == []
        months = [
            f"{table}/2026-{month}.parquet" for table in ("Captures", "Sightings", "Mentions") for month in (10, 11)
        ]
        assert paths(folder_store) == ["Celebs.csv", *months]

    def test_frictionless_finds_a_row_that_is_wrong(self, folder_store: FolderStore) -> None:
        a_dataset(folder_store)
        content = folder_store.read(keys.CSV)
        row = content.splitlines()[1]
        folder_store.write(keys.CSV, content + row + b"\n" + row.replace(b"2026-", b"yesterday"))
        found = " ".join(errors(folder_store.root))
        assert "violates the primary key" in found
        assert 'type is "datetime' in found

    def test_its_columns_are_those_of_the_files(self, folder_store: FolderStore) -> None:
        a_dataset(folder_store)
        for one in package(folder_store)["resources"][1:]:
            found = pl.read_parquet_schema(folder_store.root / one["path"])
            types = [(field["name"], field["type"]) for field in one["schema"]["fields"]]
            assert types == [(name, TYPE_NAMES[dtype][1]) for name, dtype in found.items()]
            assert all(field["description"] for field in one["schema"]["fields"])

    def test_a_second_merge_changes_no_byte(self, store: Store) -> None:
        a_run(store, RUN_TIME)
        before = store.read(keys.DATAPACKAGE)
        a_run(store, RUN_TIME)
        a_run(store, RUN_TIME.replace(hour=20))
        assert store.read(keys.DATAPACKAGE) == before

    def test_a_month_gets_its_sightings_when_somebody_is_seen(self, folder_store: FolderStore) -> None:
        # Other files are none of its.
        folder_store.write("Captures/2026-10 copy.parquet", b"")
        folder_store.write("Captures/notes/2026-10.parquet", b"")
        merge(folder_store, RUN_TIME, [], [])
        assert paths(folder_store) == ["Celebs.csv", "Captures/2026-11.parquet"]
        a_run(folder_store, RUN_TIME.replace(hour=20))
        assert paths(folder_store)[1:] == [
            f"{table}/2026-11.parquet" for table in ("Captures", "Sightings", "Mentions")
        ]

    def test_it_lists_months_older_than_the_package(self, store: Store) -> None:
        a_dataset(store)
        before = store.read(keys.DATAPACKAGE)
        store.delete(keys.DATAPACKAGE)
        a_run(store, RUN_TIME)
        assert store.read(keys.DATAPACKAGE) == before

    def test_what_a_user_adds_stays(self, folder_store: FolderStore) -> None:
        a_run(folder_store, RUN_TIME)
        assert "licenses" not in package(folder_store)
        mine = {"title": "Mine", "licenses": [{"name": "CC-BY-4.0"}], "contributors": [{"title": "Me"}]}
        folder_store.write(keys.DATAPACKAGE, json.dumps({**package(folder_store), **mine}).encode())
        a_run(folder_store, OCTOBER)
        found = package(folder_store)
        assert {name: found[name] for name in mine} == mine
        assert "Captures/2026-10.parquet" in paths(folder_store)
        assert errors(folder_store.root) == []

    def test_an_older_package_is_rewritten(self, folder_store: FolderStore) -> None:
        a_run(folder_store, RUN_TIME)
        before = folder_store.read(keys.DATAPACKAGE)
        folder_store.write(keys.DATAPACKAGE, json.dumps({**package(folder_store), "celebs_schema": 1}).encode())
        a_run(folder_store, RUN_TIME)
        assert json.loads(folder_store.read(keys.DATAPACKAGE)) == json.loads(before)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"resources": 3}'])
    def test_a_foreign_file_is_an_error_and_stays(self, store: Store, content: bytes) -> None:
        store.write(keys.DATAPACKAGE, content)
        with pytest.raises(RecordError, match=r"datapackage\.json is no data package, .*delete it.*clear merge"):
            a_run(store, RUN_TIME)
        assert store.read(keys.DATAPACKAGE) == content
        assert store.exists(keys.captures(RUN_TIME))

    def test_without_list_permission_known_files_stay(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        a_dataset(folder_store)

        def refused(prefix: str) -> list[str]:
            raise NotPermittedError("no")

        monkeypatch.setattr(folder_store, "list", refused)
        december = datetime(2026, 12, 1, 8, tzinfo=UTC)
        update_datapackage(folder_store, [keys.captures(december)])
        assert [path for path in paths(folder_store) if path.startswith("Captures")] == [
            f"Captures/2026-{month}.parquet" for month in (10, 11, 12)
        ]
