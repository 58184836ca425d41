from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from celeb_ops.capture.strips import PART_PX, STRIP_PX, Strip, join, photograph
from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Span
from tests.capture.shots import band_rows, pixels, wrong_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
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
        heights = [min(STRIP_PX, height - top) for top in range(0, height, STRIP_PX)]
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


class Camera:
    """A driver whose screenshots are given: one after another, the last one again and again."""

    def __init__(self, *pictures: bytes) -> None:
        self.pictures = list(pictures)
        self.clips: list[dict[str, Any]] = []

    def execute_cdp_cmd(self, command: str, parameters: dict[str, Any]) -> dict[str, str]:
        assert command == "Page.captureScreenshot"
        self.clips.append(parameters["clip"])
        picture = self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]
        return {"data": base64.b64encode(picture).decode()}


class TestPhotograph:
    def test_in_strips_from_the_top_down(self, tmp_path: Path) -> None:
        camera = Camera(*(noise(rows) for rows in (8_000, 8_000, 100)))
        strips = photograph(camera, W, 16_100, [], tmp_path)  # type: ignore[arg-type]
        assert [strip.rows for strip in strips] == [(0, 8_000), (8_000, 16_000), (16_000, 16_100)]
        assert [(clip["x"], clip["y"], clip["width"], clip["height"], clip["scale"]) for clip in camera.clips] == [
            (0, 0, W, 8_000, 1),
            (0, 8_000, W, 8_000, 1),
            (0, 16_000, W, 100, 1),
        ]

    BAD = (
        pytest.param(b"", "an empty picture", id="empty"),
        pytest.param(b"<html>", "can't be decoded", id="no picture"),
        pytest.param(noise(100)[:-2_000], "can't be decoded", id="truncated"),
        pytest.param(noise(99), "is 96x99 px, not 96x100", id="too low"),
        pytest.param(noise(100, 95), "is 95x100 px, not 96x100", id="too narrow"),
        pytest.param(plain(100, 255, 255, 255), "has one colour, though the page has pictures", id="white"),
        pytest.param(plain(100, 20, 40, 60), "has one colour, though the page has pictures", id="blue"),
        pytest.param(plain(100, 0, 0, 0, 255), "has one colour, though the page has pictures", id="black, with alpha"),
    )

    @pytest.mark.parametrize(("bad", "said"), BAD)
    def test_a_bad_strip_is_an_error_at_the_second_try(self, bad: bytes, said: str, tmp_path: Path) -> None:
        camera = Camera(bad)
        with pytest.raises(EmptyPictureError, match=said) as error:
            photograph(camera, W, 100, [FACE], tmp_path)  # type: ignore[arg-type]
        assert str(error.value).startswith("Rows 0-100 of the page, at the second try too: ")
        assert len(camera.clips) == 2

    def test_only_the_bad_strip_is_taken_again(self, tmp_path: Path) -> None:
        camera = Camera(noise(8_000), b"", noise(50), noise(8_000))
        photograph(camera, W, 16_050, [], tmp_path)  # type: ignore[arg-type]
        assert [clip["y"] for clip in camera.clips] == [0, 8_000, 16_000, 8_000]

    @pytest.mark.parametrize(
        "pictures", [[], [Box(0, 8_000, 90, 90)], [Box(0, 0, 20, 20)]], ids=["none", "in another strip", "small"]
    )
    def test_one_colour_is_well_where_the_page_has_no_picture(self, pictures: list[Box], tmp_path: Path) -> None:
        camera = Camera(plain(8_000, 255, 255, 255), noise(100))
        strips = photograph(camera, W, 8_100, pictures, tmp_path)  # type: ignore[arg-type]
        assert len(strips) == len(camera.clips) == 2
