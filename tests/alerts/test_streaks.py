from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from celeb_ops import keys
from celeb_ops.alerts.streaks import MONTHS, NEWS_SHOWN, News, Streak, Told, ToldSites, news, streaks
from celeb_ops.dataset.tables import update_captures
from celeb_ops.records import Outcome
from tests.factories import a_result

if TYPE_CHECKING:
    from celeb_ops.store import FolderStore, Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
HALF_DAY = timedelta(hours=12)


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


class TestStreaks:
    def test_counts_the_failures_since_a_site_was_seen(self, folder_store: FolderStore) -> None:
        history(folder_store, "failed", "seen", "failed", "failed", "failed")
        history(folder_store, "failed", "failed", "seen", site="PEOPLE")
        found, seen = streaks(folder_store, NOW)
        assert found == {"TMZ": Streak(3, NOW - 2 * HALF_DAY)}
        assert seen == {"PEOPLE"}

    def test_goes_on_over_the_turn_of_a_month(self, folder_store: FolderStore) -> None:
        history(folder_store, "seen", *["failed"] * 9)
        assert streaks(folder_store, NOW)[0] == {"TMZ": Streak(9, NOW - 8 * HALF_DAY)}
        assert len(list(folder_store.list("Captures/"))) == 2

    def test_a_skip_neither_counts_nor_ends_it(self, folder_store: FolderStore) -> None:
        history(folder_store, "seen", "failed", "skipped", "failed")
        assert streaks(folder_store, NOW)[0]["TMZ"].times == 2

    @pytest.mark.parametrize("outcome", ["seen", "failed"])
    def test_what_a_backfill_brings_changes_nothing(self, outcome: str, folder_store: FolderStore) -> None:
        history(folder_store, "seen", "failed", "failed")
        captured(folder_store, NOW - HALF_DAY / 2, outcome, source="archive")
        assert streaks(folder_store, NOW)[0]["TMZ"].times == 2

    def test_later_runs_are_none_of_an_older_one_s(self, folder_store: FolderStore) -> None:
        history(folder_store, "failed", "failed", "seen")
        assert streaks(folder_store, NOW - HALF_DAY)[0]["TMZ"].times == 2

    def test_no_more_than_some_months_are_read(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for months in range(8):
            captured(folder_store, NOW - months * timedelta(days=30), "failed")
        read = []
        monkeypatch.setattr(
            folder_store, "read", lambda key: (read.append(key), type(folder_store).read(folder_store, key))[1]
        )
        assert streaks(folder_store, NOW)[0]["TMZ"].times == MONTHS
        assert read == ["Captures/2026-11.parquet", "Captures/2026-10.parquet", "Captures/2026-09.parquet"]

    def test_an_empty_store_has_none(self, folder_store: FolderStore) -> None:
        assert streaks(folder_store, NOW) == ({}, set())


class TestNews:
    def told_over(self, store: FolderStore, outcomes: list[str], after: int = 3) -> list[str]:
        """What people hear at each of the runs: ``3`` a streak of three, ``back`` that it was seen again."""
        told, heard = ToldSites(), []
        for number, outcome in enumerate(outcomes):
            when = NOW + number * HALF_DAY
            captured(store, when, outcome)
            done = news(*streaks(store, when), told, when, after)
            told = done.applied(told)
            heard.append("back" if done.back else str(done.failing["TMZ"].times) if done.failing else "")
        return heard

    def test_a_streak_is_told_when_it_is_long_enough_and_whenever_it_has_doubled(
        self, folder_store: FolderStore
    ) -> None:
        heard = self.told_over(folder_store, ["failed"] * 13)
        assert [number for number, word in enumerate(heard, start=1) if word] == [3, 6, 12]

    def test_that_a_site_is_back_is_told_once_and_only_of_one_that_was_told_of(self, folder_store: FolderStore) -> None:
        bad, good = "failed", "seen"
        heard = self.told_over(folder_store, [bad, bad, good, bad, bad, bad, "skipped", bad, good, good, bad, bad, bad])
        assert heard == ["", "", "", "", "", "3", "", "", "back", "", "", "", "3"]

    def test_from_the_first_failure_if_that_is_wanted(self, folder_store: FolderStore) -> None:
        assert self.told_over(folder_store, ["failed"] * 4, after=1) == ["1", "2", "", "4"]

    def test_a_run_that_is_done_again_tells_nothing_again(self, folder_store: FolderStore) -> None:
        history(folder_store, "failed", "failed", "failed")
        told = news(*streaks(folder_store, NOW), ToldSites(), NOW, 3).applied(ToldSites())
        assert not news(*streaks(folder_store, NOW), told, NOW, 3).anything

    def test_an_older_run_that_is_seen_now_does_not_bring_a_site_back(self, folder_store: FolderStore) -> None:
        history(folder_store, "seen", "failed", "failed", "failed")
        told = news(*streaks(folder_store, NOW), ToldSites(), NOW, 3).applied(ToldSites())
        before = NOW - 3 * HALF_DAY
        done = news(*streaks(folder_store, before), told, before, 3)
        assert not done.anything
        assert done.applied(told) == told

    def test_a_streak_that_begins_after_what_was_told_is_another_one(self) -> None:
        told = ToldSites(sites={"TMZ": Told(times=12, until=NOW - 9 * HALF_DAY)})
        done = news({"TMZ": Streak(3, NOW - 2 * HALF_DAY)}, set(), told, NOW, 3)
        assert done.failing == {"TMZ": Streak(3, NOW - 2 * HALF_DAY)}

    @pytest.mark.parametrize("content", [b"{", b"[]", b'{"sites": {"TMZ": 3}}'])
    def test_a_damaged_record_is_as_none(self, content: bytes, folder_store: FolderStore) -> None:
        folder_store.write(keys.ALERTS, content)
        assert ToldSites.of(folder_store) == ToldSites()

    def test_the_record_goes_through_the_store(self, store: Store) -> None:
        told = ToldSites(sites={"TMZ": Told(times=3, until=NOW)})
        told.save(store, keys.ALERTS)
        assert ToldSites.of(store) == told
        assert b'"2026-11-02T08:00:00Z"' in store.read(keys.ALERTS)


class TestKeeping:
    LONG = Streak(3, NOW - 2 * HALF_DAY)

    def kept(self, store: FolderStore, sites: dict[str, Told]) -> None:
        ToldSites(sites=sites).save(store, keys.ALERTS)

    def test_what_other_runs_keep_meanwhile_stays(self, folder_store: FolderStore) -> None:
        self.kept(folder_store, {"TMZ": Told(times=3, until=NOW - HALF_DAY)})
        found = news({"PEOPLE": self.LONG}, {"TMZ"}, ToldSites.of(folder_store), NOW, 3)
        # Another run's message goes out while this one's does.
        self.kept(folder_store, {**ToldSites.of(folder_store).sites, "PEREZHILTON": Told(times=6, until=NOW)})
        found.keep(folder_store)
        assert ToldSites.of(folder_store).sites == {
            "PEOPLE": Told(times=3, until=NOW),
            "PEREZHILTON": Told(times=6, until=NOW),
        }

    def test_so_does_what_was_told_of_a_later_run(self, folder_store: FolderStore) -> None:
        later = {name: Told(times=6, until=NOW + HALF_DAY) for name in ("TMZ", "PEOPLE")}
        self.kept(folder_store, later)
        back = {"PEOPLE": Told(times=3, until=NOW - HALF_DAY)}
        News({"TMZ": self.LONG}, back, NOW).keep(folder_store)
        assert ToldSites.of(folder_store).sites == later

    def test_where_nothing_or_no_record_is_kept_it_is_the_first(self, folder_store: FolderStore) -> None:
        for content in (None, b"{"):
            if content:
                folder_store.write(keys.ALERTS, content)
            News({"TMZ": self.LONG}, {}, NOW).keep(folder_store)
            assert ToldSites.of(folder_store).sites == {"TMZ": Told(times=3, until=NOW)}

    def test_only_what_a_message_shows_counts_as_told(self) -> None:
        names = [f"S{number:02}" for number in range(NEWS_SHOWN + 5)]
        back = {name: Told(times=3, until=NOW - HALF_DAY) for name in (f"B{name}" for name in names)}
        shown = News(dict.fromkeys(names, self.LONG), back, NOW).first()
        assert (len(shown.failing), len(shown.back), shown.left_out) == (NEWS_SHOWN, NEWS_SHOWN, 5)
        told = shown.applied(ToldSites(sites=back))
        assert sorted(told.sites) == [*list(back)[NEWS_SHOWN:], *names[:NEWS_SHOWN]]
        # The others are told of at the next run.
        rest = news(dict.fromkeys(names, Streak(4, self.LONG.since)), set(back), told, NOW + HALF_DAY, 3)
        assert list(rest.failing) == names[NEWS_SHOWN:]
        assert list(rest.back) == list(back)[NEWS_SHOWN:]
