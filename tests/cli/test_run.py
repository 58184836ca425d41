"""Whole runs: the real command line, the real DAG, real Chromium, and a small web on loopback."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import psutil
import pytest
from PIL import Image

from celeb_ops.cli import run as run_module
from celeb_ops.cli.run import too_far
from celeb_ops.core import keys
from celeb_ops.core.processes import wait_gone
from celeb_ops.core.records import Outcome
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import FolderStore
from celeb_ops.dataset import captures_of
from celeb_ops.dataset.tables import update_captures
from tests.archive.recording import Recording
from tests.archive.server import Archive, archive
from tests.cli.runs import NOW, Driver, Place, Run
from tests.web import NEVER, Web, free_port

pytestmark = pytest.mark.browser

WEEKS_AGO = NOW.replace(hour=8, minute=0, second=0) - timedelta(days=21)
WEEKS_AGO_SEEN = WEEKS_AGO + timedelta(minutes=17)
_STORIES = "".join(f'<p><a href="/ferry/{n}">The ferry came late again, day {n}</a>' for n in range(5))
WORDS = "<p>" + "All is quiet in the harbour, and nobody could say when the ferry would come. " * 8 + _STORIES
START_S = 120
"""Airflow takes about ten seconds to start; a busy machine may take longer."""

# --- a run with a dead site, and the same run again ----------------------------------------------------


@pytest.fixture(scope="module")
def web(demo_folder: Path) -> Iterator[Web]:
    """The sites ALPHA and GAMMA."""
    portrait = (demo_folder / "www" / "pictures" / "hopper.jpeg").read_bytes()
    page = f'<h1>Alpha</h1><img src="/hopper.jpeg" width="480" height="480">{WORDS}'
    with Web({"/alpha": page, "/gamma": f"<h1>Gamma</h1>{WORDS}", "/hopper.jpeg": portrait}) as web:
        yield web


@pytest.fixture(scope="module")
def beta_port() -> int:
    """Where the site BETA should be."""
    return free_port()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path, web: Web) -> Iterator[Archive]:
    """The archive, which has ALPHA's page of some weeks ago alone: it showed somebody else then."""
    folder = tmp_path_factory.mktemp("past")
    then = (demo_folder / "www" / "pictures" / "collins.jpeg").read_bytes()
    page = (
        f'<h1>Alpha</h1><img src="/then.jpeg" width="640" height="600"><img src="/lost.jpeg" width="90" height="90">'
        # Today's picture, which the archive has none of: it is still there on the web.
        f'<script>document.write(`<img src="/hopper.jpeg" width="480" height="480">`)</script>{WORDS}'
    )
    with Recording(folder / "alpha.warc.gz") as made:
        made.page(f"{web.address}/alpha", WEEKS_AGO_SEEN, page)
        made.page(f"{web.address}/then.jpeg", WEEKS_AGO_SEEN, then, "image/jpeg")
    with archive(folder / "pywb", [folder / "alpha.warc.gz"]) as running:
        yield running


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    made_home: Path,
    demo_folder: Path,
    web: Web,
    beta_port: int,
    past: Archive,
) -> Place:
    sites: list[dict[str, object]] = [
        {"url": f"{web.address}/alpha", "name": "ALPHA"},
        {"url": f"http://127.0.0.1:{beta_port}/", "name": "BETA"},
        {"url": f"{web.address}/gamma", "name": "GAMMA"},
        {"url": f"http://127.0.0.1:{free_port()}/", "name": "DELTA", "optional": True},
    ]
    folder = tmp_path_factory.mktemp("runs")
    gallery = shutil.copytree(demo_folder / "gallery", folder / "gallery")
    Image.new("RGB", (200, 200), "white").save(gallery / "Grace Hopper" / "blank.png")
    return Place(
        folder,
        made_home,
        sites,
        CELEBS_GALLERY=str(gallery),
        CELEBS_ARCHIVE_URL=past.timegate,
    )


@pytest.fixture(scope="module", autouse=True)
def driver(place: Place) -> Iterator[Driver]:
    """The first run is under way while the tests of interrupted runs wait for theirs."""
    driver = Driver(place)
    driver.send(*place.arguments())
    yield driver
    driver.close()


@contextmanager
def under_way(folder: Path, made_home: Path) -> Iterator[tuple[Place, subprocess.Popen[str], Web]]:
    """A run of three sites whose pages do not come, when it has opened two of them: it has two browsers."""
    with Web(dict.fromkeys(("/one", "/two", "/three"), NEVER)) as web:
        sites = [{"url": f"{web.address}{path}", "name": path[1:], "timeout_s": 100} for path in web.pages]
        place = Place(folder, made_home, sites)
        process = place.start("-m", "celeb_ops.cli.main", *place.arguments())
        try:
            deadline = time.monotonic() + START_S
            while len(web.pages.keys() & set(web.asked)) < 2:
                assert time.monotonic() < deadline, place.stderr.read_text()
                time.sleep(0.05)
            yield place, process, web
        finally:
            process.kill()
            process.communicate()


def test_ctrl_c_ends_the_run_and_leaves_nothing_behind(tmp_path: Path, made_home: Path) -> None:
    with under_way(tmp_path, made_home) as (place, process, web):
        browser = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(30) == 130
        assert browser
        assert wait_gone(browser, timeout_s=5) == []
        assert list(place.temporary.glob("celebs-*")) == []
        # Nor has it gone on with the third site.
        assert len(web.pages.keys() & set(web.asked)) == 2
        assert place.stderr.read_text() == (
            "Stopped. What was finished is in the store; run the same again to go on.\n"
        )
        assert list(place.store.list("")) == []


def test_a_killed_run_leaves_no_process_behind(tmp_path: Path, made_home: Path) -> None:
    with under_way(tmp_path, made_home) as (_, process, _web):
        below = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        # Two tasks, each with a driver and a browser.
        assert len(below) >= 6
        assert wait_gone(below, timeout_s=15) == []


def test_a_killed_task_is_tried_again(tmp_path: Path, made_home: Path) -> None:
    with under_way(tmp_path, made_home) as (place, process, web):
        web.pages |= dict.fromkeys(web.pages, WORDS)
        for task in psutil.Process(process.pid).children():
            task.kill()
        out, _ = process.communicate(timeout=START_S)
    again = [" ".join(line.split()) for line in out.splitlines() if "↻" in line]
    assert len(again) == 2, out
    for line in again:
        assert re.fullmatch(r"↻ \w+ screenshot The task's process was killed \(SIGKILL\).* Trying again\.", line)
    assert process.returncode == 0
    assert set(place.captures().values()) == {("seen", None)}


@pytest.fixture(scope="module")
def first(driver: Driver) -> Run:
    """BETA is dead, and the optional DELTA too."""
    return driver.answer()


@pytest.fixture(scope="module")
def first_files(first: Run, place: Place) -> dict[str, bytes]:
    return {key: place.store.read(key) for key in place.store.list("")}


@pytest.fixture(scope="module")
def second(driver: Driver, place: Place, first_files: dict[str, bytes], beta_port: int) -> Run:
    """The same run again, with BETA back."""
    with Web({"/": f"<h1>Beta</h1>{WORDS}"}, beta_port):
        driver.send(*place.arguments())
        return driver.answer()


class TestWithADeadSite:
    def test_its_neighbours_rows_are_in(self, first: Run) -> None:
        assert [row.split(",")[1:3] for row in first.csv[1:]] == [["ALPHA", "Grace Hopper"], ["GAMMA", ""]]
        assert {row.split(",")[0] for row in first.csv[1:]} == {keys.iso(NOW)}

    def test_the_run_is_red(self, first: Run, place: Place) -> None:
        assert first.status == 1

    def test_the_watcher_names_the_required_site_alone(self, first: Run, place: Place) -> None:
        assert "1 of 4 sites failed: BETA." in place.log()

    def test_each_step_was_reported_as_it_happened(self, first: Run) -> None:
        assert re.fullmatch(
            r"✓ ALPHA screenshot [\d,]+ px, 1 of 1 picture, \d+\.\d s", first.line("✓ ALPHA screenshot")
        )
        assert first.line("✓ ALPHA rekognize") == "✓ ALPHA rekognize 1 face: Grace Hopper"
        assert first.line("✓ GAMMA rekognize") == "✓ GAMMA rekognize 0 faces: nobody named"
        assert first.line("✓ merge") == "✓ merge Celebs.csv, Captures, Sightings, Mentions"

    def test_it_was_tried_twice_more(self, first: Run) -> None:
        again = [line for line in first.lines if line.startswith("↻ BETA screenshot")]
        assert [line.endswith("Trying again.") for line in again] == [True, True]
        assert "could not be reached" in first.line("✗ BETA screenshot")

    def test_the_table_says_which_and_why(self, first: Run) -> None:
        assert list(first.table) == ["ALPHA", "BETA", "DELTA", "GAMMA"]
        assert first.table["ALPHA"].startswith("1 Grace Hopper ")
        assert first.table["GAMMA"].startswith("0 nobody named ")
        for dead in ("BETA", "DELTA"):
            assert first.table[dead].startswith("– failed: http://127.0.0.1:")
            assert "could not be reached" in first.table[dead]

    def test_what_the_steps_warned_of_is_reported_once(self, first: Run) -> None:
        """Each of two sites has looked into the gallery; what merge warns of stands in the steps' lines already."""
        (warning,) = [line for line in first.lines if line.startswith("! ")]
        assert "Grace Hopper/blank.png: It shows no face that can be used." in warning

    def test_captures_keep_the_reason(self, first_files: dict[str, bytes], tmp_path: Path) -> None:
        store = FolderStore(tmp_path)
        store.write(keys.captures(NOW), first_files[keys.captures(NOW)])
        rows = {row["site"]: row for row in captures_of(store, NOW)}
        assert {site: row["outcome"] for site, row in rows.items()} == {
            "ALPHA": "seen",
            "BETA": "failed",
            "DELTA": "failed",
            "GAMMA": "seen",
        }
        assert "could not be reached" in rows["BETA"]["reason"]

    def test_the_first_lines_say_what_and_the_last_where(self, first: Run, place: Place) -> None:
        assert first.lines[0].startswith(
            f"4 sites at {keys.iso(NOW)}, recognised by local. Log: {place.home}/logs/run-"
        )
        assert first.lines[-2].startswith(f"Dataset: {place.store.root}/Celebs.csv; ")
        assert first.lines[-1] == f"Report: {place.store.root}/Report/index.html; open it in a browser."


class TestTheSameRunAgain:
    def test_is_green_though_an_optional_site_is_dead(self, second: Run) -> None:
        assert second.status == 0
        assert "could not be reached" in second.table["DELTA"]

    def test_adds_just_the_row_of_the_site_that_is_back(self, first: Run, second: Run) -> None:
        assert [row for row in second.csv if row not in first.csv] == [second.csv[2]]
        assert second.csv[2].startswith(f"{keys.iso(NOW)},BETA,,")
        assert [row for row in second.csv if row in first.csv] == first.csv

    def test_uses_the_screenshots_that_are_there(
        self, second: Run, first_files: dict[str, bytes], place: Place
    ) -> None:
        assert " px, reused, seen 20" in second.line("✓ ALPHA screenshot")
        assert " px, 0 of 0 pictures, " in second.line("✓ BETA screenshot")
        images = {key: content for key, content in first_files.items() if key.startswith("Images/")}
        assert len(images) == 4
        assert {key: place.store.read(key) for key in images} == images

    def test_forgets_why_the_site_was_missing(self, second: Run, place: Place) -> None:
        assert place.captures()["BETA"] == ("seen", None)
        assert list(place.store.list("Outcomes/")) == [keys.outcome(keys.stem("DELTA", NOW))]


def test_of_one_site_alone_changes_nothing_else(driver: Driver, place: Place, second: Run) -> None:
    driver.send(*place.arguments("--sites", "alpha"))
    run = driver.answer()
    assert run.status == 0
    assert list(run.table) == ["ALPHA"]
    assert run.csv == second.csv


def earlier(place: Place, when: datetime, source: Literal["live", "archive"]) -> None:
    """GAMMA has failed in a run of before."""
    facts = {"site": "GAMMA", "time": when, "outcome": "failed", "task": "screenshot", "reason": "It sent no page."}
    update_captures(place.store, when, [], [Outcome(**facts, source=source)])


def test_a_run_time_without_a_copy_is_skipped_with_a_sentence(driver: Driver, place: Place, second: Run) -> None:
    when = datetime(2001, 9, 9, 8, tzinfo=UTC)
    earlier(place, when, "archive")
    driver.send(*place.arguments("--sites", "ALPHA,GAMMA", date=when))
    run = driver.answer()
    assert run.status == 0
    assert run.table["ALPHA"].startswith("– skipped: 127.0.0.1:")
    outcomes, reasons = zip(*place.captures(when).values(), strict=True)
    # That the archive could not be asked at some time says nothing of the site.
    assert outcomes == ("skipped", "skipped")
    nearest = rf"the nearest is from {keys.iso(WEEKS_AGO_SEEN)}, [\d.]+ h after the run's time\."
    assert re.fullmatch(
        r"127\.0\.0\.1:\d+ has no copy of http://127\.0\.0\.1:\d+/alpha within 12 h "
        rf"\(CELEBS_ARCHIVE_WINDOW_H\): {nearest}",
        reasons[0],
    )
    assert reasons[1].endswith("/gamma at all.")
    assert "Use a DATE within 3 h of now" in run.line("Every site was skipped, so Celebs.csv got no row:")
    assert run.csv == second.csv


def test_a_site_that_was_missed_at_its_time_is_not_merely_skipped(driver: Driver, place: Place, second: Run) -> None:
    when = datetime(2001, 9, 10, 8, tzinfo=UTC)
    earlier(place, when, "live")
    driver.send(*place.arguments("--sites", "ALPHA,GAMMA", "--on-past", "skip", date=when))
    run = driver.answer()
    assert run.status == 1
    assert run.table["ALPHA"].startswith("– skipped: The run time 2001-09-10T08:00:00Z is ")
    assert "the archive is not asked (on_past: skip)" in run.table["ALPHA"]
    assert run.table["GAMMA"].startswith("– failed: It sent no page. Its page can no longer be captured")
    assert [outcome for outcome, _ in place.captures(when).values()] == ["skipped", "failed"]
    assert run.csv == second.csv


def test_a_run_that_records_nothing_is_no_success(driver: Driver, place: Place, second: Run) -> None:
    csv = place.store.read(keys.CSV)
    place.store.write(keys.CSV, b"not;ours\n")
    driver.send(*place.arguments("--sites", "ALPHA", date=datetime(1990, 1, 1, tzinfo=UTC)))
    run = driver.answer()
    place.store.write(keys.CSV, csv)
    assert run.status == 1


def test_where_list_sites_fails_the_run_is_red_and_nothing_is_merged(driver: Driver, place: Place, second: Run) -> None:
    driver.send("dag", "2001-09-10T08:00", "NOBODY")
    run = driver.answer()
    ended = json.loads(run.line("{"))
    assert ended["state"] == "failed"
    # At once: a second try would meet the same.
    assert ended["tasks"]["list_sites"] == ["failed", 1]
    assert ended["tasks"]["site.screenshot"][0] == "upstream_failed"
    assert ended["tasks"]["merge"][0] == "skipped"
    assert ended["tasks"]["watcher"][0] == "failed"
    assert any("There is no site NOBODY" in line for line in run.lines)
    assert any("list_sites failed, so no site was visited" in line for line in run.lines)
    assert run.csv == second.csv


class TestWeeksAgo:
    """A run whose page is in the archive, and then with each of the wishes."""

    @pytest.fixture(scope="class")
    def run(self, driver: Driver, place: Place, web: Web, second: Run) -> tuple[Run, list[str]]:
        before = len(web.asked)
        driver.send(*place.arguments("--sites", "ALPHA,GAMMA", date=WEEKS_AGO))
        return driver.answer(), web.asked[before:]

    def test_names_the_people_of_that_day(self, run: tuple[Run, list[str]], second: Run, place: Place) -> None:
        ended, asked = run
        assert ended.status == 0
        assert asked == []
        (row,) = [row for row in ended.csv if row not in second.csv]
        assert row == f"{keys.iso(WEEKS_AGO)},ALPHA,Eileen Collins,{keys.iso(WEEKS_AGO_SEEN)},archive"
        assert ended.table["ALPHA"].startswith("1 Eileen Collins ")
        assert "/gamma at all." in ended.table["GAMMA"]
        assert ended.line("✓ ALPHA screenshot").startswith("✓ ALPHA screenshot ")

    def test_tells_where_its_page_is_from(
        self, run: tuple[Run, list[str]], place: Place, past: Archive, web: Web
    ) -> None:
        row = next(row for row in captures_of(place.store, WEEKS_AGO) if row["site"] == "ALPHA")
        assert (row["outcome"], row["source"], row["captured_at"]) == ("seen", "archive", WEEKS_AGO_SEEN)
        assert row["memento"] == f"{past.timegate}{WEEKS_AGO_SEEN:%Y%m%d%H%M%S}/{web.address}/alpha"
        # That which was never archived, and today's.
        assert row["images_missing"] == 2

    def test_may_be_recognised_again_without_its_page(
        self, run: tuple[Run, list[str]], place: Place, driver: Driver
    ) -> None:
        images = {key: place.store.read(key) for key in place.store.list("Images/")}
        driver.send(*place.arguments("--sites", "ALPHA,GAMMA", "--rerecognise", date=WEEKS_AGO))
        again = driver.answer()
        assert again.status == 0
        assert again.csv == run[0].csv
        assert "no screenshot is stored to recognise again" in again.table["GAMMA"]
        assert f" px, reused, archived {WEEKS_AGO_SEEN:%Y-%m-%d %H:%M} UTC" in again.line("✓ ALPHA screenshot")
        assert {key: place.store.read(key) for key in place.store.list("Images/")} == images

    def test_may_be_captured_again(self, run: tuple[Run, list[str]], place: Place, driver: Driver) -> None:
        picture = place.store.root / keys.image(keys.stem("ALPHA", WEEKS_AGO), 1, "jpeg")
        before = picture.stat().st_mtime_ns
        driver.send(*place.arguments("--sites", "ALPHA", "--recapture", date=WEEKS_AGO))
        again = driver.answer()
        assert again.status == 0
        assert again.csv == run[0].csv
        assert "used again" not in again.line("✓ ALPHA screenshot")
        assert picture.stat().st_mtime_ns > before


# --- what a run of the DAG is given, and what is said at its end ----------------------------------------


@pytest.mark.parametrize(
    ("environment", "dotenv", "delay_s"),
    [
        ({}, "", 2),
        ({}, "77", 77),
        ({"CELEBS_RETRY_DELAY_S": "66"}, "77", 66),
        ({"CELEBS_RETRY_DELAY_S": "66"}, "", 66),
        # Set but empty: it hides the file's.
        ({"CELEBS_RETRY_DELAY_S": ""}, "77", 2),
    ],
)
def test_retries_follow_soon_unless_the_user_says_when(
    environment: dict[str, str], dotenv: str, delay_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For the test alone: a command sets it for its whole process.
    monkeypatch.setattr(os, "environ", os.environ | environment)
    (tmp_path / "no.env").write_text(f"CELEBS_RETRY_DELAY_S={dotenv}")
    loaded: list[float] = []

    def run_dag(*_: object) -> str:
        loaded.append(Settings.load().retry_delay_s)
        return "failed"

    monkeypatch.setattr(run_module, "migrated", lambda *_: None)
    monkeypatch.setattr(run_module, "_run_dag", run_dag)
    assert run_module.run(NOW, [], tmp_path / "home") == 1
    assert loaded == [delay_s]


SKIPPED, SEEN = {"outcome": "skipped"}, {"outcome": "seen"}


@pytest.mark.parametrize("hours", [-4, 4])
def test_a_date_too_far_away_is_reported_with_one_that_is_not(hours: int) -> None:
    now = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
    said = too_far([SKIPPED, SKIPPED], now + timedelta(hours=hours), now, 3)
    assert f"{keys.iso(now + timedelta(hours=hours))} is more than 3 h from now" in said
    assert "Use a DATE within 3 h of now (2026-11-25T07:30:00Z), or none." in said


@pytest.mark.parametrize(("rows", "hours"), [([SKIPPED, SEEN], 4), ([SKIPPED], 2), ([], 4)])
def test_a_date_is_blamed_for_nothing_else(rows: list[dict[str, str]], hours: int) -> None:
    assert too_far(rows, NOW, NOW + timedelta(hours=hours), 3) == ""
