"""Where a page is cut: for any page and any pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Slice, Span, stack_layout
from celeb_ops.slicing.layout import (
    BEYOND,
    LEFT_OUT,
    LONG_SIDE_PX,
    MIN_SIDE_PX,
    MOST_AREAS,
    OVERLAP_PX,
    Layout,
    bands_of,
    largest,
    lay_out,
    spans,
    useful_areas,
)

WIDTHS = st.integers(80, 3_840)
HEIGHTS = st.one_of(st.integers(1, 3_000), st.integers(1, 100_000))
BOXES = st.lists(
    st.builds(
        Box,
        st.integers(-50, 3_840),
        st.one_of(st.integers(-50, 6_000), st.integers(-50, 100_000)),
        st.integers(0, 3_000),
        st.one_of(st.integers(0, 700), st.integers(0, 9_000)),
    ),
    max_size=30,
)


def slices_of(layouts: list[Layout]) -> list[Slice]:
    return [Slice(key="", bands=list(one.bands), columns=columns) for one in layouts for columns in one.columns]


@given(WIDTHS, HEIGHTS, BOXES)
def test_every_row_is_in_a_slice_or_left_out_with_a_reason(width: int, height: int, boxes: list[Box]) -> None:
    layouts, left_out = lay_out(width, height, boxes)
    spans = sorted({band for one in layouts for band in one.bands} | {left.rows for left in left_out})
    at = 0
    for span in spans:
        assert span.start <= at
        at = max(at, span.stop)
    assert at == height
    assert all(left.reason for left in left_out)


@given(WIDTHS, HEIGHTS, BOXES)
def test_every_picture_is_whole_in_a_slice_as_far_as_it_fits(width: int, height: int, boxes: list[Box]) -> None:
    layouts, left_out = lay_out(width, height, boxes)
    slices = slices_of(layouts)
    for box in useful_areas(boxes, width, height):
        assert not any(left.rows.start < box.bottom and box.top < left.rows.stop for left in left_out)
        if box.height <= LONG_SIDE_PX and box.width <= LONG_SIDE_PX:
            assert any((box.width, box.height) == part[2:] for one in slices for part in one.parts_of(box)), box


@given(WIDTHS, HEIGHTS, BOXES, st.data())
def test_a_face_on_a_picture_taller_than_a_slice_is_whole_in_one(
    width: int, height: int, boxes: list[Box], data: st.DataObject
) -> None:
    slices = slices_of(lay_out(width, height, boxes)[0])
    for box in useful_areas(boxes, width, height):
        side = min(OVERLAP_PX, box.width, box.height)
        left = data.draw(st.integers(box.left, box.right - side))
        top = data.draw(st.integers(box.top, box.bottom - side))
        face = Box(left, top, side, side)
        assert any(part[2:] == (side, side) for one in slices for part in one.parts_of(face)), (box, face)


@given(WIDTHS, HEIGHTS, BOXES)
def test_slices_keep_to_the_recognisers_limits(width: int, height: int, boxes: list[Box]) -> None:
    layouts, _ = lay_out(width, height, boxes)
    assert layouts
    for one in slices_of(layouts):
        high, wide = stack_layout(one.bands)[1], one.columns.stop - one.columns.start
        assert min(height, MIN_SIDE_PX) <= high <= LONG_SIDE_PX
        assert min(width, MIN_SIDE_PX) <= wide <= LONG_SIDE_PX
        assert all(0 <= band.start < band.stop <= height for band in one.bands)
        assert 0 <= one.columns.start < one.columns.stop <= width


@given(WIDTHS, HEIGHTS, BOXES)
def test_they_go_down_the_page(width: int, height: int, boxes: list[Box]) -> None:
    layouts, _ = lay_out(width, height, boxes)
    bands = [band for one in layouts for band in one.bands]
    assert bands == sorted(bands)
    assert [band.stop for band in bands] == sorted(band.stop for band in bands)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 900)), min_size=1, max_size=40))
def test_a_cut_goes_through_a_picture_only_where_it_must(given_intervals: list[tuple[int, int]]) -> None:
    intervals = [Span(start, start + size) for start, size in given_intervals]
    bands = bands_of(intervals, 25_000)
    for line in {edge for band in bands for edge in band}:
        for one in intervals:
            if one.start < line < one.stop:
                # It is cut here because pictures beside one another leave no free line within a slice's height.
                assert any(band.start <= one.start and one.stop <= band.stop for band in bands)
                assert any(other.start < one.stop and one.start < other.stop for other in intervals if other != one)


def test_text_between_pictures_is_left_out_and_pictures_are_stacked() -> None:
    pictures = [Box(100, top, 400, 300) for top in range(0, 15_000, 1_000)]
    layouts, left_out = lay_out(1_440, 15_000, pictures)
    # The first version sent seven slices of this page.
    assert len(layouts) == 3
    assert len(left_out) == 15
    assert left_out[0] == (left_out[0].__class__)(rows=Span(316, 984), reason="no picture of 40 px or more")


def test_a_page_without_pictures_still_has_a_slice() -> None:
    layouts, left_out = lay_out(1_440, 5_000, [Box(0, 0, 39, 500)])
    assert layouts == [Layout((Span(0, LONG_SIDE_PX),), (Span(0, 1_440),))]
    assert [left.rows for left in left_out] == [(LONG_SIDE_PX, 5_000)]


class TestSlice:
    ONE = Slice(key="", bands=[Span(100, 200), Span(500, 700)], columns=Span(50, 450))

    @given(st.integers(50, 430), st.sampled_from([*range(100, 180), *range(500, 680)]))
    def test_what_is_found_on_it_is_where_it_is_on_the_page(self, left: int, top: int) -> None:
        box = Box(left, top, 20, 20)
        (part,) = self.ONE.parts_of(box)
        assert self.ONE.on_page(part) == box

    def test_what_reaches_over_a_gutter_is_in_the_band_of_its_centre(self) -> None:
        assert self.ONE.on_page(Box(0, 90, 20, 60)) == Box(50, 500, 20, 34)

    @pytest.mark.parametrize(
        ("box", "cut"),
        [
            (Box(10, 10, 20, 20), False),
            (Box(10, 0, 20, 20), True),
            (Box(10, 80, 20, 20), True),
            (Box(10, 116, 20, 20), True),
            (Box(10, 120, 20, 20), False),
            (Box(380, 150, 20, 20), True),
        ],
    )
    def test_what_touches_the_edge_of_a_band_may_go_on_beyond_it(self, box: Box, cut: bool) -> None:
        assert self.ONE.touches_edge(box) is cut


class TestAPageThatWantsTooMuch:
    THUMBNAILS = tuple(Box(left, top, 60, 60) for top in range(72, 72_072, 72) for left in range(0, 1_440, 72))
    LARGE = (Box(0, 80_000, 900, 600), Box(0, 10, 300, 50))

    def test_has_its_largest_pictures_looked_at_and_the_others_named(self) -> None:
        looked_at, beyond = largest([*self.THUMBNAILS, *self.LARGE])
        assert len(looked_at) == MOST_AREAS
        assert set(self.LARGE) < set(looked_at)
        assert len(beyond) == 20_002 - MOST_AREAS
        layouts, left_out = lay_out(1_440, 100_000, looked_at, beyond)
        reasons = [(left.rows.start < 72_072, left.reason) for left in left_out]
        assert set(reasons) == {(True, BEYOND), (False, LEFT_OUT)}
        assert len(layouts) < 10

    @pytest.mark.parametrize("width", [1_440, 7_680])
    def test_has_a_bounded_number_of_slices(self, width: int) -> None:
        # Each a little below and beside the one before: none is whole in a slice with its neighbours.
        boxes = [Box(at % 5_000, at, 1_900, 1_900) for at in range(0, 98_000, 50)]
        layouts, left_out = lay_out(width, 100_000, boxes)
        assert len(slices_of(layouts)) <= 2 * len(spans(100_000)) * len(spans(width))
        # The page is covered all the same.
        assert not left_out
        assert {one.columns for one in layouts} == {tuple(spans(width))}
