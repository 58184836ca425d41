"""The report in one file, opened from the disk."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from markupsafe import Markup
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from celeb_ops.core import keys
from celeb_ops.report import static_page
from celeb_ops.report.static_page import Crops
from tests.factories import a_picture
from tests.report import history
from tests.report.pages import charts, page_errors, watch

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.remote.webdriver import WebDriver

    from celeb_ops.core.store import FolderStore, Store


@pytest.fixture(scope="module")
def report(past: FolderStore) -> Path:
    return past.root / static_page.write(past)


class TestWrite:
    def test_its_policy_names_what_is_in_it_and_lets_in_nothing_else(self, past: FolderStore, report: Path) -> None:
        html = report.read_text()
        # The same trends make the same report.
        static_page.write(past)
        assert report.read_text() == html
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy
        run = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", html, re.S)
        assert len(run) == 3
        for content in run:
            assert f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in policy
        marks = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
        # They load nothing: feeds beside it, for a reader.
        marks = re.sub(
            r'<link rel="alternate" type="application/[a-z]+\+(xml|json)" title="[^"]+" href="feed.\1">', "", marks
        )
        assert not re.search(r'(?:src|href)="(?!#|https?://|data:)', marks)
        assert not re.search(r"<(?:img|script|link)[^>]* (?:src|href)=", marks)
        # The evidence is a picture: of the newest site's crops one is in the store.
        assert ".crop-0{background-image:url(data:image/jpeg;base64," in html
        assert '<li class="proof">\n<span class="face large crop-0" role="img"' in re.sub(r"\n\s*", "\n", html)

    def test_of_an_empty_store_says_what_will_come(self, store: Store) -> None:
        assert static_page.write(store) == keys.REPORT
        assert b"No run yet" in store.read(keys.REPORT)

    def test_has_fewer_people_where_there_is_no_room(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        history.fill(folder_store, [history.Figure(f"Person {at:03d}", 1.0) for at in range(70)], days=3)
        static_page.write(folder_store)
        whole = folder_store.read(keys.REPORT)
        assert whole.count(b"<article") == 70
        monkeypatch.setattr(static_page, "MAX_BYTES", len(whole) - 1)
        static_page.write(folder_store)
        assert folder_store.read(keys.REPORT).count(b"<article") == 60


@pytest.mark.parametrize("end", ["</script>", "</STYLE >", "<!--"])
def test_own_scripts_and_styles_are_only_taken_where_they_end_nothing(end: str) -> None:
    assert static_page.inside("a < b") == Markup("a < b")
    with pytest.raises(ValueError, match="would end"):
        static_page.inside(f"'{end}'")


class TestCrops:
    def test_are_small_and_each_once(self, store: Store) -> None:
        store.write("Faces/x/1.jpeg", a_picture(256, 256))
        crops = Crops(store, ["Faces/x/1.jpeg", "Faces/x/1.jpeg", None, ""])
        assert crops.name("Faces/x/1.jpeg") == "crop-0"
        assert crops.name("Faces/x/other.jpeg") == crops.name("") == ""
        assert crops.style.count("data:image/jpeg") == 1

    @pytest.mark.parametrize(
        "bad",
        ["Faces/x/gone.jpeg", "Faces/x/text.jpeg", "../secret.jpeg", "/etc/passwd", "Faces/\ud800.jpeg", "a" * 2_000],
    )
    def test_a_bad_one_costs_one_picture(self, folder_store: FolderStore, bad: str) -> None:
        folder_store.write("Faces/x/text.jpeg", b"no picture")
        folder_store.write("Faces/x/1.jpeg", a_picture())
        crops = Crops(folder_store, [bad, "Faces/x/1.jpeg"])
        assert crops.name("Faces/x/1.jpeg")
        assert crops.style.count("background-image") == 1

    def test_there_are_as_many_as_there_is_room_for(self, folder_store: FolderStore) -> None:
        names = [f"Faces/x/{at}.jpeg" for at in range(5)]
        for at, name in enumerate(names):
            folder_store.write(name, a_picture(96, 96, seed=at))
        one = Crops(folder_store, names[:1])
        crops = Crops(folder_store, names, room=int(2.5 * len(one.style)))
        assert [bool(crops.name(name)) for name in names] == [True, True, False, False, False]


@pytest.mark.browser
class TestInABrowser:
    def test_a_person_clicks_through_it(self, report: Path, browser: WebDriver) -> None:
        watch(browser)
        browser.get(report.as_uri())
        board = browser.find_element(By.CSS_SELECTOR, ".board")
        people = [row.text for row in board.find_elements(By.CSS_SELECTOR, ".who a")]
        assert people == ["Grace Hopper", "Eileen Collins"]

        board.find_element(By.LINK_TEXT, "Eileen Collins").click()
        assert shown(browser, "h1") == ["Eileen Collins"]
        assert charts(browser) == ["yes", "yes"]
        assert "shuttle" in shown(browser, ".proof")[0]
        link = next(one for one in browser.find_elements(By.CSS_SELECTOR, ".proof a") if one.is_displayed())
        assert link.get_attribute("href") == "https://news.example/story"
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"

        browser.back()
        assert board.is_displayed()
        assert page_errors(browser) == []

    def test_the_search_and_the_keyboard(self, report: Path, browser: WebDriver) -> None:
        browser.get(report.as_uri())
        search = browser.find_element(By.ID, "search")
        search.send_keys("COLLÍNS")
        assert shown(browser, ".board .who a") == ["Eileen Collins", "Eileen Collins"]
        assert browser.find_element(By.ID, "found").text == "1 found"

        # On by the keyboard alone, with the focus to be seen.
        for _ in range(10):
            browser.switch_to.active_element.send_keys(Keys.TAB)
            focused = browser.switch_to.active_element
            assert browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", focused) == "solid"
            if focused.text == "Eileen Collins":
                break
        focused.send_keys(Keys.ENTER)
        assert browser.find_element(By.ID, "name-person-2").is_displayed()

    def test_the_skip_link_leads_past_the_menu_and_stays_on_the_person(self, report: Path, browser: WebDriver) -> None:
        browser.get(f"{report.as_uri()}#person-1")
        browser.execute_script("document.querySelector('.skip').focus()")
        browser.switch_to.active_element.send_keys(Keys.ENTER)
        assert browser.switch_to.active_element.get_attribute("id") == "main"
        assert browser.find_element(By.ID, "name-person-1").is_displayed()

    def test_charts_follow_light_and_dark(self, report: Path, browser: WebDriver) -> None:
        watch(browser)
        browser.get(f"{report.as_uri()}#person-1")
        colours = []
        for scheme in ("light", "dark"):
            browser.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            )
            charts(browser)
            colours.append(stroke_of(browser, colours[-1] if colours else None))
        assert colours[0] != colours[1]
        assert page_errors(browser) == []


def shown(browser: WebDriver, selector: str) -> list[str]:
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]


def stroke_of(browser: WebDriver, other: str | None) -> str:
    """The colour of the line, once it is not ``other``."""
    script = "return document.querySelector('#person-1 .mark-line path')?.getAttribute('stroke')"
    return WebDriverWait(browser, 10).until(
        lambda _: (stroke := browser.execute_script(script)) and stroke != other and stroke
    )
