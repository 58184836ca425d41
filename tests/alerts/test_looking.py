from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from celeb_ops import keys
from celeb_ops.alerts import looking
from celeb_ops.alerts.looking import Found, Merge, look, look_at_rows
from celeb_ops.alerts.streaks import Streak
from celeb_ops.dataset.tables import update_captures
from celeb_ops.records import Outcome
from celeb_ops.sites import Site as ListedSite
from tests.alerts.test_streaks import HALF_DAY, captured

if TYPE_CHECKING:
    from datetime import timedelta

    from celeb_ops.store import FolderStore, Store

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
LISTED = [
    ListedSite(url="https://perezhilton.com/", name="PEREZHILTON", optional=True),
    ListedSite(url="https://people.com/", name="PEOPLE"),
    ListedSite(url="https://www.tmz.com/", name="TMZ"),
]


def word(store: Store, site: str, reason: str, outcome: str = "failed") -> None:
    """What a site's step leaves when it does not come to its end."""
    given = {"site": site, "time": NOW, "outcome": outcome, "task": "screenshot", "reason": reason}
    Outcome.model_validate(given).save(store, keys.outcome(keys.stem(site, NOW)))


def told(store: Store, merge: Merge) -> Found:
    return look(store, LISTED, NOW, merge, after=3, now=NOW)


def reasons(found: Found) -> dict[str, str]:
    return {site.name: site.reason for site in found.sites}


def done(*failed: str) -> Merge:
    """A merge that has come to its end, and counts these as failed."""
    return Merge("success", failed=failed)


class TestARunWhoseMergeCameToItsEnd:
    def test_those_that_it_counts_have_failed_the_required_first(self, folder_store: FolderStore) -> None:
        for site in ("PEREZHILTON", "TMZ"):
            captured(folder_store, NOW, "failed", site)
            word(folder_store, site, "Gone.")
        captured(folder_store, NOW, "seen", "PEOPLE")
        found = told(folder_store, done("PEREZHILTON", "TMZ"))
        assert [(site.name, site.optional, site.red) for site in found.sites] == [
            ("TMZ", False, True),
            ("PEREZHILTON", True, True),
        ]
        assert (found.of, found.whole, found.unread) == (3, True, 0)

    def test_one_that_was_seen_before_it_was_done_anew_is_among_them(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "seen")
        word(folder_store, "TMZ", "It asks who I am.")
        found = told(folder_store, done("TMZ"))
        assert reasons(found) == {"TMZ": "It asks who I am."}
        assert found.sites[0].red

    def test_so_is_one_whose_steps_are_green_and_left_nothing_to_merge(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        captured(folder_store, NOW, "seen", "PEOPLE")
        found = told(folder_store, done("PEOPLE", "TMZ"))
        assert reasons(found) == {"PEOPLE": "Merge counts it as failed; its log says why.", "TMZ": "Gone."}
        assert [site.red for site in found.sites] == [False, False]

    def test_a_word_of_this_try_goes_before_a_row_of_an_earlier_one(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        word(folder_store, "TMZ", "It asks who I am.")
        assert reasons(told(folder_store, done("TMZ"))) == {"TMZ": "It asks who I am."}

    def test_one_that_is_mended_is_none(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        assert reasons(told(folder_store, done())) == {}

    def test_a_step_that_was_killed_is_red_and_left_no_word(self, folder_store: FolderStore) -> None:
        given = {"site": "TMZ", "time": NOW, "outcome": "failed", "task": "slice", "source": "live"}
        killed = Outcome.model_validate(given | {"reason": "The task ended.", "reason_code": "killed"})
        update_captures(folder_store, NOW, [], [killed])
        assert [site.red for site in told(folder_store, done("TMZ")).sites] == [True]

    def test_where_it_does_not_tell_whom_it_counts_rows_and_words_do(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed")
        word(folder_store, "PEOPLE", "It asks who I am.")
        found = told(folder_store, Merge("success"))
        assert reasons(found) == {"TMZ": "Gone.", "PEOPLE": "It asks who I am."}

    def test_of_those_that_are_too_many_to_ask_each_is_taken_for_red(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looking, "_OUTCOMES_READ", 1)
        for site in ("PEOPLE", "TMZ"):
            captured(folder_store, NOW, "failed", site)
            word(folder_store, site, "Gone.")
        assert [site.red for site in told(folder_store, done("PEOPLE", "TMZ")).sites] == [True, True]


class TestARunWhoseMergeDidNot:
    @pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", None])
    def test_only_the_steps_own_words_count(self, state: str | None, folder_store: FolderStore) -> None:
        # Of an earlier try, when it did.
        captured(folder_store, NOW, "failed", "PEOPLE")
        word(folder_store, "TMZ", "Gone.")
        word(folder_store, "PEREZHILTON", "No copy.", "skipped")
        found = told(folder_store, Merge(state))
        assert reasons(found) == {"TMZ": "Gone."}
        assert (found.of, found.whole, found.unread) == (3, False, 0)

    def test_of_many_some_are_looked_at_those_first_that_must_not_fail(
        self, folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looking, "_OUTCOMES_READ", 2)
        for site in LISTED:
            word(folder_store, site.name, "Gone.")
        found = told(folder_store, Merge("failed"))
        assert list(reasons(found)) == ["PEOPLE", "TMZ"]
        assert (found.of, found.unread) == (3, 1)

    def test_where_nothing_is_known_of_it_rows_count_too(self, folder_store: FolderStore) -> None:
        captured(folder_store, NOW, "failed", "PEOPLE")
        word(folder_store, "TMZ", "Gone.")
        found = told(folder_store, Merge(known=False))
        assert list(reasons(found)) == ["PEOPLE", "TMZ"]
        assert not found.whole


@pytest.mark.parametrize(("age", "news"), [(HALF_DAY, ["TMZ"]), (3 * HALF_DAY, None)])
def test_of_an_old_run_nothing_is_news(age: timedelta, news: list[str] | None, folder_store: FolderStore) -> None:
    for back in range(3):
        captured(folder_store, NOW - back * HALF_DAY, "failed")
    found = look(folder_store, LISTED, NOW, done("TMZ"), after=3, now=NOW + age)
    assert [site.streak for site in found.sites] == [Streak(3, NOW - 2 * HALF_DAY)]
    assert (found.news and list(found.news.failing)) == news


def test_a_green_run_is_known_by_its_rows_alone(folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    captured(folder_store, NOW, "failed", "PEREZHILTON")
    captured(folder_store, NOW, "seen")
    read = []
    monkeypatch.setattr(
        folder_store, "read", lambda key: (read.append(key), type(folder_store).read(folder_store, key))[1]
    )
    found = look_at_rows(folder_store, LISTED, NOW, after=3)
    assert [(site.name, site.reason, site.optional) for site in found.sites] == [("PEREZHILTON", "Gone.", True)]
    assert not [key for key in read if key.startswith("Outcomes/")]
