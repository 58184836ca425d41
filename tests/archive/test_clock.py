"""The clock of an archived page is the archive's."""

import time
from collections.abc import Callable

import pytest

from celeb_ops.archive.replay import Replay
from celeb_ops.capture import loading
from celeb_ops.capture.browser import open_browser
from celeb_ops.core.sites import Site
from tests.archive.conftest import MORNING
from tests.archive.server import Archive

NOW = """
const frame = window;
const made = { has: new frame.Date(), called: frame.Date(), now: frame.Date.now(),
  format: new frame.Intl.DateTimeFormat('en-US').format(), parts: new frame.Intl.DateTimeFormat('en-US')
    .formatToParts().map(one => one.value).join(''), modified: frame.document.lastModified };
return { ...made, has: made.has.toISOString() };
"""
KEPT = """
class Later extends Date { next() { return new Later(this.getTime() + 1000) } }
const later = new Later(0), today = new Later();
return [
  new Date(0).toISOString(), new Date(2020, 0, 2).getFullYear(), Date.UTC(2020, 0, 1), Date.parse('2020-01-01'),
  new Date() instanceof Date, later instanceof Date, later instanceof Later, later.next().getTime(),
  today.getTime() - Date.now() < 1000, new Date().constructor === Date, Date.length, Date.name,
  Object.prototype.toString.call(new Date()), new Date(NaN).getTime() !== new Date(NaN).getTime(),
  new Intl.DateTimeFormat('en-US', { timeZone: 'UTC' }).format(new Date(0)), typeof Date(), new Date(undefined) + '',
];
"""


@pytest.mark.browser
class TestTheClock:
    def test_of_a_page_goes_on_from_the_archives_time(self, news: Archive, played: Callable[..., Replay]) -> None:
        replay = played(news, "https://clock.example/")
        site = Site(url="https://clock.example/", name="CLOCK", timezone="UTC", timeout_s=20)
        with open_browser(site, "", replay.address, any_certificate=True) as driver:
            loading.open_page(driver, site, MORNING)
            assert driver.title == "Fri Nov 20 2026"
            frames = [None, *driver.find_elements("tag name", "iframe")]
            assert len(frames) == 3
            for frame in frames:
                driver.switch_to.default_content()
                if frame:
                    driver.switch_to.frame(frame)
                # As the page's own first script saw it.
                assert driver.execute_script("return document.title") == "Fri Nov 20 2026"
                seen = driver.execute_script(NOW)
                assert seen["has"].startswith("2026-11-20T08:03:")
                assert seen["called"].startswith("Fri Nov 20 2026 08:03:")
                assert 0 <= seen["now"] / 1000 - MORNING.timestamp() < 30
                assert (seen["format"], seen["parts"]) == ("11/20/2026", "11/20/2026")
                assert seen["modified"] == "11/20/2026 08:03:07"
                assert driver.execute_script(KEPT) == [
                    *("1970-01-01T00:00:00.000Z", 2020, 1_577_836_800_000, 1_577_836_800_000),
                    *(True, True, True, 1000),
                    *(True, True, 7, "Date"),
                    *("[object Date]", True),
                    *("1/1/1970", "string", "Invalid Date"),
                ]
            # It goes.
            before = driver.execute_script("return Date.now()")
            time.sleep(0.1)
            assert 90 <= driver.execute_script("return Date.now()") - before < 5000
            # A page that sets its own has it.
            assert driver.execute_script("Date.now = () => 5; return Date.now()") == 5
