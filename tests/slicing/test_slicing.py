import io
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.exceptions import FinalCaptureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Part, Picture, Plan, Screenshot, Span
from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.slicing.cut import MAX_BYTES, cut, encoded
from celeb_ops.slicing.layout import LONG_SIDE_PX, OVERLAP_PX, spans
from celeb_ops.slicing.row_reader import RowReader
from tests.factories import a_picture, a_screenshot, saved

Pixels = npt.NDArray[np.uint8]
STEM = "TMZ_Nov_23_2026_08H_00M_00S"
MEND = r"Delete .*Images/TMZ_Nov_23_2026_08H_00M_00S\.json and clear the screenshot task"


def a_page(width: int, height: int, block: int = 16) -> Pixels:
    """Blocks of random colours: a row or a column too far shows, and a JPEG keeps them."""
    shape = (-(-height // block), -(-width // block), 3)
    blocks = np.random.default_rng(7).integers(0, 255, shape, np.uint8)
    return blocks.repeat(block, 0).repeat(block, 1)[:height, :width]


def in_parts(page: Pixels, format: str, *ends: int) -> tuple[Screenshot, list[bytes]]:
    """A screenshot of ``page``, in parts that end at these rows and at the page's end."""
    height, width = page.shape[:2]
    rows = [Span(*pair) for pair in pairwise((0, *ends, height))]
    parts = [Part(key=keys.image(STEM, number, format), rows=one) for number, one in enumerate(rows, start=1)]
    # The DOM's word that all of it is a picture: flat blocks are none to anybody else.
    pictures = [Picture(box=Box(0, 0, width, height), src="")]
    screenshot = a_screenshot(page_width=width, captured_height=height, parts=parts, pictures=pictures)
    return screenshot, [as_picture(page[one.start : one.stop], format) for one in rows]


def as_picture(pixels: Pixels, format: str) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": 95, "subsampling": 0} if format == "jpeg" else {}
    Image.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def cut_of(store: Store, screenshot: Screenshot, parts: Sequence[bytes]) -> Plan:
    return cut(screenshot, saved(store, screenshot, *parts), STEM, store)


def pixels_of(store: Store, key: str) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(store.read(key))).convert("RGB"))


def difference(one: Pixels, other: Pixels) -> float:
    """Mean difference of two pictures of one size, 0–255."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@given(st.integers(1, 200_000), st.data())
def test_spans_are_as_long_as_the_recogniser_reads_well_and_hold_every_face_whole(
    length: int, data: st.DataObject
) -> None:
    found = spans(length)
    assert (found[0].start, found[-1].stop) == (0, length)
    assert all(above.stop >= below.start for above, below in pairwise(found))
    assert {span.stop - span.start for span in found} == {min(length, LONG_SIDE_PX)}
    top = data.draw(st.integers(0, max(length - OVERLAP_PX, 0)))
    bottom = min(top + OVERLAP_PX, length)
    assert any(span.start <= top and bottom <= span.stop for span in found)


class TestCut:
    @pytest.mark.parametrize("format", ["jpeg", "png"])
    def test_every_pixel_of_a_page_in_parts_is_in_some_slice(self, store: Store, format: str) -> None:
        # The parts end in the middle of a JPEG block, and in the middle of a slice.
        page = a_page(700, 5_003)
        screenshot, parts = in_parts(page, format, 1_001, 1_050, 3_998)
        plan = cut_of(store, screenshot, parts)

        seen = np.zeros(page.shape[:2], bool)
        for one in plan.slices:
            place = slice(*one.bands[0]), slice(*one.columns)
            seen[place] = True
            assert difference(pixels_of(store, one.key), page[place]) < 2, one.key
        assert seen.all()
        assert not plan.left_out

    @pytest.mark.parametrize(("mode", "colour"), [("LA", (90, 255)), ("P", 3), ("I;16", 90 * 257)])
    def test_reads_pictures_that_are_not_rgb(self, folder_store: FolderStore, mode: str, colour: Any) -> None:
        picture = Image.new(mode, (300, 2_000), colour)
        if mode == "P":
            picture.putpalette([0, 0, 0] * 3 + [90, 90, 90])
        out = io.BytesIO()
        picture.save(out, "PNG")
        screenshot, _ = in_parts(a_page(300, 2_000), "png")
        plan = cut_of(folder_store, screenshot, [out.getvalue()])
        for one in plan.slices:
            assert np.abs(pixels_of(folder_store, one.key).astype(int) - 90).max() <= 1

    @pytest.mark.parametrize("width", [80, 1_440, 1_921, 3_840])
    def test_any_width_is_covered_by_slices_that_the_recogniser_takes(
        self, folder_store: FolderStore, width: int
    ) -> None:
        page = a_page(width, 500)
        plan = cut_of(folder_store, *in_parts(page, "jpeg"))
        assert max(one.columns.stop for one in plan.slices) == width
        for one in plan.slices:
            picture = pixels_of(folder_store, one.key)
            assert min(picture.shape[:2]) >= 80
            assert max(picture.shape[:2]) <= LONG_SIDE_PX
            assert difference(picture, page[slice(*one.bands[0]), slice(*one.columns)]) < 2

    @pytest.mark.parametrize(("width", "height"), [(40, 30), (40, 300), (300, 1)])
    def test_a_page_too_small_for_the_recogniser_gets_a_white_border(
        self, folder_store: FolderStore, width: int, height: int
    ) -> None:
        page = a_page(width, height)
        plan = cut_of(folder_store, *in_parts(page, "png"))
        (one,) = plan.slices
        picture = pixels_of(folder_store, one.key)
        assert picture.shape == (max(height, 80), max(width, 80), 3)
        assert difference(picture[:height, :width], page) < 5
        assert picture[height + 8 :, :].min(initial=255) > 250
        assert picture[:, width + 8 :].min(initial=255) > 250
        assert (one.bands, one.columns) == ([(0, height)], (0, width))

    def test_a_second_time_writes_the_same_files(self, store: Store) -> None:
        given = in_parts(a_page(200, 3_000), "jpeg", 1_500)
        first = [(one, store.read(one.key)) for one in cut_of(store, *given).slices]
        second = [(one, store.read(one.key)) for one in cut_of(store, *given).slices]
        assert first == second
        assert sorted(store.list("Slices/")) == sorted(one.key for one, _ in first)

    def test_a_tall_page_is_never_in_memory_as_a_whole(self, folder_store: FolderStore) -> None:
        # Its pixels take 260 MB, Python and the libraries 60.
        assert peak_mb(folder_store, 60_000) < 290


class TestUnusableScreenshots:
    @pytest.mark.parametrize("format", ["jpeg", "png"])
    @pytest.mark.parametrize("left", [10, 0.95])
    def test_a_part_that_breaks_off(self, folder_store: FolderStore, format: str, left: float) -> None:
        screenshot, (first, second) = in_parts(a_page(500, 3_000), format, 1_500)
        second = second[: int(left * len(second)) if left < 1 else int(left)]
        with pytest.raises(FinalCaptureError, match=rf"^Images/{STEM}\.2\.{format} (is|breaks).*{MEND}"):
            cut_of(folder_store, screenshot, [first, second])

    def test_a_part_that_is_not_there(self, store: Store) -> None:
        screenshot, parts = in_parts(a_page(100, 3_000), "jpeg", 1_500)
        key = saved(store, screenshot, *parts)
        store.delete(screenshot.parts[1].key)
        tidied = r"is not there\. It was deleted \(by CELEBS_KEEP_IMAGES_DAYS, .*: run it with recapture"
        with pytest.raises(FinalCaptureError, match=rf"\.2\.jpeg {tidied}"):
            cut(screenshot, key, STEM, store)

    @pytest.mark.parametrize(("width", "height"), [(100, 1_499), (99, 1_500)])
    def test_a_part_of_another_size_than_its_sidecar_says(
        self, folder_store: FolderStore, width: int, height: int
    ) -> None:
        screenshot, (first, _) = in_parts(a_page(100, 3_000), "jpeg", 1_500)
        said = rf"is {width}x{height} px, but its sidecar says 100x1500\. {MEND}"
        with pytest.raises(FinalCaptureError, match=said):
            cut_of(folder_store, screenshot, [first, a_picture(width, height)])

    @pytest.mark.parametrize(
        ("rows", "row"),
        [([], 0), ([Span(0, 200)], 200), ([Span(0, 100), Span(150, 300)], 100)],
        ids=["no part", "too short", "a gap"],
    )
    def test_rows_that_no_part_shows(self, folder_store: FolderStore, rows: Sequence[Span], row: int) -> None:
        parts = [Part(key=f"Images/{span.start}.jpeg", rows=span) for span in rows]
        screenshot = a_screenshot(page_width=100, captured_height=300, parts=parts)
        pictures = [a_picture(100, span.stop - span.start) for span in rows]
        with pytest.raises(FinalCaptureError, match=rf"No part of the screenshot shows row {row}\. {MEND}"):
            cut_of(folder_store, screenshot, pictures)


class TestRowReader:
    @settings(max_examples=40)
    @given(
        format=st.sampled_from(["jpeg", "png"]),
        ends=st.sets(st.integers(1, 599), max_size=3),
        reads=st.lists(st.tuples(st.integers(0, 600), st.integers(1, 300)), min_size=1, max_size=6),
    )
    def test_gives_the_rows_wherever_parts_end_and_reads_begin(
        self, format: str, ends: set[int], reads: list[tuple[int, int]]
    ) -> None:
        screenshot, parts = in_parts(a_page(40, 600), format, *sorted(ends))
        files = {part.key: content for part, content in zip(screenshot.parts, parts, strict=True)}
        page = np.concatenate([pyvips.Image.new_from_buffer(content, "").numpy() for content in parts])
        reader = RowReader(screenshot, files.__getitem__)
        for start, size in sorted(reads):
            rows = Span(start, min(start + size, 600))
            assert np.array_equal(reader.read(rows)[: rows.stop - rows.start], page[slice(*rows)])


class TestEncoded:
    def test_noise_is_encoded_at_the_best_quality_that_fits(self) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (LONG_SIDE_PX, LONG_SIDE_PX, 3), np.uint8)
        assert len(encoded(noise, [95])) > MAX_BYTES
        assert len(encoded(noise, [85])) < MAX_BYTES
        assert encoded(noise) == encoded(noise, [85])


def peak_mb(store: FolderStore, height: int) -> float:
    """Peak memory of a process that cuts a page of 1440 × ``height``."""
    tile = pyvips.Image.gaussnoise(1_440, 1_000, mean=128, sigma=1).cast("uchar")
    page = tile.bandjoin([tile, tile]).copy(interpretation="srgb").replicate(1, height // 1_000)
    pictures = [Picture(box=Box(0, 0, 1_440, height), src="")]
    sidecar = saved(store, a_screenshot(captured_height=height, pictures=pictures), bytes(page.jpegsave_buffer(Q=80)))
    # Not getrusage(RUSAGE_SELF): there a child begins with the peak of the process that started it.
    code = f"""
import pathlib, re
from celeb_ops.core.records import Screenshot
from celeb_ops.slicing.cut import cut
from celeb_ops.core.store import FolderStore
store = FolderStore(pathlib.Path({str(store.root)!r}))
cut(Screenshot.load(store, {sidecar!r}), {sidecar!r}, {STEM!r}, store)
print(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT / "plugins"
    )
    return int(done.stdout) / 1024
