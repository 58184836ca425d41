"""The demo's own command line: what a person sees first."""

import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from celeb_ops.capture.browser import open_browser
from celeb_ops.cli import demo
from celeb_ops.cli.airflow_home import AirflowHomeError
from celeb_ops.cli.main import main
from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.sites import CaptureOptions, load_sites
from celeb_ops.core.store import FolderStore
from tests.web import free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo-run")


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    # Short: the path of a socket, of which Chromium makes one in there, has a limit.
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.fixture(scope="module")
def ended(folder: Path, temporary: Path, made_home: Path) -> subprocess.CompletedProcess[str]:
    """A demo of somebody whose own settings, proxy included, are of no use to it."""
    home = shutil.copytree(made_home, folder / "airflow")
    nowhere = f"http://127.0.0.1:{free_port()}"
    own = {
        "CELEBS_STORE": str(folder / "own"),
        "CELEBS_SITES": str(folder / "none.yaml"),
        "CELEBS_GALLERY": str(folder / "no-gallery"),
        "CELEBS_RECOGNIZER": "rekognition",
        "CELEBS_BROWSER_URL": nowhere,
        "CELEBS_LIVE_WINDOW_H": "0.000001",
        "CELEBS_BROWSERS": "many",
        "CELEBS_NO_SUCH_SETTING": "1",
    }
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    return subprocess.run(
        [sys.executable, "-m", "celeb_ops.cli.main", "demo", "--airflow-home", home, "--store", folder / "store"],
        cwd=PROJECT,
        env=environment | own | {"http_proxy": nowhere, "TMPDIR": str(temporary), "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )


@pytest.mark.browser
class TestARun:
    def test_is_green_and_names_the_two_on_each_page_and_nobody_else(
        self, ended: subprocess.CompletedProcess[str], folder: Path
    ) -> None:
        assert ended.returncode == 0, ended.stdout + ended.stderr
        rows = list(csv.DictReader(io.StringIO(FolderStore(folder / "store").read(keys.CSV).decode())))
        assert {row["site"]: row["celebrities"] for row in rows} == {
            "DAILY-PLAIN": "Grace Hopper",
            "LAZY-POST": "Eileen Collins; Grace Hopper",
            "WALLED-TIMES": "Eileen Collins; Grace Hopper",
        }
        assert len(rows) == 3
        assert {row["source"] for row in rows} == {"live"}

    def test_tells_where_its_dataset_is_and_leaves_nothing_elsewhere(
        self, ended: subprocess.CompletedProcess[str], folder: Path, temporary: Path
    ) -> None:
        assert "recognised by local" in ended.stdout.splitlines()[0]
        assert ended.stdout.splitlines()[-2].startswith(f"Dataset: {folder}/store/Celebs.csv; ")
        assert ended.stdout.splitlines()[-1] == f"Report: {folder}/store/Report/index.html; open it in a browser."
        assert ended.stderr == ""
        assert {path.name for path in folder.iterdir()} == {"airflow", "store"}
        assert list(temporary.glob("celebs-*")) == []

    def test_its_review_shows_a_reference_beside_each_name(
        self, ended: subprocess.CompletedProcess[str], folder: Path, tmp_path: Path
    ) -> None:
        assert main(["review", str(folder / "store"), "--out", str(tmp_path / "review.html")]) == 0
        page = (tmp_path / "review.html").read_text()
        assert (page.count('alt="the face on the page"'), page.count('alt="the reference"')) == (5, 5)

    def test_its_report_opens_from_disk(self, ended: subprocess.CompletedProcess[str], folder: Path) -> None:
        with open_browser(CaptureOptions(viewport=(1200, 900))) as browser:
            browser.get((folder / "store" / keys.REPORT).as_uri())
            board = browser.find_element(By.CSS_SELECTOR, ".board")
            people = [row.text for row in board.find_elements(By.CSS_SELECTOR, ".who a")]
            assert people == ["Grace Hopper", "Eileen Collins"]
            board.find_element(By.LINK_TEXT, "Eileen Collins").click()
            headings = [one.text for one in browser.find_elements(By.TAG_NAME, "h1") if one.is_displayed()]
            assert headings == ["Eileen Collins"]
            proof = next(one for one in browser.find_elements(By.CSS_SELECTOR, ".proof") if one.is_displayed())
            assert "The first woman to command a shuttle looks back" in proof.text
            face = proof.find_element(By.CSS_SELECTOR, ".face")
            assert face.value_of_css_property("background-image").startswith('url("data:image/jpeg;base64')


def test_a_second_one_takes_nothing_from_under_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is served while the home is in use, so it is refused when all its files are written."""
    # For the test alone: a command sets it for its whole process.
    monkeypatch.setattr(os, "environ", dict(os.environ))
    served: list[str] = []

    def run(when: datetime | None, names: list[str], home: Path, wishes: dict[str, object]) -> int:
        # No archive knows the newsroom.
        assert wishes == {"on_past": "skip"}
        settings = Settings.load()
        if served:
            raise AirflowHomeError("in use")
        served.append(settings.sites.read_text())
        photos = sorted(settings.gallery.rglob("*.*"))
        times = [photo.stat().st_mtime_ns for photo in photos]
        with pytest.raises(AirflowHomeError):
            demo.demo(when, names, home, str(tmp_path / "store"))
        assert [settings.sites.read_text()] == served
        assert [photo.stat().st_mtime_ns for photo in photos] == times
        for site in load_sites(settings.sites):
            urllib.request.urlopen(site.url, timeout=10).close()
        return 0

    monkeypatch.setattr(demo, "run", run)
    assert demo.demo(None, [], tmp_path, str(tmp_path / "store")) == 0
    assert len(served) == 1
