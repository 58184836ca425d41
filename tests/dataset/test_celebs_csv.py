from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotPermittedError, RecordError
from celeb_ops.core.records import Outcome
from celeb_ops.core.removal_list import RemovalList, RemovedPerson
from celeb_ops.dataset import merge
from celeb_ops.dataset.celebs_csv import read_csv, write_csv
from celeb_ops.dataset.celebs_update import update_csv
from celeb_ops.dataset.schema import VERSION, VERSION_KEY
from tests.dataset.stores import a_seen
from tests.factories import RUN_TIME, a_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from celeb_ops.core.store import FolderStore, Store

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(
    lambda when: when.replace(microsecond=0)
)
HEADER = "time,site,celebrities,captured_at,source\n"
TMZ = "2026-11-23T08:00:00Z,TMZ,Cher; Zendaya,2026-11-23T08:00:31Z,live\n"
PEOPLE = "2026-11-23T08:00:00Z,PEOPLE,,2026-11-23T08:00:40Z,live\n"
TWO_LINES = '"Cher;\nZendaya"'
OURS = HEADER + PEOPLE + TMZ
V1 = """\
Sep_01_2022_08H_00M_05S,TMZ,Cher,Zendaya
Sep_01_2022_08H_00M_05S,PEOPLE
Sep_01_2022_20H_00M_04S,TMZ,Adele
"""


def celebrities(store: Store) -> dict[tuple[str, str], str]:
    return {key: row[2] for key, row in read_csv(store.read(keys.CSV)).items()}


class TestUpdate:
    def test_the_file_is_as_its_readers_expect(self, store: Store) -> None:
        archived = a_result("PEOPLE", source="archive", captured_at=RUN_TIME.replace(hour=6, minute=12))
        update_csv(store, [a_result("TMZ", "Zendaya", "Cher", "Cher"), archived])
        assert store.read(keys.CSV).decode() == (
            "time,site,celebrities,captured_at,source\n"
            "2026-11-23T08:00:00Z,PEOPLE,,2026-11-23T06:12:00Z,archive\n"
            "2026-11-23T08:00:00Z,TMZ,Cher; Zendaya,2026-11-23T08:00:00Z,live\n"
        )

    @pytest.mark.parametrize("site", [" TMZ", "tmz", "Tmz "])
    def test_a_site_name_ignores_case_and_spaces(self, folder_store: FolderStore, site: str) -> None:
        by_hand = TMZ.replace(",TMZ,", f",{site},")
        folder_store.write(keys.CSV, f"{HEADER}{PEOPLE}{by_hand}".encode())
        update_csv(folder_store, [a_result("TMZ", "Cher", "Zendaya", captured_at=RUN_TIME.replace(second=31))])
        assert folder_store.read(keys.CSV).decode() == OURS
        # Of two rows of one site the written one counts.
        folder_store.write(keys.CSV, f"{HEADER}{by_hand.replace('; Zendaya', '')}{PEOPLE}{TMZ}".encode())
        update_csv(folder_store, [])
        assert folder_store.read(keys.CSV).decode() == OURS

    def test_removing_somebody_keeps_rows_without_a_header(self, folder_store: FolderStore) -> None:
        headerless = TMZ.encode()
        folder_store.write(keys.CSV, headerless)
        with pytest.raises(RecordError):
            update_csv(folder_store, [], RemovalList((RemovedPerson("Cher"),)))
        assert folder_store.read(keys.CSV) == headerless


class TestNames:
    @pytest.mark.parametrize(
        "name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", " =1"]
    )
    def test_no_name_is_a_spreadsheet_formula(self, folder_store: FolderStore, name: str) -> None:
        update_csv(folder_store, [a_result("TMZ", "Cher", name), a_result("PEOPLE", name)])
        for row in csv.DictReader(io.StringIO(folder_store.read(keys.CSV).decode())):
            for cell in row["celebrities"].split("; "):
                assert cell[0] in "'C", row

    @pytest.mark.parametrize(
        ("name", "cell"),
        [
            ('Dwayne "The Rock" Johnson', 'Dwayne "The Rock" Johnson'),
            ("Robert Downey, Jr.", "Robert Downey, Jr."),
            ("Ike; Tina", "Ike, Tina"),
            ("Grace\nHopper", "Grace Hopper"),
            ("Jean-Luc", "Jean-Luc"),
            ("Beyoncé", "Beyoncé"),
        ],
    )
    def test_one_name_is_one_part_of_the_cell(self, folder_store: FolderStore, name: str, cell: str) -> None:
        update_csv(folder_store, [a_result("TMZ", name, "Zendaya")])
        assert [*celebrities(folder_store).values()] == [f"{cell}; Zendaya"]
        assert len(folder_store.read(keys.CSV).splitlines()) == 2


class TestRoundTrip:
    cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
    hostile = st.sampled_from(
        ['"', '""', "=cmd|' /C calc'!A0", "+1", "-1", "@a", "\t", ";", "a,b", "\n", "\n\n", "'", " "]
    )
    rows = st.dictionaries(
        st.tuples(TIMES.map(keys.iso), st.sampled_from("ABC")),
        st.lists(cells | hostile, min_size=3, max_size=3),
        max_size=5,
    )

    @given(rows)
    def test_what_is_written_is_read(self, rows: dict[tuple[str, str], list[str]]) -> None:
        table = {key: (*key, *cells) for key, cells in rows.items()}
        content = write_csv(table.values())
        assert read_csv(content) == table
        assert write_csv(read_csv(content).values()) == content

    def test_a_carriage_return_does_not_end_a_row(self) -> None:
        row = ("2026-11-23T08:00:00Z", "TMZ", "Grace\rHopper", "", "live")
        assert [*read_csv(write_csv([row])).values()] == [(*row[:2], "Grace Hopper", *row[3:])]


class TestOurFileSavedByOtherPrograms:
    @pytest.mark.parametrize(
        "saved",
        [
            lambda text: text.encode("utf-8-sig"),
            lambda text: text.replace("\n", "\r\n").encode(),
            lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
            lambda text: text.replace("\n", "\r").encode(),
            lambda text: "".join(
                ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in text.splitlines()
            ).encode(),
            lambda text: text.rstrip("\n").encode(),
            lambda text: (text + "\n,,,,\n").encode(),
        ],
        ids=["BOM", "CRLF", "Excel", "CR", "all quoted", "no last line end", "empty lines"],
    )
    def test_keeps_every_row(self, folder_store: FolderStore, saved: Callable[[str], bytes]) -> None:
        folder_store.write(keys.CSV, saved(OURS))
        assert update_csv(folder_store, []) is True
        assert folder_store.read(keys.CSV).decode() == OURS
        assert not folder_store.exists(keys.CSV_V1)


TROUBLES = {
    "too few columns": (f"{OURS}2026-11-23T20:00:00Z,TMZ,Cher,live\n", "line 4, .*it has 4 columns, not 5"),
    "too many": (f"{OURS}2026-11-23T20:00:00Z,TMZ,Cher,Adele,a,live\n", "line 4, .*it has 6 columns"),
    "after empty lines": (f"{HEADER}\n\n2026-11-23T20:00:00Z\n{TMZ}", "line 4, .*it has 1 columns"),
    "after two lines": (f"{HEADER}{TMZ.replace('Cher; Zendaya', TWO_LINES)}x,y\n", "line 4, .*2 columns"),
    "another time": (f"{OURS}23.11.2026 20:00,TMZ,Cher,,live\n", "line 4, .*begins with 23.11.2026 20:00,TMZ and not"),
    "wide digits": (f"{OURS}２０２６-11-23T08:00:00Z,TMZ,,,live\n", "line 4, .*begins with"),
    "no such day": (f"{OURS}2026-13-45T99:00:00Z,TMZ,,,live\n", "line 4, .*begins with"),
    "no site": (f"{OURS}2026-11-23T20:00:00Z,,Cher,,live\n", "line 4, .*begins with 2026-11-23T20:00:00Z, and not"),
    "two files in one": (f"{OURS}{OURS}", "line 4, .*begins with time,site"),
    "two rows of one capture": (
        f"{OURS}{TMZ.replace('Cher', 'Adele')}",
        "line 4, .*a second, different row of TMZ at 2026-11-23T",
    ),
    "an open quote": (f"{HEADER}{TMZ.replace('live', chr(34) + 'live')}{PEOPLE}", "line 2, .*unexpected end of data"),
    "the first version": (
        f"{OURS}Sep_01_2022_08H_00M_05S,TMZ,Cher,Adele,Zendaya\n",
        "line 4, .*begins with Sep_01_2022",
    ),
}
OTHERS = {
    "semicolons": "time;site;celebrities;captured_at;source\n2026-11-23T08:00:00Z;TMZ;Cher;;live\n",
    "other columns": "site,time,celebrities,captured_at,source\nTMZ,2026-11-23T08:00:00Z,Cher,,live\n",
    "no header": TMZ,
    "HTML": "<html>502 Bad Gateway</html>",
    "no such day": "Sep_31_2022_08H_00M_05S,TMZ,Cher\n",
    "no site": "Sep_01_2022_08H_00M_05S\n",
    "one long line": "a" * 200_000,
}
MIXED = {
    "ours below": (V1 + OURS, 4),
    "without header": (V1 + TMZ, 4),
    "semicolons above": (OURS.replace(",", ";") + V1, 1),
    "semicolons below": (V1 + OURS.replace(",", ";"), 4),
    "its own": (V1 + "Sep_02_2022_08H_00M_05S;TMZ;Cher\n", 4),
    "between": (V1.replace("Sep_01_2022_20", f"{TMZ}Sep_01_2022_20"), 3),
    "ours above": (OURS + V1, None),
}


class TestUnreadable:
    @pytest.mark.parametrize(("content", "sentence"), TROUBLES.values(), ids=TROUBLES)
    def test_the_error_names_the_line_and_no_row_is_lost(self, store: Store, content: str, sentence: str) -> None:
        store.write(keys.CSV, content.encode())
        with pytest.raises(RecordError, match=rf"Celebs\.csv, {sentence}.*clear merge"):
            update_csv(store, [a_result("TMZ", "Cher")])
        assert store.read(keys.CSV) == content.encode()

    @pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
    def test_a_file_that_is_not_ours_is_never_written_over(self, store: Store, content: str) -> None:
        store.write(keys.CSV, content.encode())
        with pytest.raises(
            RecordError, match=r"Celebs\.csv is neither this dataset's file .* separated by semicolons or"
        ):
            update_csv(store, [a_result("TMZ", "Cher")])
        assert store.read(keys.CSV) == content.encode()
        assert not store.exists(keys.CSV_V1)

    @pytest.mark.parametrize("kept", [None, V1])
    @pytest.mark.parametrize(("content", "line"), MIXED.values(), ids=MIXED)
    def test_a_file_of_two_versions_is_left_as_it_is(
        self, store: Store, content: str, line: int | None, kept: str | None
    ) -> None:
        store.write(keys.CSV, content.encode())
        if kept:
            store.write(keys.CSV_V1, kept.encode())
        sentence = f"line {line}, is not a line of the first version" if line else "line 4, is no row of"
        with pytest.raises(RecordError, match=rf"Celebs\.csv, {sentence}.*left as it is.*clear merge"):
            update_csv(store, [a_result("TMZ", "Cher")])
        assert store.read(keys.CSV) == content.encode()
        assert store.exists(keys.CSV_V1) == bool(kept)

    def test_unreadable_lines_that_nobody_kept_are_an_error(self, folder_store: FolderStore) -> None:
        content = f"{V1}Traceback (most recent call last)\n".encode()
        folder_store.write(keys.CSV_V1, V1.encode())
        folder_store.write(keys.CSV, content)
        with pytest.raises(RecordError, match=r"1 lines of .*Celebs\.csv can't be read .* keeps another file\."):
            update_csv(folder_store, [])
        assert folder_store.read(keys.CSV) == content

    @pytest.mark.parametrize("content", [OURS, V1])
    def test_other_encodings_are_an_error(self, folder_store: FolderStore, content: str) -> None:
        saved = content.replace("Zendaya", "Beyoncé").encode("latin-1")
        folder_store.write(keys.CSV, saved)
        with pytest.raises(RecordError, match=r"Celebs\.csv, line \d, is not UTF-8: save the file as UTF-8"):
            update_csv(folder_store, [])
        assert folder_store.read(keys.CSV) == saved

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf \r\n"])
    def test_an_empty_file_is_filled(self, folder_store: FolderStore, content: bytes) -> None:
        folder_store.write(keys.CSV, content)
        update_csv(folder_store, [a_result("TMZ", "Cher")])
        assert [*celebrities(folder_store).values()] == ["Cher"]


class TestLost:
    """The file is gone, empty or without rows, and ``Captures`` has rows that were seen."""

    @pytest.fixture
    def dataset(self, folder_store: FolderStore) -> FolderStore:
        folder_store.write(keys.CSV, V1.encode())
        failed = Outcome(site="PEOPLE", time=RUN_TIME, outcome="failed", task="screenshot", reason="HTTP 503")
        for when, outcomes in ((RUN_TIME - timedelta(days=30), []), (RUN_TIME, [failed])):
            results = [a_seen(folder_store, "TMZ", when, "=Cher", "Zendaya"), a_seen(folder_store, "EONLINE", when)]
            merge(folder_store, when, results, outcomes)
        return folder_store

    @pytest.mark.parametrize("content", [None, b"", b"\xef\xbb\xbf\r\n", HEADER.encode(), V1.encode()])
    def test_its_rows_are_brought_back(
        self, dataset: FolderStore, content: bytes | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = dataset.read(keys.CSV)
        dataset.delete(keys.CSV) if content is None else dataset.write(keys.CSV, content)
        assert update_csv(dataset, []) is True
        assert dataset.read(keys.CSV) == before
        assert "rows were restored from Captures and Celebs.v1.csv. Corrections made by hand are lost" in caplog.text

    def test_rows_deleted_by_hand_stay_deleted(self, dataset: FolderStore) -> None:
        dataset.write(keys.CSV, OURS.encode())
        update_csv(dataset, [])
        assert dataset.read(keys.CSV).decode() == OURS

    @pytest.mark.parametrize(
        "person", [RemovedPerson("Cher"), RemovedPerson("Somebody", ("Q12003",))], ids=["name", "QID"]
    )
    def test_people_who_were_removed_stay_out(self, dataset: FolderStore, person: RemovedPerson) -> None:
        dataset.write(keys.CSV, b"")
        key = keys.sightings(RUN_TIME)
        table = pl.read_parquet(dataset.root / key).with_columns(
            pl.when(pl.col("name") == "=Cher").then(pl.lit("Q12003")).alias("qid")
        )
        table.write_parquet(dataset.root / key, metadata={VERSION_KEY: str(VERSION)})
        update_csv(dataset, [], RemovalList((person,)))
        names = {time: names for (time, site), names in celebrities(dataset).items() if site == "TMZ"}
        assert names[keys.iso(RUN_TIME)] == "Zendaya"
        if person.name == "Cher":
            assert "Cher" not in dataset.read(keys.CSV).decode()

    def test_a_store_that_lists_nothing_starts_over(
        self, dataset: FolderStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def forbidden(prefix: str) -> list[str]:
            raise NotPermittedError("s3:ListBucket is lacking.")

        dataset.delete(keys.CSV)
        monkeypatch.setattr(dataset, "list", forbidden)
        update_csv(dataset, [])
        assert {time[:4] for time, _ in celebrities(dataset)} == {"2022"}
        assert "Whether Captures knows rows that" in caplog.text


class TestFirstVersion:
    def test_its_file_is_taken_over_and_kept_beside_the_new_one(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        store.write(keys.CSV, V1.encode())
        update_csv(store, [a_result("TMZ", "Cher")])
        assert store.read(keys.CSV).decode() == (
            HEADER + "2022-09-01T08:00:05Z,PEOPLE,,2022-09-01T08:00:05Z,live\n"
            "2022-09-01T08:00:05Z,TMZ,Cher; Zendaya,2022-09-01T08:00:05Z,live\n"
            "2022-09-01T20:00:04Z,TMZ,Adele,2022-09-01T20:00:04Z,live\n"
            "2026-11-23T08:00:00Z,TMZ,Cher,2026-11-23T08:00:00Z,live\n"
        )
        assert store.read(keys.CSV_V1) == V1.encode()
        assert "is kept as Celebs.v1.csv and taken over: 3 rows with 3 names, 0 lines left out." in caplog.text
        # That happens once.
        caplog.clear()
        assert update_csv(store, []) is False
        assert store.read(keys.CSV_V1) == V1.encode()
        assert not [one for one in caplog.records if one.name.startswith("celeb_ops")]

    @pytest.mark.parametrize(
        ("last", "names", "sentence"),
        [
            ("Sep_02_2022_08H_00M_05S,PEOPLE,Adele,Brad Pi", "Adele", "left out: 'Brad Pi'"),
            ("Sep_02_2022_08H_00M_05S,PEOPLE,Adele,Cher", "Adele; Cher", ""),
            ("Sep_02_2022_08H_00M_05S,PEOPLE", "", ""),
            ("Sep_02_2022_08H_00M_05S,PEO", None, "left out: 'Sep_02_2022_08H_00M_05S,PEO'"),
            ("Sep_02_2022_08H_00", None, "left out: 'Sep_02_2022_08H_00'"),
        ],
    )
    def test_the_whole_names_of_a_truncated_last_line_are_kept(
        self, folder_store: FolderStore, caplog: pytest.LogCaptureFixture, last: str, names: str | None, sentence: str
    ) -> None:
        folder_store.write(keys.CSV, f"{V1}{last}".encode())
        update_csv(folder_store, [], RemovalList())
        assert celebrities(folder_store).get(("2022-09-02T08:00:05Z", "PEOPLE")) == names
        assert len(celebrities(folder_store)) == 3 + (names is not None)
        assert sentence in caplog.text
        assert folder_store.read(keys.CSV_V1).decode().endswith(last)

    def test_a_file_kept_before_is_not_written_over(self, folder_store: FolderStore) -> None:
        folder_store.write(keys.CSV_V1, b"Aug_31_2022_08H_00M_05S,TMZ,Adele\n")
        folder_store.write(keys.CSV, V1.encode())
        update_csv(folder_store, [])
        assert folder_store.read(keys.CSV_V1) == b"Aug_31_2022_08H_00M_05S,TMZ,Adele\n"

    @pytest.mark.parametrize(
        ("lines", "names"),
        [
            ("{},TMZ,Cher\n{},TMZ,Adele\n", "Adele; Cher"),
            ("{},TMZ,=1,'a\n", "'=1; 'a"),
            ('{},TMZ,"Downey, Jr.",Cher\n', "Cher; Downey, Jr."),
            ("\ufeff{},TMZ,Cher\r\n", "Cher"),
            (" {} , TMZ ,, Cher ,,\n", "Cher"),
        ],
        ids=["doubled row", "formula", "quoted", "BOM and CRLF", "spaces and gaps"],
    )
    def test_its_lines_become_rows(self, lines: str, names: str) -> None:
        content = lines.replace("{}", "Sep_01_2022_08H_00M_05S").encode()
        time = "2022-09-01T08:00:05Z"
        assert read_csv(content) == {(time, "TMZ"): (time, "TMZ", names, time, "live")}

    def test_an_open_quote_ends_with_its_line(self) -> None:
        assert len(read_csv(V1.replace("Cher", '"Cher').encode())) == 3

    def test_an_unreadable_line_is_logged_and_stays_in_the_kept_file(
        self, folder_store: FolderStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        content = f"{V1}Traceback (most recent call last)\nSep_02_2022_08H_00M_05S,,Cher\n"
        folder_store.write(keys.CSV, content.encode())
        update_csv(folder_store, [])
        assert len(celebrities(folder_store)) == 3
        assert "Celebs.csv, line 4, can't be read and is left out: 'Traceback" in caplog.text
        assert "3 rows with 3 names, 2 lines left out." in caplog.text
        assert folder_store.read(keys.CSV_V1) == content.encode()

    @given(
        st.dictionaries(
            st.tuples(TIMES, st.sampled_from("ABC")),
            st.sets(st.sampled_from(["Cher", "Adele", "Zendaya", "P!nk"])),
            min_size=1,
        )
    )
    def test_no_row_and_no_name_is_lost(self, rows: dict[tuple[datetime, str], set[str]]) -> None:
        lines = [[keys.v1_time(when), site, *names] for (when, site), names in rows.items()]
        found = read_csv("".join(f"{','.join(line)}\n" for line in lines).encode())
        assert len(found) == len(rows)
        assert {key: set(row[2].split("; ")) - {""} for key, row in found.items()} == {
            (keys.iso(when), site): names for (when, site), names in rows.items()
        }
