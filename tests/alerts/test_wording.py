from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from celeb_ops.alerts.looking import Found, Site
from celeb_ops.alerts.run import Run
from celeb_ops.alerts.streaks import NEWS_SHOWN, News, Streak, Told
from celeb_ops.alerts.wording import failed_message, news_message
from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.alerts.message import Message

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
RUN = Run("trending_celebrities", "scheduled__x", "scheduled", NOW, place="The run: https://airflow.example.com/x")
OFTEN = Streak(12, NOW - timedelta(days=6))
BACK = Told(times=12, until=NOW)
LONG = [f"{number:02}{'N' * 62}" for number in range(NEWS_SHOWN)]
"""Names as long as a site's may be."""


def failed(found: Found, tasks: Sequence[str] = (), reason: str = "task_failure") -> Message:
    return failed_message(RUN, found, tasks, reason, Settings.load())


class TestHowMany:
    def test_of_all(self) -> None:
        text = failed(Found([Site("TMZ", "Gone.")], of=1_000)).text
        assert "1 of 1,000 sites failed:\n- TMZ: Gone." in text

    def test_no_more_is_said_than_is_known(self) -> None:
        text = failed(Found([Site("TMZ", "Gone.")], of=1_000, whole=False, unread=950), ["merge"]).text
        assert "At least 1 of 1,000 sites failed (merge has not counted them; 950 others were not looked at):" in text
        text = failed(Found([Site("TMZ", "Gone.")], of=3, whole=False), ["merge"]).text
        assert "At least 1 of 3 sites failed (merge has not counted them):" in text


class TestWhatToDo:
    RED = "select the red task of the site"
    LOST = "select the site's rekognize"

    def test_where_a_step_is_red_it_is_cleared(self) -> None:
        text = failed(Found([Site("TMZ", "Gone.")], of=3)).text
        assert self.RED in text
        assert "Until 2026-11-02 11:00 UTC its page is photographed anew" in text
        assert self.LOST not in text

    def test_where_none_is_it_is_said_which_to_clear(self) -> None:
        text = failed(Found([Site("TMZ", "Damaged.", red=False)], of=3)).text
        assert "What to do: of TMZ no task is red, but merge could not use what they left. Open the run, " in text
        assert self.LOST in text
        assert self.RED not in text

    def test_or_both(self) -> None:
        text = failed(Found([Site("PEOPLE", "Gone."), Site("TMZ", "Damaged.", red=False)], of=3)).text
        assert text.index(self.RED) < text.index("Of TMZ no task is red") < text.index(self.LOST)

    def test_or_another_task_is_to_be_mended(self) -> None:
        text = failed(Found([Site("TMZ", "Gone.")], of=3), ["merge"]).text
        assert "open the run and the log of the red task, mend what it says" in text
        assert self.RED not in text


class TestNews:
    def test_a_failed_run_s_message_has_them_however_many_failed(self) -> None:
        required = [Site(f"S{number}", "x" * 400) for number in range(25)]
        streak = Streak(3, NOW - timedelta(days=1))
        found = Found([*required, Site("PEREZHILTON", "Gone.", True, streak)], 30)
        message = failed(Found(found.sites, 30, news=News({"PEREZHILTON": streak}, {"PEOPLE": BACK}, NOW)))
        for text in (message.text, message.slack):
            assert (
                "These sites fail again and again:\n"
                "- PEREZHILTON (optional) (3 times in a row, since 2026-11-01 08:00 UTC): Gone.\n\n"
                "These sites can be seen again:\n- PEOPLE, after 12 or more failures in a row" in text
            )

    def test_those_that_are_kept_as_told_are_in_slack_too(self) -> None:
        sites = [Site(name, "y" * 5_000, True, OFTEN) for name in LONG]
        many = [f"B{name[:-1]}" for name in LONG]
        news = News(dict.fromkeys(LONG, OFTEN), dict.fromkeys(many, BACK), NOW, left_out=7)
        found = Found(sites, 1_000, news=news)
        for message in (failed(found, reason="all_tasks_deadlocked"), news_message(RUN, found, news)):
            assert [name for name in (*LONG, *many) if f"- {name}" not in message.slack] == []
            assert "- and 7 more, of which the next runs tell." in message.slack

    def test_of_a_site_that_has_no_row_it_is_said_all_the_same(self) -> None:
        message = news_message(RUN, Found(of=3), News({"TMZ": OFTEN}, {}, NOW))
        assert "- TMZ (12 times in a row, since 2026-10-27 08:00 UTC): Its page was not seen." in message.text
