from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from frictionless import Package, Resource, system
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from celeb_ops.cli.main import main
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ExportError, RecordError
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset.export import Wanted, export
from celeb_ops.dataset.formats import write_table
from celeb_ops.dataset.schema import CAPTURES, CELEBS, SIGHTINGS, VERSION, VERSION_KEY
from celeb_ops.dataset.tables import from_parquet
from tests.dataset.stores import HEADLINE, OCTOBER, a_dataset
from tests.dataset.test_datapackage import errors
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.store import Store

EVENING = RUN_TIME.replace(hour=20)
ENDINGS = {"csv": "csv", "parquet": "parquet", "json": "jsonl"}


@pytest.fixture
def dataset(folder_store: FolderStore) -> FolderStore:
    a_dataset(folder_store)
    return folder_store


def rows(folder: Path, table: str, format: str) -> list[dict[str, Any]]:
    """What readers of each format find, times as texts."""
    path = folder / f"{table}.{ENDINGS[format]}"
    if format == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if format == "json":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return (
        pl.read_parquet(path)
        .with_columns(pl.col(pl.Datetime("ms", "UTC")).map_elements(keys.iso, pl.String))
        .to_dicts()
    )


def troubles(folder: Path, format: str) -> list[str]:
    """What Frictionless finds wrong. It reads JSON lines with an extra of its own: they are given to it as rows."""
    if format != "json":
        return errors(folder)
    found = []
    for one in json.loads((folder / keys.DATAPACKAGE).read_text())["resources"]:
        schema = {name: said for name, said in one["schema"].items() if name != "foreignKeys"}
        cells = [[*row.values()] for row in rows(folder, one["title"].removesuffix(".jsonl"), format)]
        data = [[field["name"] for field in schema["fields"]], *cells]
        report = Resource.from_descriptor({"name": one["name"], "data": data, "schema": schema}).validate()
        found += [error.message for task in report.tasks for error in task.errors]
    return found


def places(folder: Path, table: str, format: str) -> list[tuple[str, str]]:
    return [(row["time"], row["site"]) for row in rows(folder, table, format)]


@pytest.mark.parametrize("format", ENDINGS)
class TestFormats:
    def test_all_rows_are_in_each(self, dataset: FolderStore, tmp_path: Path, format: str) -> None:
        files = export(dataset, Wanted(), format, tmp_path / "out")
        assert [(file.name, file.rows) for file in files] == [
            (f"Celebs.{ENDINGS[format]}", 6),
            (f"Captures.{ENDINGS[format]}", 9),
            (f"Sightings.{ENDINGS[format]}", 7),
        ]
        out = tmp_path / "out"
        assert troubles(out, format) == []
        assert {path.name: path.stat().st_size for path in out.iterdir() if path.suffix != ".json"} == {
            file.name: file.size for file in files
        }
        times = [keys.iso(when) for when in (OCTOBER, RUN_TIME, EVENING)]
        assert places(out, "Captures", format) == [(t, site) for t in times for site in ("EONLINE", "PEOPLE", "TMZ")]
        assert places(out, "Celebs", format) == [(t, site) for t in times for site in ("EONLINE", "TMZ")]
        assert [row["time"] for row in rows(out, "Sightings", format)] == [times[0]] * 2 + [times[1]] * 3 + [
            times[2]
        ] * 2

    def test_a_range_is_half_open_and_sites_are_some(self, dataset: FolderStore, tmp_path: Path, format: str) -> None:
        export(dataset, Wanted(OCTOBER, EVENING, ("TMZ",)), format, tmp_path / "out")
        wanted = [(keys.iso(when), "TMZ") for when in (OCTOBER, RUN_TIME)]
        assert places(tmp_path / "out", "Captures", format) == wanted
        assert places(tmp_path / "out", "Celebs", format) == wanted
        assert set(places(tmp_path / "out", "Sightings", format)) == set(wanted)

    def test_a_table_without_rows_has_its_columns(self, dataset: FolderStore, tmp_path: Path, format: str) -> None:
        # An empty folder is as good as none.
        (tmp_path / "out").mkdir()
        export(dataset, Wanted(sites=("PEOPLE",)), format, tmp_path / "out")
        assert len(list((tmp_path / "out").iterdir())) == 4
        assert rows(tmp_path / "out", "Sightings", format) == []
        assert len(rows(tmp_path / "out", "Captures", format)) == 3
        if format == "csv":
            assert (tmp_path / "out" / "Sightings.csv").read_text() == ",".join(SIGHTINGS.dtypes) + "\n"
        assert troubles(tmp_path / "out", format) == []


class TestRange:
    def test_only_its_months_are_read(self, dataset: FolderStore, tmp_path: Path) -> None:
        dataset.write("Captures/2026-12.parquet", b"not read")
        dataset.write("Captures/2025-11.parquet", b"not read")
        november, december = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
        export(dataset, Wanted(november, december), "csv", tmp_path / "a")
        times = {time for time, _ in places(tmp_path / "a", "Captures", "csv")}
        assert times == {keys.iso(RUN_TIME), keys.iso(EVENING)}
        with pytest.raises(RecordError, match=r"2026-12\.parquet can't be read as a table"):
            export(dataset, Wanted(november), "csv", tmp_path / "b")

    def test_rows_of_the_first_version_are_in_it(self, folder_store: FolderStore, tmp_path: Path) -> None:
        folder_store.write(keys.CSV, b"Sep_01_2022_08H_00M_05S,TMZ,Cher,Zendaya\n")
        export(folder_store, Wanted(stop=RUN_TIME), "csv", tmp_path / "out")
        assert rows(tmp_path / "out", "Celebs", "csv")[0]["celebrities"] == "Cher; Zendaya"
        assert rows(tmp_path / "out", "Captures", "csv") == []

    def test_months_of_older_versions_have_todays_columns(self, dataset: FolderStore, tmp_path: Path) -> None:
        path = dataset.root / keys.sightings(OCTOBER)
        pl.read_parquet(path).drop("prominence", "picture").write_parquet(path)
        export(dataset, Wanted(), "parquet", tmp_path / "out")
        out = pl.read_parquet(tmp_path / "out" / "Sightings.parquet")
        assert out.schema == pl.Schema(SIGHTINGS.dtypes)
        assert out["prominence"].is_null().to_list() == [True] * 2 + [False] * 5

    @pytest.mark.parametrize("name", ["out [1]", "*", "why?", "{a,b}"])
    def test_any_folder_may_have_it(self, dataset: FolderStore, tmp_path: Path, name: str) -> None:
        export(dataset, Wanted(), "parquet", tmp_path / name)
        assert pl.read_parquet(tmp_path / name / "Sightings.parquet", glob=False).height


class TestCsv:
    def test_celebs_is_as_in_the_store(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(), "csv", tmp_path / "out")
        assert (tmp_path / "out" / "Celebs.csv").read_bytes() == dataset.read(keys.CSV)

    def test_lists_are_joined_and_formulas_are_none(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(RUN_TIME, EVENING), "csv", tmp_path / "out")
        _, people, tmz = rows(tmp_path / "out", "Captures", "csv")
        assert tmz["celebrities"] == "'+Adele; Cher; Zendaya"
        assert people["reason"] == "'=HTTP 503"
        cher, zendaya, adele = rows(tmp_path / "out", "Sightings", "csv")
        assert cher["headline"] == f"'{HEADLINE}"
        assert (adele["name"], zendaya["urls"], cher["urls"]) == ("'+Adele", "a; '-b, c", "")
        assert (cher["above_fold"], cher["left"], cher["captured_at"]) == ("true", "10", "2026-11-23T08:00:00Z")

    @hypothesis_settings(max_examples=150)
    @given(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
            | st.text("'=+-@＝ \t\r\n\0\u200f\ufeff;,\"a1", max_size=8),
            min_size=1,
            max_size=20,
        )
    )
    def test_no_text_starts_a_formula_and_none_is_lost(
        self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
    ) -> None:
        folder = tmp_path_factory.mktemp("csv")
        table = pl.DataFrame({"headline": texts}).select(
            pl.col(name) if name == "headline" else pl.lit(None, dtype).alias(name)
            for name, dtype in SIGHTINGS.dtypes.items()
        )
        table.write_parquet(folder / "part")
        write_table(SIGHTINGS, [folder / "part"], folder / "Sightings.csv")
        cells = [row["headline"] for row in rows(folder, "Sightings", "csv")]
        for cell in cells:
            shown = "".join(char for char in cell if char.isprintable()).strip()
            assert not shown.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), cell
        quoted = re.compile(r"'+[^\w'\"=+@;,-]*[=+@＝＋－＠-]")
        assert [cell[1:] if quoted.match(cell) else cell for cell in cells] == texts

    def test_a_cell_that_somebody_wrote_into_the_celebs_is_made_safe_too(
        self, dataset: FolderStore, tmp_path: Path
    ) -> None:
        dataset.write(
            keys.CSV, dataset.read(keys.CSV) + b"2026-11-24T08:00:00Z,TMZ,=1+1; Cher,2026-11-24T08:00:00Z,live\n"
        )
        export(dataset, Wanted(), "csv", tmp_path / "out")
        assert rows(tmp_path / "out", "Celebs", "csv")[-1]["celebrities"] == "'=1+1; Cher"


class TestReaders:
    """Parquet as it comes, in the store and in an export, has the types that its readers expect."""

    def test_duckdb(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(), "parquet", tmp_path / "out")
        words = {
            "TIMESTAMP WITH TIME ZONE": "time",
            "VARCHAR": "text",
            "VARCHAR[]": "list of text",
            "INTEGER": "integer",
            "DOUBLE": "number",
            "BOOLEAN": "yes or no",
        }
        for table in (CAPTURES, SIGHTINGS):
            for place in (dataset.root / table.name / "*.parquet", tmp_path / "out" / f"{table.name}.parquet"):
                found = duckdb.sql(f"DESCRIBE FROM '{place}'").fetchall()
                assert [(name, words[type_]) for name, type_, *_ in found] == [
                    (column.name, column.word) for column in table.columns
                ]
        ((names,),) = duckdb.sql(
            f"SELECT celebrities FROM '{dataset.root}/Captures/*.parquet' "
            "WHERE time = '2026-10-31 20:00:00Z' AND site = 'TMZ'"
        ).fetchall()
        assert names == ["Adele", "Cher"]

    def test_files_are_compressed_and_have_statistics_and_a_version(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(), "parquet", tmp_path / "out")
        for path in (dataset.root / keys.captures(RUN_TIME), tmp_path / "out" / "Captures.parquet"):
            found = duckdb.sql(
                f"SELECT compression, stats_min_value FROM parquet_metadata('{path}') WHERE path_in_schema = 'site'"
            ).fetchall()
            assert found == [("ZSTD", "EONLINE")]
            assert pl.read_parquet_metadata(path)[VERSION_KEY] == str(VERSION)
            assert from_parquet(path.read_bytes(), CAPTURES, "").height > 0
        assert pl.read_parquet_schema(tmp_path / "out" / "Celebs.parquet") == pl.Schema(CELEBS.dtypes)

    def test_json_lines(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(RUN_TIME, EVENING), "json", tmp_path / "out")
        path = tmp_path / "out" / "Sightings.jsonl"
        cher = rows(tmp_path / "out", "Sightings", "json")[0]
        assert (cher["time"], cher["headline"], cher["urls"], cher["margin"]) == (
            keys.iso(RUN_TIME),
            HEADLINE,
            [],
            None,
        )
        assert pd.read_json(path, lines=True)["name"].to_list() == ["Cher", "Zendaya", "+Adele"]
        assert duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(3,)]


class TestPackage:
    def test_what_a_user_said_in_the_stores_is_said(self, dataset: FolderStore, tmp_path: Path) -> None:
        package = json.loads(dataset.read(keys.DATAPACKAGE))
        dataset.write(keys.DATAPACKAGE, json.dumps({**package, "licenses": [{"name": "CC0-1.0"}]}).encode())
        export(dataset, Wanted(), "csv", tmp_path / "out")
        exported = json.loads((tmp_path / "out" / keys.DATAPACKAGE).read_text())
        assert exported["licenses"] == [{"name": "CC0-1.0"}]
        assert [one["path"] for one in exported["resources"]] == ["Celebs.csv", "Captures.csv", "Sightings.csv"]

    def test_its_lists_read_as_lists(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(OCTOBER, RUN_TIME, ("TMZ",)), "csv", tmp_path / "out")
        with system.use_context(trusted=True):
            (row,) = Package(str(tmp_path / "out" / keys.DATAPACKAGE)).get_resource("captures").read_rows()  # type: ignore[attr-defined]
        assert row["celebrities"] == ["Adele", "Cher"]

    def test_a_sighting_without_its_capture_is_found(self, dataset: FolderStore, tmp_path: Path) -> None:
        export(dataset, Wanted(), "csv", tmp_path / "out")
        path = tmp_path / "out" / "Captures.csv"
        path.write_text("\n".join(line for line in path.read_text().splitlines() if ",TMZ," not in line))
        assert "foreign key" in " ".join(errors(tmp_path / "out"))


class TestRefused:
    def refused(self, store: Store, wanted: Wanted, out: Path, told: str) -> None:
        before = sorted(out.parent.rglob("*"))
        with pytest.raises(ExportError, match=told):
            export(store, wanted, "csv", out)
        assert sorted(out.parent.rglob("*")) == before

    def test_a_folder_with_files(self, dataset: FolderStore, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").write_text("mine")
        self.refused(dataset, Wanted(), tmp_path / "out", "out is there already .*another folder")
        self.refused(dataset, Wanted(), tmp_path / "out" / "mine", "mine is there already")

    @pytest.mark.parametrize(
        ("wanted", "told"),
        [
            (Wanted(sites=("TMZ", "TMX")), "of a site TMX: did you mean TMZ?"),
            (Wanted(sites=("VOGUE",)), "of a site VOGUE: there are EONLINE, PEOPLE, TMZ"),
            (Wanted(datetime(2027, 1, 1, tzinfo=UTC)), "has no rows from 2027-01-01T00:00:00Z: there is nothing"),
        ],
    )
    def test_what_is_not_there(self, dataset: FolderStore, tmp_path: Path, wanted: Wanted, told: str) -> None:
        self.refused(dataset, wanted, tmp_path / "out", re.escape(told))

    def test_an_empty_store(self, tmp_path: Path) -> None:
        self.refused(FolderStore(tmp_path / "none"), Wanted(), tmp_path / "out", "none.* has no rows: there is nothing")

    def test_a_range_that_ends_before_it_begins(self) -> None:
        with pytest.raises(ExportError, match="there is no time: FROM must be before TO"):
            Wanted(RUN_TIME, RUN_TIME)

    def test_a_time_in_the_celebs_that_is_none(self, dataset: FolderStore, tmp_path: Path) -> None:
        dataset.write(keys.CSV, dataset.read(keys.CSV).replace(b"2026-10-31T20:00:00Z,live", b"31.10.2026,live"))
        with pytest.raises(RecordError, match=r"Celebs\.csv has a cell that is no time .*31\.10\.2026"):
            export(dataset, Wanted(), "csv", tmp_path / "out")

    def test_a_place_that_can_not_be_written(self, dataset: FolderStore, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ExportError, match=r"file/out could not be written"):
            export(dataset, Wanted(), "csv", tmp_path / "file" / "out")


def test_the_command_ends_with_a_table(
    dataset: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = "export --from 2026-11-01 --to 2026-12-01 --format CSV --sites"
    assert main([*given.split(), "tmz, PEOPLE"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"export/Captures\.csv +│ +4 │ +0\.0 ", said), said
    assert "export/datapackage.json" in said
    assert len(rows(tmp_path / "export", "Captures", "csv")) == 4
