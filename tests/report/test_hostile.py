"""Names, headlines, links and sites that want to be more than text, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.report.sanitizing import address
from celeb_ops.report.static_page import write
from tests.report import history
from tests.report.conftest import app_of
from tests.report.pages import charts, narrow, page_errors, served, too_wide, watch

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.store import FolderStore

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RUN = "<script>window.hacked=1</script>"
CAST = [
    history.Figure(name, 0.5, headline=headline, link=link, alt=RUN)
    for name, headline, link in [
        (RUN, RUN, "javascript:window.hacked=1"),
        ('"><img src=x onerror=window.hacked=1>', f"</script>{RUN}", 'https://ok.example/" onfocus="window.hacked=1'),
        (
            "\u202eabc\u2069 \u05d0\u05d1\u05d2",
            "\u202eright to left",
            "data:text/html,<script>window.hacked=1</script>",
        ),
        ("L" * 10_000, "H " * 5_000, "https://x.example/" + "a" * 10_000),
        ("a/b?c#d%41..", "{{ 7*7 }} ${7*7} <!--", "//evil.example"),
        ("=cmd|' /C calc'!A0", "]]>", "vbscript:x"),
    ]
]
SITES = ("TMZ", RUN, '"><svg onload=window.hacked=1>', "S" * 120)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    from celeb_ops.core.store import FolderStore

    store = FolderStore(tmp_path_factory.mktemp("hostile"))
    history.fill(store, CAST, days=20, sites=SITES)
    history.newest_records(store, CAST, "TMZ")
    return store


def harmless(browser: WebDriver, address: str, *, person: bool) -> None:
    """Nothing of theirs runs there, the charts are drawn all the same, and it fits on a phone."""
    browser.get(address)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    if person:
        assert charts(browser) == ["yes", "yes"]
    assert page_errors(browser) == [], address
    links = browser.execute_script("return [...document.links].map((one) => one.protocol)")
    # On the disk a link to another part of the report is one to a file.
    assert set(links) <= {"http:", "https:", address.partition("/")[0]}
    narrow(browser)
    assert too_wide(browser) <= 0, address
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_script_of_theirs_runs_on_any_page(hostile: FolderStore, browser: WebDriver) -> None:
    watch(browser)
    with served(app_of(hostile)) as server:
        run = f"runs/{keys.iso(history.END)}"
        for page in ("", f"?q={RUN}&move={RUN}&site={RUN}", "sites", "runs", run, f"{run}?site={RUN}"):
            harmless(browser, f"{server}/{page}", person=False)
        for one in CAST:
            harmless(browser, f"{server}/people/{address(one.name)}", person=True)


def test_nor_in_the_report(hostile: FolderStore, browser: WebDriver) -> None:
    watch(browser)
    path = hostile.root / write(hostile)
    html = path.read_text()
    assert len(html) < 1_500_000
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html)
    for at in range(len(CAST) + 1):
        harmless(browser, f"{path.as_uri()}{f'#person-{at}' if at else ''}", person=at > 0)
