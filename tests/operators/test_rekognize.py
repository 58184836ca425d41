from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.records import Outcome, Plan, Result, Slice, Span
from tests.factories import RUN_TIME, a_page, a_screenshot, saved

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.store import FolderStore

STEM = keys.stem("TMZ", RUN_TIME)
RESULT = f"Results/{STEM}.json"


def rekognize(plan: str = keys.plan(STEM)) -> RekognizeCelebritiesOperator:
    return RekognizeCelebritiesOperator(
        task_id="rekognize", site={"name": "TMZ", "url": "https://www.tmz.com/"}, plan=plan
    )


@pytest.fixture(autouse=True)
def gallery(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELEBS_GALLERY", str(demo_folder / "gallery"))
    # Photos of the gallery are embedded once for all tests of this file.
    monkeypatch.setenv("CELEBS_CACHE", str(demo_folder / "cache"))


def a_page_with(picture: str, demo_folder: Path, store: FolderStore) -> None:
    """A screenshot and its one slice, with a picture of the demo on it."""
    page = a_page(800, 700, {(50, 50): demo_folder / "www" / "pictures" / picture})
    sidecar = saved(store, a_screenshot(page_width=800, captured_height=700), page)
    rows, columns = Span(0, 700), Span(0, 800)
    key = keys.slice_(STEM, rows, columns)
    store.write(key, page)
    Plan(screenshot=sidecar, slices=[Slice(key=key, bands=[rows], columns=columns)]).save(store, keys.plan(STEM))


@pytest.mark.parametrize(
    ("picture", "names"), [("hopper.jpeg", "Grace Hopper"), ("coffee.jpeg", "None")], ids=["somebody", "nobody"]
)
def test_prints_who_is_on_the_page(
    picture: str,
    names: str,
    context: dict[str, Any],
    folder_store: FolderStore,
    demo_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a_page_with(picture, demo_folder, folder_store)
    assert rekognize().execute(context) == RESULT
    assert f"Celebrities detected: {names}" in capsys.readouterr().out
    result = Result.load(folder_store, RESULT)
    assert result.celebrities == [name for name in [names] if name != "None"]
    assert (result.site, result.time) == ("TMZ", RUN_TIME)


def test_the_result_is_written_after_the_evidence(
    context: dict[str, Any], folder_store: FolderStore, written: list[str], demo_folder: Path
) -> None:
    a_page_with("hopper.jpeg", demo_folder, folder_store)
    written.clear()
    rekognize().execute(context)
    assert written == [f"Faces/{STEM}/1.jpeg", RESULT]


def test_without_a_gallery_faces_are_counted_and_the_log_says_how_to_get_names(
    context: dict[str, Any],
    folder_store: FolderStore,
    demo_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CELEBS_GALLERY", str(tmp_path / "none"))
    a_page_with("hopper.jpeg", demo_folder, folder_store)
    rekognize().execute(context)
    result = Result.load(folder_store, RESULT)
    assert (result.faces, result.unrecognised, result.sightings) == (1, 1, [])
    assert "CELEBS_GALLERY" in capsys.readouterr().out


def test_a_success_removes_the_reason_of_an_earlier_failure(
    context: dict[str, Any], folder_store: FolderStore, demo_folder: Path
) -> None:
    with pytest.raises(NotStoredError):
        rekognize().execute(context)
    assert Outcome.load(folder_store, keys.outcome(STEM)).task == "rekognize"
    a_page_with("coffee.jpeg", demo_folder, folder_store)
    rekognize().execute(context)
    assert not folder_store.exists(keys.outcome(STEM))


def test_the_plans_key_is_templated(context: dict[str, Any]) -> None:
    step = rekognize("Slices/{{ params.stem }}/plan.json")
    step.render_template_fields({**context, "params": {"stem": STEM}})
    assert step.plan == keys.plan(STEM)
