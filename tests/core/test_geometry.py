import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from celeb_ops.core.geometry import Box

places = st.integers(-500, 2_000)
boxes = st.builds(Box, places, places, st.integers(0, 800), st.integers(0, 800))
solid = st.builds(Box, places, places, st.integers(1, 800), st.integers(1, 800))
small = st.builds(Box, st.integers(-4, 8), st.integers(-4, 8), st.integers(0, 6), st.integers(0, 6))


def pixels(box: Box) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box.left, box.right) for y in range(box.top, box.bottom)}


class TestBox:
    def test_is_left_top_width_height(self) -> None:
        box = Box(10, 20, 30, 40)
        assert (box.right, box.bottom, box.area, box.centre) == (40, 60, 1_200, (25, 40))

    def test_is_four_integers_in_json(self) -> None:
        adapter = TypeAdapter(Box)
        assert json.loads(adapter.dump_json(Box(1, 2, 3, 4))) == [1, 2, 3, 4]
        assert adapter.validate_json("[1, 2, 3, 4]") == Box(1, 2, 3, 4)

    @pytest.mark.parametrize("text", ["[1, 2, 3]", "[1, 2, 3, 4.5]", '"1234"'])
    def test_nothing_else_is_one(self, text: str) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Box).validate_json(text)

    @given(small)
    def test_the_area_is_its_pixels(self, box: Box) -> None:
        assert box.area == len(pixels(box))

    @given(small, st.integers(-6, 16), st.integers(-6, 16))
    def test_contains_its_pixels_and_no_others(self, box: Box, x: int, y: int) -> None:
        assert box.contains((x, y)) == ((x, y) in pixels(box))


class TestGrown:
    @given(solid, st.floats(0, 2))
    def test_grows_around_its_centre(self, box: Box, margin: float) -> None:
        grown = box.grown(margin)
        assert grown.centre == box.centre
        assert grown.intersection(box) == box.area
        assert grown.width == pytest.approx(box.width * (1 + 2 * margin), abs=1)
        assert grown.height == pytest.approx(box.height * (1 + 2 * margin), abs=1)


class TestClipped:
    @given(small)
    def test_keeps_just_the_pixels_inside(self, box: Box) -> None:
        assert pixels(box.clipped(5, 7)) == pixels(box) & pixels(Box(0, 0, 5, 7))


class TestIntersection:
    @given(small, small)
    def test_is_the_shared_pixels(self, one: Box, other: Box) -> None:
        assert one.intersection(other) == other.intersection(one) == len(pixels(one) & pixels(other))

    @given(boxes, boxes)
    def test_ios_is_a_share_and_the_same_both_ways(self, one: Box, other: Box) -> None:
        assert 0 <= one.ios(other) == other.ios(one) <= 1

    @pytest.mark.parametrize(
        ("other", "ios"),
        [
            pytest.param(Box(0, 0, 100, 100), 1, id="the same"),
            pytest.param(Box(10, 10, 20, 20), 1, id="inside"),
            pytest.param(Box(50, 0, 100, 100), 0.5, id="half of each"),
            pytest.param(Box(90, 0, 20, 100), 0.5, id="half of the smaller"),
            pytest.param(Box(100, 0, 100, 100), 0, id="side by side"),
            pytest.param(Box(50, 50, 0, 10), 0, id="no area"),
        ],
    )
    def test_ios_is_the_share_of_the_smaller_box(self, other: Box, ios: float) -> None:
        assert Box(0, 0, 100, 100).ios(other) == ios
