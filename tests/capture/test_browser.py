"""The browser of a capture: what it tells sites, what it is kept from, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import psutil
import pytest
from selenium.webdriver.support.wait import WebDriverWait

from celeb_ops.capture import browser, resource_limits
from celeb_ops.capture.browser import open_browser
from celeb_ops.core.exceptions import CaptureError, FinalCaptureError
from celeb_ops.core.processes import wait_gone
from celeb_ops.core.temp_folders import scratch_folder
from tests.browsers import running
from tests.capture.shots import Shot, bands, html, shoot, site_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.capture.site import LocalSite, Request

TELL = """
const said = { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, hour: new Date(0).getHours(),
  languages: navigator.languages, agent: navigator.userAgent, clock: [Date.now(), String(Date)] };
fetch('/said?' + encodeURIComponent(JSON.stringify(said)));
"""


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of temporary files: what a browser leaves behind would be in there."""
    # Pytest's own must not be made in it.
    tmp_path_factory.getbasetemp()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


AUSTRIAN: dict[str, Any] = {"locale": "de-AT", "timezone": "Asia/Tokyo"}


class InARow:
    """Two captures of this process, one after another, and what is there afterwards."""

    def __init__(self, site: LocalSite, temporary: Path, hosts: Path) -> None:
        hosts.write_text("# Of another page\n0.0.0.0 ads.example\nlocalhost\n", encoding="utf-8")
        others = running(psutil.Process())
        elsewhere = site.address.replace("127.0.0.1", "localhost")
        page = html(
            f"{bands(900)}<img src='{elsewhere}/picture/ff0000/99x99.png?ad'><img src='/picture/00ff00/99x99.png'>"
            f"<script src='{elsewhere}/ad.js'></script>",
            script=f"document.cookie = 'seen=1; max-age=99999'; fetch('/mine'); {TELL}",
        )
        self.shots: list[Shot] = []
        self.asked: list[list[Request]] = []
        for path, options in (("/first", {}), ("/second", {"block_hosts": str(hosts)})):
            before = len(site.asked)
            self.shots.append(shoot(site.page(page, path), **AUSTRIAN, **options))
            self.asked.append(site.asked[before:])
        self.left = sorted(path.name for path in temporary.iterdir() if not path.name.startswith("celebs-test-shot-"))
        self.running = running(psutil.Process()) - others


@pytest.fixture(scope="module")
def in_a_row(site: LocalSite, temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> InARow:
    return InARow(site, temporary, tmp_path_factory.mktemp("lists") / "hosts.txt")


@pytest.mark.browser
@pytest.mark.timeout(120)
class TestCaptures:
    def test_leave_no_process_and_no_file(self, in_a_row: InARow) -> None:
        assert in_a_row.running == set()
        assert in_a_row.left == []

    def test_no_request_says_headless(self, in_a_row: InARow) -> None:
        for request in (one for asked in in_a_row.asked for one in asked):
            assert re.search(r"Chrome/\d+", request.headers["User-Agent"])
            assert "Chrom" in request.headers["sec-ch-ua"]
            assert "headless" not in str(request.headers).lower()

    def test_language_and_time_zone_are_the_sites_and_the_clock_is_the_real_one(self, in_a_row: InARow) -> None:
        page, *others = in_a_row.asked[0]
        assert page.headers["Accept-Language"].startswith("de-AT")
        [said] = [json.loads(unquote(one.path[6:])) for one in others if one.path.startswith("/said?")]
        assert (said["zone"], said["hour"]) == ("Asia/Tokyo", 9)
        assert said["languages"][0] == "de-AT"
        assert "Headless" not in said["agent"]
        # Only that of an archived page is another (tests/archive/test_clock.py).
        assert abs(said["clock"][0] / 1000 - time.time()) < 120
        assert said["clock"][1] == "function Date() { [native code] }"

    def test_blocked_hosts_are_not_asked(self, in_a_row: InARow) -> None:
        first, second = ([one.path for one in asked] for asked in in_a_row.asked)
        assert "/picture/ff0000/99x99.png?ad" in first
        assert "/picture/ff0000/99x99.png?ad" not in second
        assert "/picture/00ff00/99x99.png" in second
        assert "/ad.js" in first
        assert "/ad.js" not in second
        assert in_a_row.shots[1].page.images_loaded == 1
        # It is no loss of the page's.
        assert not any("script" in one for one in in_a_row.shots[1].page.missing)

    def test_a_cookie_does_not_outlive_its_capture(self, in_a_row: InARow) -> None:
        for path, (page, *others) in zip(("/first", "/second"), in_a_row.asked, strict=True):
            assert page.path == path
            assert "Cookie" not in page.headers
            [mine] = [one for one in others if one.path == "/mine"]
            assert mine.headers["Cookie"] == "seen=1"

    def test_a_remote_browser_takes_the_same_picture(self, in_a_row: InARow, site: LocalSite, remote: str) -> None:
        shot = shoot(site.address + "/first", browser_url=remote, **AUSTRIAN)
        assert (shot.pixels == in_a_row.shots[0].pixels).all()
        assert shot.page.pictures == in_a_row.shots[0].page.pictures


@pytest.fixture
def remote(chromedriver: psutil.Popen) -> Iterator[str]:
    yield chromedriver.url
    assert wait_gone(chromedriver.children(recursive=True), timeout_s=5) == [], "the session's browser still runs there"


TASK = """
import sys, tempfile
tempfile.tempdir = sys.argv[2]
from celeb_ops.capture import loading
from celeb_ops.capture.browser import open_browser
from tests.capture.shots import site_at
site = site_at(sys.argv[1])
with open_browser(site) as driver:
    loading.open_page(driver, site)
    print("ready", flush=True)
    readiness.settle(driver, 1e9)
"""


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_a_task_that_is_killed_leaves_no_process_and_its_files_go_with_the_next(
    site: LocalSite, temporary: Path
) -> None:
    url = site.page(html("<img src='/picture/000000/9x9.png?delay=50'>"))
    root = Path(__file__).parents[2]
    task = psutil.Popen(
        [sys.executable, "-c", TASK, url, str(temporary)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{root / 'plugins'}:{root}"},
    )
    assert task.stdout.readline() == "ready\n"
    family = task.children(recursive=True)
    assert {"chromedriver", "chromium"} <= {process.name() for process in family}
    task.send_signal(signal.SIGKILL)
    task.wait()
    assert wait_gone(family, timeout_s=5) == []

    assert list(temporary.glob(f"celebs-browser-{task.pid}-*"))
    with scratch_folder("browser"):
        assert not list(temporary.glob(f"celebs-browser-{task.pid}-*"))


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_a_page_that_takes_all_memory_loses_its_browser(site: LocalSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_limits, "_MEMORY_MB", 900)
    # Outside the scripts' heap, which has a bound of its own.
    hungry = "const all = []; setInterval(() => { all.push(new Uint8Array(3e7).fill(1)) }, 30)"
    with pytest.raises(CaptureError, match="took more than 900 MB of memory"):
        shoot(site.page(html("<img src='/picture/000000/9x9.png?delay=20'>", script=hungry)), load_time_s=40)


STORE = """(async () => {
  let stored = 0;
  try {
    const cache = await caches.open('all');
    for (; stored < 400; stored += 10) await cache.put(`/${stored}`, new Response(new Uint8Array(1e7).fill(7)));
  } catch {}
  document.title = `${stored} MB`;
})()"""


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_what_a_page_may_store_is_bounded_by_the_browser_itself(site: LocalSite) -> None:
    with open_browser(site_at("http://127.0.0.1/")) as driver:
        driver.get(site.page(html("<p>News</p>", script=STORE)))
        stored = WebDriverWait(driver, 60).until(lambda driver: re.fullmatch(r"(\d+) MB", driver.title))
    assert 0 < int(stored[1]) <= browser._STORED_MB


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_a_page_that_fills_the_disk_loses_its_browser(
    site: LocalSite, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource_limits, "_DISK_MB", 50)
    with pytest.raises(FinalCaptureError, match=r"page-\d+ filled more than 50 MB of disk"):
        shoot(site.page(html("<img src='/picture/000000/9x9.png?delay=20'>", script=STORE)), load_time_s=40)
    assert not list(temporary.glob("celebs-browser-*"))


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_a_browser_starts_below_a_long_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A socket's path has 107 bytes at the most, and Chromium makes one below its temporary folder.
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with open_browser(site_at("http://127.0.0.1/")) as driver:
        assert driver.capabilities["browserVersion"]
        assert [one.name for one in folder.glob("*/profile")]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("user", "profile", "flagged"), [(0, "/tmp/profile", True), (1000, "/tmp/profile", False), (0, None, False)]
)
def test_the_sandbox_is_off_for_a_local_root_only(
    user: int, profile: str | None, flagged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    arguments = browser._options(site_at("https://www.tmz.com/"), profile).arguments
    assert ("--no-sandbox" in arguments) is flagged


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_a_page_that_was_prerendered_is_captured(site: LocalSite) -> None:
    site.page(html("<title>Next</title>"), "/prerendered")
    rules = json.dumps({"prerender": [{"source": "list", "urls": ["/prerendered"]}]})
    script = "setTimeout(() => { location = '/prerendered' }, 1500)"
    shot = shoot(site.page(html(f"<script type=speculationrules>{rules}</script>", script=script)), load_time_s=8)
    assert shot.page.http_status == 200
