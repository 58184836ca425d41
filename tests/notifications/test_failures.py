from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.core.records import Outcome
from celeb_ops.core.sites import Site
from celeb_ops.dataset.tables import update_captures
from celeb_ops.notifications import failures
from celeb_ops.notifications.failures import SiteReport, site_report, streaks
from tests.factories import a_result

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore, Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
HALF_DAY = timedelta(hours=12)
LISTED = [
    Site(url="https://perezhilton.com/", name="PEREZHILTON", optional=True),
    Site(url="https://people.com/", name="PEOPLE"),
    Site(url="https://www.tmz.com/", name="TMZ"),
]


def captured(store: Store, when: datetime, outcome: str, site: str = "TMZ", source: str | None = "live") -> None:
    """A row of ``Captures``."""
    if outcome == "seen":
        update_captures(store, when, [a_result(site, time=when, source=source)], [])
        return
    given = {"site": site, "time": when, "outcome": outcome, "task": "screenshot", "reason": "Gone.", "source": source}
    update_captures(store, when, [], [Outcome.model_validate(given)])


def history(store: Store, *outcomes: str, site: str = "TMZ") -> None:
    """Rows of a site, twice a day, the last one at NOW."""
    for back, outcome in enumerate(reversed(outcomes)):
        captured(store, NOW - back * HALF_DAY, outcome, site)


def word(store: Store, site: str, reason: str, outcome: str = "failed") -> None:
    """What a site's step leaves when it does not come to its end."""
    given = {"site": site, "time": NOW, "outcome": outcome, "task": "screenshot", "reason": reason}
    Outcome.model_validate(given).save(store, keys.outcome(keys.stem(site, NOW)))


def found(store: Store, failed: list[str] | None, after: int = 3) -> SiteReport:
    return site_report(store, LISTED, NOW, failed, after, NOW)


def reasons(found: SiteReport) -> dict[str, str]:
    return {site.name: site.reason for site in found.failed}


@pytest.mark.parametrize(
    ("outcomes", "failing", "ended"),
    [
        ("failed seen failed failed failed", {"TMZ": 3}, {}),
        ("failed failed seen", {}, {"TMZ": 2}),
        ("seen failed skipped failed", {"TMZ": 2}, {}),
        ("failed failed skipped", {}, {}),
        # Over the turn of a month.
        ("seen failed failed failed failed failed failed failed failed failed", {"TMZ": 9}, {}),
    ],
)
def test_failures_in_a_row_are_counted_until_a_site_is_seen(
    outcomes: str, failing: dict[str, int], ended: dict[str, int], store: Store
) -> None:
    history(store, *outcomes.split())
    captured(store, NOW + HALF_DAY, "seen")
    # A backfill changes nothing.
    captured(store, NOW - HALF_DAY / 2, "seen", source="archive")
    captured(store, NOW - HALF_DAY / 3, "failed", source="archive")
    assert streaks(store, NOW) == (failing, ended)


def test_no_more_than_some_months_are_read(folder_store: FolderStore) -> None:
    for months in range(8):
        captured(folder_store, NOW - months * timedelta(days=30), "failed")
    assert streaks(folder_store, NOW) == ({"TMZ": failures.MONTHS}, {})


class TestNews:
    def heard(self, store: FolderStore, outcomes: list[str], after: int = 3) -> list[str]:
        """What is news at each of the runs: ``3`` a streak of three, ``back 3`` its end."""
        heard = []
        for number, outcome in enumerate(outcomes):
            when = NOW + number * HALF_DAY
            captured(store, when, outcome)
            now = site_report(store, LISTED, when, ["TMZ"] if outcome == "failed" else [], after, when)
            news = [str(site.streak) for site in now.failed if site.is_news]
            heard.append("".join([*news, *(f"back {times}" for times in now.recovered.values())]))
        return heard

    def test_is_a_streak_that_is_long_enough_and_each_doubling(self, folder_store: FolderStore) -> None:
        heard = self.heard(folder_store, ["failed"] * 13)
        assert [number for number, word in enumerate(heard, start=1) if word] == [3, 6, 12]

    def test_is_the_end_of_one_that_was_long_enough(self, folder_store: FolderStore) -> None:
        bad, good = "failed", "seen"
        heard = self.heard(folder_store, [bad, bad, good, bad, bad, bad, "skipped", bad, good, good, bad, bad, bad])
        assert heard == ["", "", "", "", "", "3", "", "", "back 4", "", "", "", "3"]

    def test_is_the_first_failure_where_that_is_wanted(self, folder_store: FolderStore) -> None:
        assert self.heard(folder_store, ["failed"] * 4, after=1) == ["1", "2", "", "4"]

    def test_is_not_what_an_old_run_says_that_is_done_again(self, folder_store: FolderStore) -> None:
        history(folder_store, "failed", "failed", "failed")
        history(folder_store, "failed", "failed", "failed", "seen", site="PEOPLE")
        told = site_report(folder_store, LISTED, NOW, ["TMZ"], 3, NOW + timedelta(days=2))
        assert ([site.is_news for site in told.failed], told.recovered) == ([False], {})

    def test_comes_first_then_what_must_not_fail(self, folder_store: FolderStore) -> None:
        history(folder_store, "failed", "failed", "failed", site="PEREZHILTON")
        for site in ("PEOPLE", "TMZ"):
            captured(folder_store, NOW, "failed", site)
        assert list(reasons(found(folder_store, ["TMZ", "PEREZHILTON", "PEOPLE"]))) == ["PEREZHILTON", "PEOPLE", "TMZ"]


class TestARunWhoseMergeCameToItsEnd:
    def test_a_word_of_this_try_goes_before_a_row_of_an_earlier_one(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        captured(folder_store, NOW, "failed", "PEREZHILTON")
        word(folder_store, "TMZ", "It asks who I am.")
        told = found(folder_store, ["PEREZHILTON", "TMZ"])
        assert reasons(told) == {"TMZ": "It asks who I am.", "PEREZHILTON": "Gone."}
        assert [site.optional for site in told.failed] == [False, True]
        assert told.is_complete

    def test_one_that_was_seen_before_and_left_nothing_to_merge_is_named(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "seen")
        assert reasons(found(folder_store, ["TMZ"])) == {"TMZ": "See the merge task's log."}

    def test_one_that_is_mended_is_not(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        assert reasons(found(folder_store, [])) == {}


class TestARunWhoseMergeDidNot:
    def test_only_the_steps_own_words_count(self, folder_store: FolderStore) -> None:
        # Of an earlier try, when it did.
        captured(folder_store, NOW, "failed", "PEOPLE")
        word(folder_store, "TMZ", "Gone.")
        word(folder_store, "PEREZHILTON", "No copy.", "skipped")
        told = found(folder_store, None)
        assert (reasons(told), told.is_complete) == ({"TMZ": "Gone."}, False)

    def test_of_many_some_are_looked_at_those_first_that_must_not_fail(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(failures, "OUTCOMES_READ", 2)
        for site in LISTED:
            word(folder_store, site.name, "Gone.")
        assert list(reasons(found(folder_store, None))) == ["PEOPLE", "TMZ"]
