import io
import resource

import numpy as np
import pytest
import pyvips
from PIL import Image

from celeb_ops.core.exceptions import EmptyPictureError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Part, Screenshot, Span
from celeb_ops.core.store import FolderStore
from celeb_ops.privacy.blur import CELLS, areas_of, blur, jpeg_settings, read_areas, smeared
from tests.factories import a_picture, a_screenshot, saved


def shown(store: FolderStore, shot: Screenshot) -> np.ndarray:
    parts = []
    for part in shot.parts:
        with Image.open(io.BytesIO(store.read(part.key))) as image:
            parts.append(np.asarray(image.convert("RGB")).astype(int))
    return np.concatenate(parts)


def a_shot(store: FolderStore, heights: list[int], width: int = 300, format: str = "PNG") -> Screenshot:
    """Noise in parts of these heights."""
    ends = np.cumsum(heights).tolist()
    parts = [
        Part(key=f"Images/x.{number}.{format.lower()}", rows=Span(end - height, end))
        for number, (height, end) in enumerate(zip(heights, ends, strict=True), 1)
    ]
    shot = a_screenshot(page_width=width, captured_height=ends[-1], parts=parts)
    saved(store, shot, *(a_picture(width, height, format, seed) for seed, height in enumerate(heights)))
    return shot


def test_just_the_areas_are_blurred_across_the_edges_of_parts_too(folder_store: FolderStore) -> None:
    shot = a_shot(folder_store, [200, 50, 250])
    before = shown(folder_store, shot)
    areas = [Box(0, 0, 40, 40), Box(50, 180, 60, 100), Box(200, 190, 60, 20), Box(260, 460, 40, 40)]
    blur(folder_store, shot, areas)
    after = shown(folder_store, shot)
    for box in areas:
        inside = slice(box.top, box.bottom), slice(box.left, box.right)
        assert (before[inside] == after[inside]).mean() < 0.02
        # Next to no detail is left: neighbours are alike.
        assert np.abs(np.diff(after[inside], axis=0)).mean() < 8 < np.abs(np.diff(before[inside], axis=0)).mean()
        before[inside] = after[inside]
    assert np.array_equal(before, after)


def test_a_part_that_shows_none_keeps_its_bytes(folder_store: FolderStore) -> None:
    shot = a_shot(folder_store, [200, 200], format="JPEG")
    other = folder_store.read(shot.parts[1].key)
    blur(folder_store, shot, [Box(10, 10, 50, 50)])
    assert folder_store.read(shot.parts[1].key) == other


def test_what_is_left_of_a_face_is_a_few_colours() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (120, 100, 3), np.uint8)
    cells = pixels.reshape(CELLS, 120 // CELLS, CELLS, 100 // CELLS, 3).mean(axis=(1, 3))
    # Two pictures with the same cells are the same afterwards, whatever else they show.
    flat = np.repeat(np.repeat(cells.round().astype(np.uint8), 120 // CELLS, axis=0), 100 // CELLS, axis=1)
    assert np.abs(smeared(pixels).astype(int) - smeared(flat)).max() <= 2


@pytest.mark.parametrize("quality", [40, 60, 75, 80, 85, 90, 95, 100])
def test_a_jpeg_keeps_its_quality(quality: int) -> None:
    noise = np.full((64, 64, 3), 128, np.uint8)
    image = pyvips.Image.new_from_memory(noise.tobytes(), 64, 64, 3, "uchar")
    assert jpeg_settings(bytes(image.jpegsave_buffer(Q=quality))) == (quality, quality < 90)


def test_areas_reach_beyond_the_face_and_stay_on_the_page() -> None:
    shot = a_screenshot(page_width=300, captured_height=500)
    assert areas_of([Box(100, 100, 50, 100)], shot) == [Box(80, 60, 90, 180)]
    assert areas_of([Box(0, 450, 50, 50)], shot) == [Box(0, 430, 70, 70)]
    # Faces that touch are one area: none is blurred by what the other's blur has left.
    assert areas_of([Box(100, 100, 50, 50), Box(140, 100, 50, 50)], shot) == [Box(80, 80, 130, 90)]
    assert areas_of([Box(900, 900, 50, 50)], shot) == []


def test_a_small_picture_of_the_whole_in_the_file_goes(folder_store: FolderStore) -> None:
    shot = a_screenshot(page_width=100, captured_height=100)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Grace Hopper"
    with Image.open(io.BytesIO(a_picture())) as image:
        image.save(out, "JPEG", exif=exif, comment=b"Grace Hopper")
    saved(folder_store, shot, out.getvalue())
    blur(folder_store, shot, [Box(10, 10, 30, 30)])
    assert b"Grace Hopper" not in folder_store.read(shot.parts[0].key)


@pytest.mark.parametrize("content", [b"", b"no picture", a_picture(90, 100), a_picture()[:3_000]])
def test_a_damaged_picture_is_an_error(content: bytes, folder_store: FolderStore) -> None:
    shot = a_screenshot(page_width=100, captured_height=100)
    saved(folder_store, shot, content)
    with pytest.raises(EmptyPictureError):
        blur(folder_store, shot, [Box(10, 60, 30, 30)])
    assert folder_store.read(shot.parts[0].key) == content


def test_the_highest_page_takes_little_memory(folder_store: FolderStore) -> None:
    height = 65_500
    shot = a_screenshot(page_width=1_440, captured_height=height)
    plain = pyvips.Image.black(1_440, height, bands=3).copy(interpretation="srgb") + 200
    saved(folder_store, shot, bytes(plain.cast("uchar").jpegsave_buffer(Q=80)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    areas = [Box(100, top, 200, 200) for top in range(0, height - 200, 3_000)]
    blur(folder_store, shot, areas)
    # As pixels it is 283 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000
    assert len(list(read_areas(folder_store, shot, areas))) == len(areas)
