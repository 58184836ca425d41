import contextlib
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from celeb_ops.cli.main import main
from celeb_ops.core import keys
from celeb_ops.core.exceptions import ForgetError
from celeb_ops.core.records import Mention, Outcome
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.dataset import merge
from celeb_ops.dataset.celebs_csv import read_csv
from celeb_ops.dataset.schema import CAPTURES, MENTIONS, SIGHTINGS
from celeb_ops.dataset.tables import from_parquet
from celeb_ops.privacy.removal import Removal
from celeb_ops.privacy.runs import RunRemoval, chosen, runs_in
from tests.factories import RUN_TIME, a_picture, a_result, a_screenshot, a_sighting, saved
from tests.privacy.conftest import LATER, NEXT_MONTH, contents, with_files
from tests.privacy.killing import killed_and_done_again

SITES = ["EONLINE", "PEOPLE", "TMZ"]
KNOWN = [*SITES, "PEREZHILTON"]
"""The sites file's."""
OTHERS = "Answers/rekognition/abc.json"


def a_run(store: Store, when: datetime) -> None:
    """A run of three sites, one of which failed, with every kind of file that there is of it."""
    results = []
    for site in ("PEOPLE", "TMZ"):
        stem = keys.stem(site, when)
        saved(store, a_screenshot(site=site, time=when), a_picture())
        store.write(keys.image(stem, 2, "png"), a_picture())
        store.write(keys.slice_(stem, (0, 10), (0, 10)), a_picture())
        store.write(keys.plan(stem), b"{}")
        store.write(keys.crop(stem, 1), a_picture())
        result = a_result(site, time=when, sightings=[a_sighting("Cher", crop=keys.crop(stem, 1))], faces=1)
        words = Mention(name="Adele", part="headline", text="Adele sings", shown=False)
        result = result.model_copy(update={"mentions": [words]})
        result.save(store, keys.result(stem))
        results.append(result)
    failed = Outcome(site="EONLINE", time=when, outcome="failed", task="screenshot", reason="It was down.")
    failed.save(store, keys.outcome(keys.stem("EONLINE", when)))
    store.write(keys.budget(when), b"{}")
    merge(store, when, results, [failed])


def a_dataset(store: Store) -> None:
    for when in (RUN_TIME, LATER, NEXT_MONTH):
        a_run(store, when)
    store.write(OTHERS, b"{}")
    Removal(store).make_reports_again()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The dataset's files, made once."""
    made = FolderStore(tmp_path_factory.mktemp("dataset"))
    a_dataset(made)
    return contents(made)


@pytest.fixture
def dataset(store: Store, files: dict[str, bytes]) -> Store:
    """In a store of each kind."""
    with_files(store, files)
    return store


@pytest.fixture
def folder_dataset(folder_store: FolderStore, files: dict[str, bytes]) -> Store:
    with_files(folder_store, files)
    return folder_store


def rows(store: Store) -> dict[str, list[tuple[Any, str]]]:
    """Time and site of each row of the dataset."""
    found: dict[str, list[tuple[Any, str]]] = {
        keys.CSV: [(time, site) for time, site in read_csv(store.read(keys.CSV))],
    }
    for table in (CAPTURES, SIGHTINGS, MENTIONS):
        months = [from_parquet(store.read(key), table, key) for key in store.list(f"{table.name}/")]
        found[table.name] = sorted(pl.concat(months).select("time", "site").iter_rows())
    return found


def of_run(store: Store, when: datetime, *sites: str) -> list[str]:
    """The keys of files of a run's sites."""
    stems = {keys.stem(site, when) for site in sites or SITES}
    return [key for key in store.list("") if keys.stem_in(key) in stems or key == keys.budget(when)]


def forget(store: Store, when: datetime = RUN_TIME, names: Sequence[str] = ()) -> RunRemoval:
    there = runs_in(store, when)
    sites = chosen(there, when, names, KNOWN, store.url())
    removal = RunRemoval(store, when, sites, there[when] <= set(sites))
    removal.run()
    return removal


class TestAWholeRun:
    def test_no_row_and_no_file_of_it_is_left_and_all_else_is(self, dataset: Store) -> None:
        before, had = contents(dataset), of_run(dataset, RUN_TIME)
        assert len(had) == 2 * 7 + 2
        removal = forget(dataset)
        assert of_run(dataset, RUN_TIME) == []
        assert rows(dataset) == {
            keys.CSV: [(keys.iso(when), site) for when in (LATER, NEXT_MONTH) for site in SITES[1:]],
            "Captures": [(when, site) for when in (LATER, NEXT_MONTH) for site in SITES],
            "Sightings": [(when, site) for when in (LATER, NEXT_MONTH) for site in SITES[1:]],
            "Mentions": [(when, site) for when in (LATER, NEXT_MONTH) for site in SITES[1:]],
        }
        after = contents(dataset)
        changed = {key for key in before if after.get(key) != before[key]} - set(had)
        assert {key for key in changed if not key.startswith(("Trends/", "Report/"))} == {
            keys.CSV,
            keys.captures(RUN_TIME),
            keys.sightings(RUN_TIME),
            keys.mentions(RUN_TIME),
        }
        assert after[OTHERS] == b"{}"
        times = pl.read_parquet(io.BytesIO(dataset.read(keys.trends("runs"))))["time"].to_list()
        assert sorted(times) == [LATER, NEXT_MONTH]
        assert dict(removal.done) == removal.done | {
            "rows of Celebs.csv": 2,
            "rows of Captures": 3,
            "rows of Sightings": 2,
            "rows of Mentions": 2,
            "slices and plans": 4,
            "crops of faces": 2,
            "pictures of screenshots": 4,
            "screenshots' facts": 2,
            "results": 2,
            "reasons": 1,
            "counts of calls": 1,
        }

    def test_the_last_one_may_go_too(self, folder_dataset: Store) -> None:
        for when in (NEXT_MONTH, RUN_TIME, LATER):
            forget(folder_dataset, when)
        assert rows(folder_dataset) == {keys.CSV: [], "Captures": [], "Sightings": [], "Mentions": []}
        package = json.loads(folder_dataset.read(keys.DATAPACKAGE))
        assert keys.captures(RUN_TIME) in [one["path"] for one in package["resources"]]

    def test_made_again_it_is_the_same(self, folder_dataset: Store) -> None:
        before = contents(folder_dataset)
        forget(folder_dataset)
        a_run(folder_dataset, RUN_TIME)
        Removal(folder_dataset).make_reports_again()
        assert contents(folder_dataset) == before

    def test_which_never_was_merged_is_found_by_its_files(self, folder_store: FolderStore) -> None:
        saved(folder_store, a_screenshot(), a_picture())
        forget(folder_store)
        assert of_run(folder_store, RUN_TIME) == []

    def test_of_the_first_version_s_file_is_kept_in_its_copy(self, folder_store: FolderStore) -> None:
        old = b"Nov_23_2026_08H_00M_00S,TMZ,Cher\nNov_24_2026_08H_00M_00S,TMZ,Cher\n"
        folder_store.write(keys.CSV, old)
        forget(folder_store)
        assert [time for time, _ in read_csv(folder_store.read(keys.CSV))] == ["2026-11-24T08:00:00Z"]
        assert folder_store.read(keys.CSV_V1) == old


class TestSomeSites:
    def test_only_theirs_go(self, dataset: Store) -> None:
        others = [key for key in of_run(dataset, RUN_TIME) if key not in of_run(dataset, RUN_TIME, "TMZ")]
        before = rows(dataset)
        forget(dataset, names=["tmz"])
        # The run's count of calls is the others' too.
        assert of_run(dataset, RUN_TIME) == sorted([*others, keys.budget(RUN_TIME)])
        gone = {keys.CSV: (keys.iso(RUN_TIME), "TMZ"), "Captures": (RUN_TIME, "TMZ"), "Sightings": (RUN_TIME, "TMZ")}
        gone["Mentions"] = (RUN_TIME, "TMZ")
        assert rows(dataset) == {table: [row for row in before[table] if row != gone[table]] for table in gone}

    def test_one_that_this_run_does_not_have_is_no_slip_beside_one_that_it_has(self, folder_dataset: Store) -> None:
        """The sites file has it no more, or an interrupted call has come as far as its last file."""
        saved(folder_dataset, a_screenshot(site="OLDSITE", time=LATER), a_picture())
        forget(folder_dataset, names=["OLDSITE", "TMZ"])
        assert of_run(folder_dataset, RUN_TIME, "TMZ") == [keys.budget(RUN_TIME)]
        assert of_run(folder_dataset, LATER, "OLDSITE") != []
        with pytest.raises(ForgetError, match=r"nothing of OLDSITE\. Its sites are EONLINE, PEOPLE\. Nothing was"):
            forget(folder_dataset, names=["OLDSITE"])

    def test_a_slip_in_one_keeps_the_others_too(self, folder_dataset: Store) -> None:
        before = contents(folder_dataset)
        said = r"nothing of PEOLPE\. Its sites are EONLINE, PEOPLE, TMZ\. Nothing was"
        with pytest.raises(ForgetError, match=said):
            forget(folder_dataset, names=["TMZ", "PEOLPE"])
        assert contents(folder_dataset) == before

    def test_those_of_a_site_whose_name_ends_alike_stay(self, folder_dataset: Store) -> None:
        saved(folder_dataset, a_screenshot(site="NEWS_TMZ"), a_picture())
        kept = of_run(folder_dataset, RUN_TIME, "NEWS_TMZ")
        forget(folder_dataset, names=["TMZ"])
        assert of_run(folder_dataset, RUN_TIME, "NEWS_TMZ") == kept
        assert len(kept) == 3


def trends_of_two_files(removal: Removal) -> None:
    """Stands for trends and report, which take long to make: that they are of these rows is what counts here."""
    for key in ("Report/index.html", "Trends/runs.parquet"):
        removal.store.delete(key)
    for key in ("Trends/runs.parquet", "Report/index.html"):
        removal.store.write(key, repr(rows(removal.store)).encode())


def test_killed_anywhere_a_second_time_finishes(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Removal, "make_reports_again", trends_of_two_files)

    def work(store: Store) -> None:
        # After the last change there is no such run any more, and nothing is left to do.
        with contextlib.suppress(ForgetError):
            forget(store)

    stores = [contents(store) for store in killed_and_done_again(tmp_path / "store", files, work)]
    assert len(stores) > 20
    assert all(store == stores[-1] for store in stores)


class TestTheCommand:
    def test_says_what_would_be_and_was_done_and_what_to_do_next(
        self, folder_dataset: Store, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = contents(folder_dataset)
        assert main(["forget", "--run", "2026-11-23T08:00", "--dry-run"]) == 0
        dry = capsys.readouterr().out
        assert "would be removed" in dry
        assert "Nothing was changed." in dry
        assert "clear it" not in dry
        assert contents(folder_dataset) == before
        assert main(["forget", "--run", "2026-11-23T08:00"]) == 0
        said = capsys.readouterr().out
        assert table_of(said) == table_of(dry)
        assert "rows of Captures" in said
        assert "would be" not in said
        assert "2026-11-23T08:00:00Z: EONLINE, PEOPLE, TMZ." in said
        assert "files of Trends/, made again" in said
        assert "clear it in Airflow" in said
        assert of_run(folder_dataset, RUN_TIME) == []

    def test_a_run_that_is_not_there_is_reported_with_those_near_it(
        self, folder_dataset: Store, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = contents(folder_dataset)
        assert main(["forget", "--run", "2026-11-23T18:00"]) == 2
        error = capsys.readouterr().err
        assert "There is no run 2026-11-23T18:00:00Z in" in error
        assert "Nearest to it: 2026-11-23T08:00:00Z, 2026-11-23T20:00:00Z, 2026-12-03T08:00:00Z." in error
        assert "FORCE=1" in error
        assert contents(folder_dataset) == before

    @pytest.mark.parametrize("sites", [[], ["--sites", "tmz"]])
    def test_leavings_are_looked_for_where_that_is_asked(self, sites: list[str], folder_dataset: Store) -> None:
        # As somebody leaves them who deletes by hand.
        plan = keys.plan(keys.stem("TMZ", RUN_TIME))
        forget(folder_dataset)
        folder_dataset.write(plan, b"{}")
        folder_dataset.write(keys.budget(RUN_TIME), b"{}")
        assert main(["forget", "--run", "2026-11-23T08:00", *sites]) == 2
        assert folder_dataset.exists(plan)
        assert main(["forget", "--run", "2026-11-23T08:00", *sites, "--yes"]) == 0
        assert of_run(folder_dataset, RUN_TIME) == []

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--run", "2026-11-23T08:00", "Cher"], "not both"),
            (["--run", "2026-11-23T08:00", "--gallery"], "belong to NAME"),
            (["--sites", "TMZ"], "SITES are those of a RUN"),
        ],
    )
    def test_arguments_that_do_not_go_together_are_an_error(
        self, words: list[str], said: str, folder_dataset: Store, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = contents(folder_dataset)
        assert main(["forget", *words]) == 2
        assert said in capsys.readouterr().err
        assert contents(folder_dataset) == before

    def test_a_damaged_table_stops_it_before_any_work(
        self, folder_dataset: Store, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder_dataset.write(keys.sightings(RUN_TIME), b"no table")
        before = contents(folder_dataset)
        assert main(["forget", "--run", "2026-11-23T08:00"]) == 2
        assert "can't be read as a table" in capsys.readouterr().err
        assert contents(folder_dataset) == before


def table_of(said: str) -> list[tuple[str, str]]:
    """The rows of a table on the console."""
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if "│" in line]
    return [(cell[0], cell[1]) for cell in cells]
