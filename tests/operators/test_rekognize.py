from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops import keys
from celeb_ops.exceptions import BudgetError, NotStoredError
from celeb_ops.geometry import Box
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.recognition import Face
from celeb_ops.recognition.budget import Budget
from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.local import LocalRecognizer
from celeb_ops.records import Outcome, Plan, Result, Slice, Span
from tests.aws.rekognition import ACCESS_KEY, SECRET_KEY, Rekognition, serving
from tests.factories import RUN_TIME, a_page, a_screenshot, saved

if TYPE_CHECKING:
    from collections.abc import Iterator
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


class Unsure:
    """A recogniser that is 79 % sure of one face."""

    def recognize(self, picture: bytes) -> list[Face]:
        return [Face(Box(100, 100, 80, 80), "Grace Hopper", confidence=79)]


class TestRekognition:
    """The terms of the settings and of the run."""

    @pytest.fixture
    def service(self, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rekognition]:
        """One that knows the demo's people, and is the one to ask."""
        with serving(LocalRecognizer(Gallery.load(demo_folder / "gallery", demo_folder / "cache"))) as service:
            for name, value in {
                "CELEBS_RECOGNIZER": "rekognition",
                "AWS_ENDPOINT_URL_REKOGNITION": service.url,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_DEFAULT_REGION": "us-east-1",
            }.items():
                monkeypatch.setenv(name, value)
            yield service

    @pytest.fixture(autouse=True)
    def page(self, demo_folder: Path, folder_store: FolderStore) -> None:
        a_page_with("hopper.jpeg", demo_folder, folder_store)

    def test_is_asked_once_and_anew_where_the_run_says_so(
        self, context: dict[str, Any], folder_store: FolderStore, service: Rekognition
    ) -> None:
        for _ in range(2):
            rekognize().execute(context)
            assert service.calls == 1
        run = SimpleNamespace(start_date=datetime.now(UTC) + timedelta(seconds=1), logical_date=RUN_TIME)
        rekognize().execute({**context, "params": {"rerecognise": True}, "dag_run": run})
        assert service.calls == 2
        result = Result.load(folder_store, RESULT)
        assert (result.celebrities, result.calls, result.cost_usd) == (["Grace Hopper"], 1, 0.001)

    def test_names_below_the_floor_are_none(
        self,
        context: dict[str, Any],
        folder_store: FolderStore,
        service: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        service.recognizer = Unsure()
        for floor, told in (("80", ([], 1, 1)), ("79", (["Grace Hopper"], 1, 0))):
            monkeypatch.setenv("CELEBS_MIN_CONFIDENCE", floor)
            rekognize().execute(context)
            result = Result.load(folder_store, RESULT)
            assert (result.celebrities, result.faces, result.unrecognised) == told
        # What is kept is the answer: another floor asks for no other one.
        assert service.calls == 1

    def test_a_spent_budget_ends_the_step_before_it_asks(
        self,
        context: dict[str, Any],
        folder_store: FolderStore,
        service: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CELEBS_BUDGET", "1")
        Budget(folder_store, "PEOPLE", RUN_TIME, 1).take(set(), {"another site's picture"})
        with pytest.raises(BudgetError, match="TMZ needs 1 call of"):
            rekognize().execute(context)
        assert service.calls == 0
        assert "CELEBS_BUDGET" in Outcome.load(folder_store, keys.outcome(STEM)).reason


def test_the_plans_key_is_templated(context: dict[str, Any]) -> None:
    step = rekognize("Slices/{{ params.stem }}/plan.json")
    step.render_template_fields({**context, "params": {"stem": STEM}})
    assert step.plan == keys.plan(STEM)
