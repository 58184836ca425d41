"""Which page a run sees: every rule, and what never happens whatever was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.capture.page_source import GONE, PageSource, RunOptions, StoredState, choose_source, is_live
from celeb_ops.core.exceptions import ReasonCode
from celeb_ops.core.settings import Settings

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = NOW - 24 * HOUR
PLAIN, SKIP = RunOptions(), RunOptions(on_past="skip")
AGAIN, ANEW = RunOptions(recapture=True), RunOptions(rerecognise=True)
BOTH = RunOptions(recapture=True, rerecognise=True)
SETTINGS = Settings()


def what(
    when: datetime, wishes: RunOptions = PLAIN, stored: StoredState = "none", settings: Settings = SETTINGS
) -> str:
    return choose_source(when, NOW, wishes, settings, stored).what


@pytest.mark.parametrize("when", [NOW, LONG_AGO, NOW + 24 * HOUR])
def test_what_is_stored_is_used_again_unless_it_is_to_be_captured_anew(when: datetime) -> None:
    for wishes in (PLAIN, SKIP, ANEW):
        assert choose_source(when, NOW, wishes, SETTINGS, stored="whole") == PageSource("stored")
    for wishes in (AGAIN, BOTH):
        assert what(when, wishes, stored="whole") == {NOW: "live", LONG_AGO: "archive"}.get(when, "nothing")


@pytest.mark.parametrize("wishes", [PLAIN, SKIP, AGAIN, ANEW, BOTH])
def test_what_was_recognised_stays_when_its_pictures_are_gone(wishes: RunOptions) -> None:
    gone = PageSource("nothing", GONE, ReasonCode.PICTURES_GONE)
    assert choose_source(NOW, NOW, wishes, SETTINGS, stored="recognised") == PageSource("live")
    then = choose_source(LONG_AGO, NOW, wishes, SETTINGS, stored="recognised")
    assert then == (PageSource("archive") if wishes.recapture else gone)


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_live_page_stands_for_the_hours_around_it(sign: int) -> None:
    second = timedelta(seconds=1)
    for wishes in (PLAIN, SKIP, AGAIN, ANEW):
        assert what(NOW + sign * 3 * HOUR, wishes) == "live"
        assert what(NOW + sign * (3 * HOUR + second), wishes) != "live"
    wider = Settings(live_window_h=5)
    assert what(NOW + sign * 5 * HOUR, settings=wider) == "live"
    assert is_live(NOW + sign * 5 * HOUR, NOW, wider)
    assert not is_live(NOW + sign * 5 * HOUR, NOW, SETTINGS)


@pytest.mark.parametrize(
    ("when", "wishes", "why"),
    [
        (LONG_AGO, SKIP, "the archive is not asked (on_past: skip)."),
        (LONG_AGO, ANEW, "no screenshot is stored to recognise again, and rerecognise does not ask the archive."),
        (LONG_AGO, RunOptions(on_past="skip", recapture=True), "the archive is not asked (on_past: skip)."),
        (NOW + 24 * HOUR, PLAIN, "the run time is in the future."),
        (NOW + 24 * HOUR, BOTH, "the run time is in the future."),
    ],
)
def test_where_no_page_is_seen_a_sentence_says_why(when: datetime, wishes: RunOptions, why: str) -> None:
    seen = choose_source(when, NOW, wishes, SETTINGS, stored="none")
    assert seen.what == "nothing"
    assert seen.why == (
        f"The run time {when:%Y-%m-%dT%H:%M:%SZ} is more than 3 h from now: today's page is not from then, and {why}"
    )


@pytest.mark.parametrize(
    ("params", "wishes"),
    [
        (None, PLAIN),
        ({}, PLAIN),
        ({"sites": ["TMZ"], "on_past": "archive", "recapture": False, "rerecognise": False}, PLAIN),
        ({"on_past": "skip"}, SKIP),
        ({"recapture": True}, AGAIN),
        ({"rerecognise": True, "recapture": True}, BOTH),
        # As forms and old runs have them.
        ({"on_past": None, "recapture": None, "rerecognise": None}, PLAIN),
    ],
)
def test_wishes_are_a_runs_params(params: dict[str, object] | None, wishes: RunOptions) -> None:
    assert RunOptions.of(params) == wishes


times = st.timedeltas(min_value=timedelta(days=-4_000), max_value=timedelta(days=400)).map(lambda away: NOW + away)
near = st.timedeltas(min_value=-6 * HOUR, max_value=6 * HOUR).map(lambda away: NOW + away)
wished = st.builds(RunOptions, st.sampled_from(["archive", "skip"]), st.booleans(), st.booleans())
kept = st.sampled_from(["whole", "recognised", "none"])


@given(when=times | near, wishes=wished, stored=kept, window_h=st.floats(0.1, 48), later=st.timedeltas(
    min_value=timedelta(0), max_value=timedelta(days=4_000)
))  # fmt: skip
def test_time_never_lies(
    when: datetime, wishes: RunOptions, stored: StoredState, window_h: float, later: timedelta
) -> None:
    settings = Settings(live_window_h=window_h)
    seen = choose_source(when, NOW, wishes, settings, stored)
    within = abs(when - NOW) <= timedelta(hours=window_h)
    assert (seen.what != "live") or within
    assert (seen.what != "archive") or (when < NOW and not within and wishes.on_past == "archive")
    assert (seen.what != "stored") or (stored == "whole" and not wishes.recapture)
    # What is known is never replaced by itself.
    assert (seen.what != "archive") or (stored == "none" or wishes.recapture)
    assert bool(seen.why) == (seen.what == "nothing")
    # The same run done again later says the same, unless its time came meanwhile.
    if seen.what == "nothing" and when < NOW:
        assert choose_source(when, NOW + later, wishes, settings, stored) == seen
