"""The page on which people check a run's names."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from celeb_ops.cli.main import main
from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import LeftOut, Picture, Plan, Sighting, Span
from celeb_ops.report import review
from tests.factories import RUN_TIME, a_picture, a_result, a_screenshot, a_sighting, saved

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.store import FolderStore, Store


def of_one_colour(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG")
    return out.getvalue()


STEM = keys.stem("TMZ", RUN_TIME)
RESULT = keys.result(STEM)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    folder = tmp_path / "gallery"
    (folder / "Grace Hopper").mkdir(parents=True)
    (folder / "Grace Hopper" / "one.jpg").write_bytes(of_one_colour(300, 300, (200, 30, 30)))
    (tmp_path / "secret.jpg").write_bytes(of_one_colour(300, 300, (30, 200, 30)))
    return folder


GRACE: dict[str, Any] = {
    "confidence": 93.5,
    "margin": 0.2,
    "basis": "face+text",
    "reference": "Grace Hopper/one.jpg",
    "box": Box(100, 500, 60, 80),
    "picture": 0,
    "crop": keys.crop(STEM, 1),
}


def grace(name: str = "Grace Hopper", **given: Any) -> Sighting:
    return a_sighting(name, **(GRACE | given))


def a_run(store: Store, *sightings: Sighting, headline: str = "She speaks", title: str = "News") -> None:
    """One site at one time: screenshot of 400 × 2,000, plan, result and crops."""
    pictures = [Picture(box=Box(50, 450, 200, 200), src="", headline=headline)]
    shot = a_screenshot(page_width=400, captured_height=2_000, pictures=pictures, title=title)
    sidecar = saved(store, shot, a_picture(400, 2_000))
    left_out = [LeftOut(rows=Span(1_000, 1_500), reason="text")]
    Plan(screenshot=sidecar, slices=[], left_out=left_out).save(store, keys.plan(STEM))
    store.write(keys.crop(STEM, 1), of_one_colour(80, 80, (10, 20, 200)))
    a_result(screenshot=sidecar, sightings=list(sightings), faces=len(sightings) + 2, unrecognised=2).save(
        store, RESULT
    )


def kept(content: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def pictures_in(page: str) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(base64.b64decode(data))) for data in re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    ]


def test_shows_page_crop_and_reference_with_the_name_where_it_was_seen(store: Store, gallery: Path) -> None:
    a_run(store, grace())
    page = review.review(store, [RESULT], gallery, kept)
    crop, reference, screenshot = pictures_in(page)
    assert screenshot.size == (400, 2_000)
    assert crop.getpixel((40, 40))[2] > 150
    assert reference.getpixel((40, 40))[0] > 150
    assert "left:25.0%;top:25.0%;width:15.0%;height:4.0%" in page
    assert 'title="text" style="top:50.0%;height:25.0%"' in page
    for words in (
        "Grace Hopper",
        "93.5 %",
        "the page’s words",
        "nearer than the next person by 0.2",
        "She speaks",
        "3 faces, 2 unknown",
    ):
        assert words in page


def test_fetches_nothing_of_others_and_what_a_page_said_stays_text(folder_store: FolderStore, gallery: Path) -> None:
    hostile = '</span><script>alert(1)</script>" onload="x'
    a_run(folder_store, grace(hostile), headline=hostile, title=hostile)
    page = review.review(folder_store, [RESULT], gallery, kept)
    assert "<script" not in page
    assert 'onload="x' not in page
    assert "&lt;script&gt;" in page
    assert not re.findall(r"(?:src|srcset)=\"(?!data:)", page)
    assert not re.findall(r"url\(|@import|<link", page)


@pytest.mark.parametrize("reference", [None, "Grace Hopper/gone.jpg", "../secret.jpg", "/etc/passwd"])
def test_a_reference_is_a_photo_of_the_gallery_or_none(
    reference: str | None, folder_store: FolderStore, gallery: Path
) -> None:
    a_run(folder_store, grace(reference=reference))
    assert len(pictures_in(review.review(folder_store, [RESULT], gallery, kept))) == 2


def test_of_many_sites_the_pages_are_closed_until_a_name_is_followed(folder_store: FolderStore, gallery: Path) -> None:
    a_run(folder_store, grace())
    few, many = (review.review(folder_store, [RESULT] * number, gallery, kept) for number in (3, 4))
    assert (few.count("<details open>"), many.count("<details>")) == (3, 4)
    assert many.count('loading="lazy"') == 3 * 4


def test_slices_may_have_been_tidied_away(folder_store: FolderStore, gallery: Path) -> None:
    a_run(folder_store, grace())
    folder_store.delete(keys.plan(STEM))
    assert "Grace Hopper" in review.review(folder_store, [RESULT], gallery, kept)


def test_the_latest_run_is_told_by_time_not_by_name(folder_store: FolderStore) -> None:
    for name in ("A_Dec_01_2025_08H_00M_00S", "B_Nov_23_2026_20H_00M_00S", "A_Nov_23_2026_20H_00M_00S", "notes"):
        folder_store.write(f"Results/{name}.json", b"{}")
    assert review.latest(folder_store) == [
        "Results/A_Nov_23_2026_20H_00M_00S.json",
        "Results/B_Nov_23_2026_20H_00M_00S.json",
    ]
    with pytest.raises(NotStoredError, match="has no results"):
        review.latest(type(folder_store)(folder_store.root / "empty"))


def test_the_command_writes_the_page(
    folder_store: FolderStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run(folder_store)
    for what in (str(folder_store.root), RESULT):
        out = tmp_path / "out.html"
        assert main(["review", what, "--out", str(out)]) == 0
        assert "Nobody was named." in out.read_text()
        pictures = sorted(tmp_path.glob("out_files/*.jpg"))
        assert [Image.open(one).size for one in pictures] == [(400, 2_000)]
        assert f'src="out_files/{pictures[0].name}" width="400" height="2000"' in out.read_text()
        out.unlink()
    assert main(["review", "Results/none.json", "--out", str(tmp_path / "out.html")]) == 2
    assert "is not there" in capsys.readouterr().err
