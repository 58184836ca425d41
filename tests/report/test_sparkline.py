from __future__ import annotations

from datetime import date, timedelta

from celeb_ops.report.sparkline import HEIGHT, MARGIN, WIDTH, Period, runs, sparkline

FIRST = date(2026, 11, 2)


def periods(*seen: int, broken: int = -1) -> list[Period]:
    return [
        Period(FIRST + timedelta(weeks=at), n, "recognizer: 1 → 2" if at == broken else "") for at, n in enumerate(seen)
    ]


def captures(*counts: int) -> dict[date, int]:
    return {FIRST + timedelta(weeks=at): n for at, n in enumerate(counts)}


def test_a_line_ends_where_nothing_was_seen_and_where_counting_changed() -> None:
    assert runs(periods(4, 4, 0, 4, 4, 4, broken=4)) == [0, 0, -1, 1, 2, 2]
    assert runs(periods(0, 0)) == [-1, -1]
    assert runs(periods(4, 0, 4, broken=1)) == [0, -1, 1]


def test_it_is_drawn_from_edge_to_edge_with_the_peak_at_the_top() -> None:
    line = sparkline(periods(4, 4, 4), captures(0, 4, 2), "week")
    assert line.lines == (f"{MARGIN}.0,{HEIGHT - MARGIN}.0 {WIDTH / 2},{MARGIN}.0 {WIDTH - MARGIN}.0,{HEIGHT / 2}",)
    assert line.dots == line.breaks == ()
    assert line.words == "Share by week: 50 % in the latest so far, at most 100 % (week of 9 Nov 2026)."


def test_gaps_and_breaks_are_drawn_and_told() -> None:
    line = sparkline(periods(4, 0, 4, 4, broken=3), captures(1, 0, 1, 4), "week")
    assert line.lines == ()
    assert len(line.dots) == 3
    assert len(line.breaks) == 1
    assert "; nothing was seen in 1 of 4 weeks; the way of counting changed once." in line.words


def test_a_share_is_of_the_captures_of_its_own_period() -> None:
    line = sparkline(periods(10, 1), captures(5, 1), "week")
    assert "100 % in the latest" in line.words


def test_of_nothing_it_is_nothing() -> None:
    for none in ([], periods(0, 0)):
        line = sparkline(none, {}, "week")
        assert (line.lines, line.dots, line.words) == ((), (), "Nothing was seen.")
