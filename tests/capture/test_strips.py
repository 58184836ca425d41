from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from celeb_ops.capture.strips import PART_PX, Strip, join, photograph
from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Span
from tests.capture.shots import band_rows, pixels, wrong_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

W = 96
FACE = Box(0, 0, 90, 90)


def png(picture: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=1)
    return out.getvalue()


def plain(height: int, *colour: int, width: int = W) -> bytes:
    return png(np.full((height, width, len(colour)), colour, np.uint8))


def noise(height: int, width: int = W) -> bytes:
    return png(np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8))


def cut(page: NDArray[np.uint8], heights: Sequence[int], folder: Path) -> list[Strip]:
    """The page in strips of these heights."""
    strips, top = [], 0
    for height in heights:
        path = folder / f"strip-{top}.png"
        path.write_bytes(png(page[top : top + height]))
        strips.append(Strip(path, Span(top, top + height)))
        top += height
    return strips


class TestJoin:
    @settings(max_examples=30)
    @given(heights=st.lists(st.integers(1, 40), min_size=1, max_size=12), part_px=st.integers(1, 100))
    def test_every_row_is_in_one_part_whatever_the_heights(
        self, heights: list[int], part_px: int, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        folder = tmp_path_factory.mktemp("join")
        page = np.random.default_rng(1).integers(0, 255, (sum(heights), 5, 3), np.uint8)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("celeb_ops.capture.strips.PART_PX", part_px)
            parts = join(cut(page, heights, folder), folder, "png", 80)
        assert [part.rows.start for part in parts] == list(range(0, len(page), part_px))
        assert [part.rows.stop for part in parts] == [*range(part_px, len(page), part_px), len(page)]
        assert wrong_rows(pixels(*(part.path for part in parts)), page) == []

    @pytest.mark.parametrize(
        ("height", "expected"), [(PART_PX, [(0, PART_PX)]), (PART_PX + 1, [(0, PART_PX), (PART_PX, PART_PX + 1)])]
    )
    def test_a_part_is_as_tall_as_a_jpeg_can_be(
        self, height: int, expected: list[tuple[int, int]], tmp_path: Path
    ) -> None:
        heights = [min(900, height - top) for top in range(0, height, 900)]
        parts = join(cut(band_rows(height, 16), heights, tmp_path), tmp_path, "jpeg", 80)
        assert [part.rows for part in parts] == expected
        for number, part in enumerate(parts, start=1):
            assert part.path == tmp_path / f"part-{number}.jpeg"
            with Image.open(part.path) as picture:
                assert (picture.format, picture.size) == ("JPEG", (16, part.rows.stop - part.rows.start))

    def test_a_png_is_exact_and_transparency_is_flattened(self, tmp_path: Path) -> None:
        clear = np.dstack([band_rows(100, W), np.full((100, W), 255, np.uint8)])
        [part] = join(cut(clear, [60, 40], tmp_path), tmp_path, "png", 1)
        with Image.open(part.path) as picture:
            assert picture.mode == "RGB"
        assert wrong_rows(pixels(part.path), band_rows(100, W)) == []


VIEW = 100


class Camera:
    """A driver on a page that is ``height`` px tall, whose screenshots are given: the last one again and again."""

    def __init__(self, height: int, *pictures: bytes, scrolls: bool = True) -> None:
        self.height, self.pictures, self.scrolls = height, list(pictures), scrolls
        self.at = 0
        self.taken: list[tuple[int, int]] = []
        self.marks: list[int] = []

    def run(self, _: Any, script: str, *arguments: int) -> Any:
        if script == "mark":
            return self.marks.append(arguments[0])
        start, stop, view = arguments
        self.at = min(start, self.height - view) if self.scrolls else 0
        return [self.at, self.at + view, 1] if self.at <= start and self.at + view >= stop else [start, stop, 0]

    def execute_cdp_cmd(self, command: str, parameters: dict[str, Any]) -> dict[str, str]:
        assert command == "Page.captureScreenshot"
        clip = parameters.get("clip") or {"y": self.at, "height": VIEW}
        self.taken.append((clip["y"], clip["y"] + clip["height"]))
        picture = self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]
        return {"data": base64.b64encode(picture).decode()}


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[Strip]]:
    def take(
        camera: Camera, height: int, pictures: Sequence[Box] | Callable[[Span], Sequence[Box]] = ()
    ) -> list[Strip]:
        monkeypatch.setattr("celeb_ops.capture.scripts.run", camera.run)
        pictures_at = pictures if callable(pictures) else lambda _: pictures
        return photograph(camera, (W, VIEW), height, pictures_at, tmp_path)  # type: ignore[arg-type]

    return take


class TestPhotograph:
    def test_a_view_at_a_time_from_the_top_down(self, take: Callable[..., list[Strip]]) -> None:
        camera = Camera(250, noise(VIEW))
        assert [strip.rows for strip in take(camera, 250)] == [(0, 100), (100, 200), (150, 250)]
        assert camera.taken == [(0, 100), (100, 200), (150, 250)]

    def test_beyond_the_view_where_the_page_does_not_scroll(self, take: Callable[..., list[Strip]]) -> None:
        camera = Camera(250, noise(VIEW), noise(VIEW), noise(50), scrolls=False)
        assert [strip.rows for strip in take(camera, 250)] == [(0, 100), (100, 200), (200, 250)]
        assert camera.taken == [(0, 100), (100, 200), (200, 250)]

    BAD = (
        pytest.param(b"", "an empty picture", id="empty"),
        pytest.param(b"<html>", "can't be decoded", id="no picture"),
        pytest.param(noise(VIEW)[:-2_000], "can't be decoded", id="truncated"),
        pytest.param(noise(99), "is 96x99 px, not 96x100", id="too low"),
        pytest.param(noise(VIEW, 95), "is 95x100 px, not 96x100", id="too narrow"),
    )

    @pytest.mark.parametrize(("bad", "said"), BAD)
    def test_a_bad_strip_is_an_error_at_the_second_try(
        self, bad: bytes, said: str, take: Callable[..., list[Strip]]
    ) -> None:
        camera = Camera(VIEW, bad)
        with pytest.raises(EmptyPictureError, match=said) as error:
            take(camera, VIEW, [FACE])
        assert str(error.value).startswith("Rows 0-100 of the page failed twice: ")
        assert len(camera.taken) == 2

    COLOURS = pytest.mark.parametrize(
        "colour", [(255, 255, 255), (20, 40, 60), (0, 0, 0, 255)], ids=["white", "blue", "black, with alpha"]
    )

    @COLOURS
    def test_one_colour_is_an_error_where_a_mark_does_not_show_either(
        self, colour: tuple[int, ...], take: Callable[..., list[Strip]]
    ) -> None:
        camera = Camera(VIEW, plain(VIEW, *colour))
        with pytest.raises(EmptyPictureError, match="has one colour, though the page has pictures"):
            take(camera, VIEW, [FACE])
        assert (len(camera.taken), camera.marks) == (3, [0, -1])

    @COLOURS
    def test_one_colour_is_right_where_a_mark_shows(
        self, colour: tuple[int, ...], take: Callable[..., list[Strip]]
    ) -> None:
        """A transparent picture, or a covered one."""
        camera = Camera(VIEW, plain(VIEW, *colour), plain(VIEW, *colour), noise(VIEW))
        [strip] = take(camera, VIEW, [FACE])
        assert strip.path.read_bytes() == plain(VIEW, *colour)
        assert camera.marks == [0, -1]

    def test_only_the_bad_strip_is_taken_again(self, take: Callable[..., list[Strip]]) -> None:
        camera = Camera(250, noise(VIEW), b"", noise(VIEW))
        take(camera, 250)
        assert [start for start, _ in camera.taken] == [0, 100, 100, 150]

    def test_the_second_try_looks_again_where_the_view_is_and_what_it_shows(
        self, take: Callable[..., list[Strip]]
    ) -> None:
        """What is there in the view alone may have come only now, and a script may have moved the page."""
        camera = Camera(250, noise(VIEW), b"", noise(VIEW))
        seen: list[Span] = []

        def pictures_at(rows: Span) -> list[Box]:
            seen.append(rows)
            camera.height = 180 if rows.start == 100 else camera.height
            return []

        assert [strip.rows for strip in take(camera, 180, pictures_at)] == [(0, 100), (80, 180)]
        assert seen == [(0, 100), (100, 200), (80, 180)]

    @pytest.mark.parametrize(
        "pictures", [[], [Box(0, 100, 90, 90)], [Box(0, 0, 20, 20)]], ids=["none", "in another strip", "small"]
    )
    def test_one_colour_is_well_where_the_page_has_no_picture(
        self, pictures: list[Box], take: Callable[..., list[Strip]]
    ) -> None:
        camera = Camera(200, plain(VIEW, 255, 255, 255), noise(VIEW))
        assert len(take(camera, 200, pictures)) == len(camera.taken) == 2
