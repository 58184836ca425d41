from __future__ import annotations

from datetime import date, timedelta

from celeb_ops.report.shares import HEIGHT, MARGIN, WIDTH, Period, Point, points, sparkline

FIRST = date(2026, 11, 2)


def over(*weeks: tuple[int, int], broken: int = -1) -> list[Point]:
    """A person's weeks: captures that show them, of those seen."""
    periods = [
        Period(FIRST + timedelta(weeks=at), seen, "recognizer" if at == broken else "")
        for at, (_, seen) in enumerate(weeks)
    ]
    return list(points(periods, {one.first: shown for one, (shown, _) in zip(periods, weeks, strict=True)}))


def test_a_line_ends_where_nothing_was_seen_and_where_counting_changed() -> None:
    assert [one.line for one in over(*[(0, n) for n in (4, 4, 0, 0, 4, 4, 4)], broken=5)] == [0, 0, 1, 1, 2, 3, 3]


def test_it_is_drawn_from_edge_to_edge_with_the_peak_at_the_top() -> None:
    line = sparkline(over((0, 4), (4, 4), (2, 4)), "week")
    assert line.lines == (f"{MARGIN}.0,{HEIGHT - MARGIN}.0 {WIDTH / 2},{MARGIN}.0 {WIDTH - MARGIN}.0,{HEIGHT / 2}",)
    assert line.dots == line.breaks == ()
    assert line.words == (
        "Share of seen captures by week: 50 % in the latest week with a seen capture, "
        "at most 100 % in the week of 9 Nov 2026."
    )


def test_gaps_and_breaks_are_drawn_and_told() -> None:
    line = sparkline(over((1, 4), (0, 0), (1, 4), (4, 4), broken=3), "week")
    assert line.lines == ()
    assert len(line.dots) == 3
    assert len(line.breaks) == 1
    assert line.words.endswith(" Nothing was seen in 1 week. The counting changed once.")


def test_a_share_is_of_the_captures_of_its_own_period() -> None:
    assert "100 % in the latest week" in sparkline(over((5, 10), (1, 1)), "week").words


def test_of_nothing_it_is_nothing() -> None:
    for none in ([], over((0, 0), (0, 0))):
        line = sparkline(none, "week")
        assert (line.lines, line.dots, line.words) == ((), (), "Nothing was seen in this time.")
