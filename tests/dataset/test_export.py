from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
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
from celeb_ops.dataset.export import FORMATS, Selection, export, write_table
from celeb_ops.dataset.schema import CAPTURES, CELEBS, SIGHTINGS, TYPE_NAMES, VERSION, VERSION_KEY
from celeb_ops.dataset.tables import conformed, from_parquet
from tests.dataset.stores import HEADLINE, OCTOBER, a_dataset
from tests.dataset.test_datapackage import errors
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

EVENING = RUN_TIME.replace(hour=20)
ALL = Selection()
Exported = Callable[..., Path]


@pytest.fixture
def dataset(folder_store: FolderStore) -> FolderStore:
    a_dataset(folder_store)
    return folder_store


@pytest.fixture
def exported(dataset: FolderStore, tmp_path: Path) -> Exported:
    """Exports the dataset; the folder."""

    def exported(selection: Selection = ALL, format: str = "csv", name: str = "out") -> Path:
        export(dataset, selection, format, tmp_path / name)
        return tmp_path / name

    return exported


def rows(folder: Path, table: str, format: str = "csv") -> list[dict[str, Any]]:
    """What readers of each format find, times as texts."""
    path = folder / f"{table}.{FORMATS[format]}"
    if format == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if format == "json":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    times = pl.col(pl.Datetime("ms", "UTC")).map_elements(keys.iso, pl.String)
    return pl.read_parquet(path).with_columns(times).to_dicts()


def troubles(folder: Path, format: str) -> list[str]:
    """What Frictionless finds wrong. It reads JSON lines with an extra of its own: they are given to it as rows."""
    if format != "json":
        return errors(folder)
    found = []
    for one in json.loads((folder / keys.DATAPACKAGE).read_text())["resources"]:
        schema = {name: value for name, value in one["schema"].items() if name != "foreignKeys"}
        cells = [[*row.values()] for row in rows(folder, one["title"].removesuffix(".jsonl"), format)]
        data = [[field["name"] for field in schema["fields"]], *cells]
        report = Resource.from_descriptor({"name": one["name"], "data": data, "schema": schema}).validate()
        found += [error.message for task in report.tasks for error in task.errors]
    return found


def places(folder: Path, table: str, format: str = "csv") -> list[tuple[str, str]]:
    return [(row["time"], row["site"]) for row in rows(folder, table, format)]


@pytest.mark.parametrize("format", FORMATS)
class TestFormats:
    def test_no_row_is_missing(self, dataset: FolderStore, tmp_path: Path, format: str) -> None:
        files = export(dataset, ALL, format, tmp_path / "out")
        out, ending = tmp_path / "out", FORMATS[format]
        rows_of = {"Celebs": 6, "Captures": 9, "Sightings": 7, "Mentions": 0}
        expected = [(f"{table}.{ending}", number) for table, number in rows_of.items()]
        assert [(file.name, file.rows) for file in files] == expected
        assert troubles(out, format) == []
        assert all((out / file.name).stat().st_size == file.size for file in files)
        times = [keys.iso(when) for when in (OCTOBER, RUN_TIME, EVENING)]
        assert places(out, "Captures", format) == [(t, site) for t in times for site in ("EONLINE", "PEOPLE", "TMZ")]
        assert places(out, "Celebs", format) == [(t, site) for t in times for site in ("EONLINE", "TMZ")]
        sighted = [time for time, _ in places(out, "Sightings", format)]
        assert sighted == [time for time, count in zip(times, (2, 3, 2), strict=True) for _ in range(count)]

    def test_a_half_open_range_of_some_sites(self, exported: Exported, format: str) -> None:
        out = exported(Selection(OCTOBER, EVENING, ("TMZ",)), format)
        wanted = [(keys.iso(when), "TMZ") for when in (OCTOBER, RUN_TIME)]
        assert places(out, "Captures", format) == places(out, "Celebs", format) == wanted
        assert set(places(out, "Sightings", format)) == set(wanted)

    def test_a_table_without_rows_has_its_columns(self, exported: Exported, tmp_path: Path, format: str) -> None:
        # An empty folder is as good as none.
        (tmp_path / "out").mkdir()
        out = exported(Selection(sites=("PEOPLE",)), format)
        assert len(list(out.iterdir())) == 5
        assert (rows(out, "Sightings", format), len(rows(out, "Captures", format))) == ([], 3)
        if format == "csv":
            assert (out / "Sightings.csv").read_text() == ",".join(SIGHTINGS.dtypes) + "\n"
        assert troubles(out, format) == []


class TestRange:
    def test_only_its_months_are_read(self, dataset: FolderStore, exported: Exported) -> None:
        dataset.write("Captures/2026-12.parquet", b"not read")
        dataset.write("Captures/2025-11.parquet", b"not read")
        november, december = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
        times = {time for time, _ in places(exported(Selection(november, december)), "Captures")}
        assert times == {keys.iso(RUN_TIME), keys.iso(EVENING)}
        with pytest.raises(RecordError, match=r"2026-12\.parquet can't be read as a table"):
            exported(Selection(november), name="b")

    def test_rows_of_the_first_version_are_in_it(self, folder_store: FolderStore, tmp_path: Path) -> None:
        folder_store.write(keys.CSV, b"Sep_01_2022_08H_00M_05S,TMZ,Cher,Zendaya\n")
        export(folder_store, Selection(stop=RUN_TIME), "csv", tmp_path / "out")
        assert rows(tmp_path / "out", "Celebs")[0]["celebrities"] == "Cher; Zendaya"
        assert rows(tmp_path / "out", "Captures") == []

    @pytest.mark.parametrize("name", ["out [1]", "*", "why?", "{a,b}"])
    def test_months_of_older_versions_have_todays_columns_in_any_folder(
        self, dataset: FolderStore, exported: Exported, name: str
    ) -> None:
        path = dataset.root / keys.sightings(OCTOBER)
        pl.read_parquet(path).drop("prominence", "picture").write_parquet(path)
        table = pl.read_parquet(exported(format="parquet", name=name) / "Sightings.parquet", glob=False)
        assert table.schema == pl.Schema(SIGHTINGS.dtypes)
        assert table["prominence"].is_null().to_list() == [True] * 2 + [False] * 5


class TestCsv:
    def test_celebs_is_as_in_the_store(self, dataset: FolderStore, exported: Exported) -> None:
        assert (exported() / "Celebs.csv").read_bytes() == dataset.read(keys.CSV)

    def test_lists_are_joined_and_formulas_escaped(self, exported: Exported) -> None:
        out = exported(Selection(RUN_TIME, EVENING))
        _, people, tmz = rows(out, "Captures")
        assert (tmz["celebrities"], people["reason"]) == ("'+Adele; Cher; Zendaya", "'=HTTP 503")
        cher, zendaya, adele = rows(out, "Sightings")
        assert cher["headline"] == f"'{HEADLINE}"
        assert (adele["name"], zendaya["urls"], cher["urls"]) == ("'+Adele", "a; '-b, c", "")
        assert (cher["above_fold"], cher["left"], cher["captured_at"]) == ("true", "10", "2026-11-23T08:00:00Z")

    any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    signs = st.text("'=+-@＝ \t\r\n\0\u200f\ufeff;,\"a1", max_size=8)

    @hypothesis_settings(max_examples=150)
    @given(st.lists(any_text | signs, min_size=1, max_size=20))
    def test_no_text_starts_a_formula_and_none_is_lost(
        self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
    ) -> None:
        folder = tmp_path_factory.mktemp("csv")
        conformed(pl.DataFrame({"headline": texts}), SIGHTINGS.dtypes).write_parquet(folder / "part")
        write_table(SIGHTINGS, [folder / "part"], folder / "Sightings.csv")
        cells = [row["headline"] for row in rows(folder, "Sightings")]
        for cell in cells:
            visible = "".join(char for char in cell if char.isprintable()).strip()
            assert not visible.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), cell
        quoted = re.compile(r"'+[^\w'\"=+@;,-]*[=+@＝＋－＠-]")
        assert [cell[1:] if quoted.match(cell) else cell for cell in cells] == texts

    def test_a_cell_edited_by_hand_is_escaped_too(self, dataset: FolderStore, exported: Exported) -> None:
        row = b"2026-11-24T08:00:00Z,TMZ,=1+1; Cher,2026-11-24T08:00:00Z,live\n"
        dataset.write(keys.CSV, dataset.read(keys.CSV) + row)
        assert rows(exported(), "Celebs")[-1]["celebrities"] == "'=1+1; Cher"


class TestReaders:
    """Parquet as it comes, in the store and in an export, has the types that its readers expect."""

    def test_duckdb(self, dataset: FolderStore, exported: Exported) -> None:
        out = exported(format="parquet")
        types = {"TIMESTAMP WITH TIME ZONE": "time", "VARCHAR": "text", "VARCHAR[]": "list of text"}
        types |= {"INTEGER": "integer", "DOUBLE": "number", "BOOLEAN": "yes or no"}
        for table in (CAPTURES, SIGHTINGS):
            for place in (dataset.root / table.name / "*.parquet", out / f"{table.name}.parquet"):
                found = duckdb.sql(f"DESCRIBE FROM '{place}'").fetchall()
                expected = [(column.name, TYPE_NAMES[column.dtype][0]) for column in table.columns]
                assert [(name, types[type_]) for name, type_, *_ in found] == expected
        query = f"SELECT celebrities FROM '{dataset.root}/Captures/*.parquet' "
        query += "WHERE time = '2026-10-31 20:00:00Z' AND site = 'TMZ'"
        assert duckdb.sql(query).fetchall() == [(["Adele", "Cher"],)]

    def test_files_are_compressed_and_have_statistics_and_a_version(
        self, dataset: FolderStore, exported: Exported
    ) -> None:
        out = exported(format="parquet")
        for path in (dataset.root / keys.captures(RUN_TIME), out / "Captures.parquet"):
            facts = f"SELECT compression, stats_min_value FROM parquet_metadata('{path}') WHERE path_in_schema = 'site'"
            assert duckdb.sql(facts).fetchall() == [("ZSTD", "EONLINE")]
            assert pl.read_parquet_metadata(path)[VERSION_KEY] == str(VERSION)
            assert from_parquet(path.read_bytes(), CAPTURES, "").height > 0
        assert pl.read_parquet_schema(out / "Celebs.parquet") == pl.Schema(CELEBS.dtypes)

    def test_json_lines(self, exported: Exported) -> None:
        out = exported(Selection(RUN_TIME, EVENING), "json")
        cher = rows(out, "Sightings", "json")[0]
        expected = {"time": keys.iso(RUN_TIME), "headline": HEADLINE, "urls": [], "margin": None}
        assert {name: cher[name] for name in expected} == expected
        path = out / "Sightings.jsonl"
        assert pd.read_json(path, lines=True)["name"].to_list() == ["Cher", "Zendaya", "+Adele"]
        assert duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall() == [(3,)]


class TestPackage:
    def test_edits_to_the_stores_package_stay(self, dataset: FolderStore, exported: Exported) -> None:
        package = json.loads(dataset.read(keys.DATAPACKAGE))
        dataset.write(keys.DATAPACKAGE, json.dumps({**package, "licenses": [{"name": "CC0-1.0"}]}).encode())
        package = json.loads((exported() / keys.DATAPACKAGE).read_text())
        assert package["licenses"] == [{"name": "CC0-1.0"}]
        tables = ("Celebs", "Captures", "Sightings", "Mentions")
        assert [one["path"] for one in package["resources"]] == [f"{table}.csv" for table in tables]

    def test_its_lists_read_as_lists(self, exported: Exported) -> None:
        out = exported(Selection(OCTOBER, RUN_TIME, ("TMZ",)))
        with system.use_context(trusted=True):
            (row,) = Package(str(out / keys.DATAPACKAGE)).get_resource("captures").read_rows()  # type: ignore[attr-defined]
        assert row["celebrities"] == ["Adele", "Cher"]

    def test_a_sighting_without_its_capture_is_found(self, exported: Exported) -> None:
        path = exported() / "Captures.csv"
        path.write_text("\n".join(line for line in path.read_text().splitlines() if ",TMZ," not in line))
        assert "foreign key" in " ".join(errors(path.parent))


class TestRefused:
    def refused(self, store: Store, selection: Selection, out: Path, sentence: str) -> None:
        before = sorted(out.parent.rglob("*"))
        with pytest.raises(ExportError, match=sentence):
            export(store, selection, "csv", out)
        assert sorted(out.parent.rglob("*")) == before

    def test_a_folder_with_files(self, dataset: FolderStore, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").write_text("mine")
        self.refused(dataset, ALL, tmp_path / "out", "out is there already .*another folder")
        self.refused(dataset, ALL, tmp_path / "out" / "mine", "mine is there already")
        with pytest.raises(ExportError, match=r"mine/out could not be written"):
            export(dataset, ALL, "csv", tmp_path / "out" / "mine" / "out")

    @pytest.mark.parametrize(
        ("selection", "sentence"),
        [
            (Selection(sites=("TMZ", "TMX")), "of a site TMX: did you mean TMZ?"),
            (Selection(sites=("VOGUE",)), "of a site VOGUE: there are EONLINE, PEOPLE, TMZ"),
            (Selection(datetime(2027, 1, 1, tzinfo=UTC)), "has no rows from 2027-01-01T00:00:00Z: there is nothing"),
        ],
    )
    def test_no_such_rows(self, dataset: FolderStore, tmp_path: Path, selection: Selection, sentence: str) -> None:
        self.refused(dataset, selection, tmp_path / "out", re.escape(sentence))

    def test_an_empty_store(self, tmp_path: Path) -> None:
        self.refused(FolderStore(tmp_path / "none"), ALL, tmp_path / "out", "none.* has no rows: there is nothing")

    def test_a_range_that_ends_before_it_begins(self) -> None:
        with pytest.raises(ExportError, match="there is no time: FROM must be before TO"):
            Selection(RUN_TIME, RUN_TIME)

    def test_an_invalid_time_in_celebs_csv(self, dataset: FolderStore, exported: Exported) -> None:
        dataset.write(keys.CSV, dataset.read(keys.CSV).replace(b"2026-10-31T20:00:00Z,live", b"31.10.2026,live"))
        with pytest.raises(RecordError, match=r"Celebs\.csv has a cell that is no time .*31\.10\.2026"):
            exported()


def test_the_command_ends_with_a_table(
    dataset: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = "export --from 2026-11-01 --to 2026-12-01 --format CSV --sites"
    assert main([*command.split(), "tmz, PEOPLE"]) == 0
    output = capsys.readouterr().out
    assert re.search(r"export/Captures\.csv +│ +4 │ +0\.0 ", output), output
    assert "export/datapackage.json" in output
    assert len(rows(tmp_path / "export", "Captures")) == 4
