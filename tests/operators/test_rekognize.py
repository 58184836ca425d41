from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from celeb_ops import keys
from celeb_ops.exceptions import (
    BudgetError,
    CelebsError,
    NotPermittedError,
    NotStoredError,
    PermanentError,
    PictureGoneError,
)
from celeb_ops.geometry import Box
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.recognition import Face, gallery_file
from celeb_ops.recognition.budget import Budget
from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.gallery_file import About, Entry, Reference, Whole
from celeb_ops.recognition.local import LocalRecognizer
from celeb_ops.recognition.people import Person
from celeb_ops.records import Outcome, Plan, Result, Screenshot, Slice, Span
from tests.aws.rekognition import ACCESS_KEY, SECRET_KEY, Rekognition, qid_of, serving
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
    shot = a_screenshot(page_width=800, captured_height=700)
    sidecar = saved(store, shot, page)
    rows, columns = Span(0, 700), Span(0, 800)
    key = keys.slice_(STEM, rows, columns)
    store.write(key, page)
    slices = [Slice(key=key, bands=[rows], columns=columns)]
    Plan(screenshot=sidecar, screenshot_digest=shot.digest, slices=slices).save(store, keys.plan(STEM))


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


def test_a_failure_says_which_page_was_looked_at(
    context: dict[str, Any], folder_store: FolderStore, demo_folder: Path
) -> None:
    a_page_with("hopper.jpeg", demo_folder, folder_store)
    sidecar = keys.sidecar(STEM)
    archived = Screenshot.load(folder_store, sidecar).model_copy(update={"source": "archive"})
    archived.save(folder_store, sidecar)
    for lost in (*folder_store.list(f"Slices/{STEM}/y"), archived.parts[0].key):
        folder_store.delete(lost)
    with pytest.raises(CelebsError):
        rekognize().execute(context)
    assert Outcome.load(folder_store, keys.outcome(STEM)).source == "archive"


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
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("CELEBS_GALLERY", str(tmp_path / "none"))
    a_page_with("hopper.jpeg", demo_folder, folder_store)
    rekognize().execute(context)
    result = Result.load(folder_store, RESULT)
    assert (result.faces, result.unrecognised, result.sightings) == (1, 1, [])
    assert "CELEBS_GALLERY" in caplog.text


def test_a_success_removes_the_reason_of_an_earlier_failure(
    context: dict[str, Any], folder_store: FolderStore, demo_folder: Path
) -> None:
    with pytest.raises(NotStoredError):
        rekognize().execute(context)
    assert Outcome.load(folder_store, keys.outcome(STEM)).task == "rekognize"
    a_page_with("coffee.jpeg", demo_folder, folder_store)
    rekognize().execute(context)
    assert not folder_store.exists(keys.outcome(STEM))


class TestSlicesThatWereTidiedAway:
    """They are cut again, and the result is the same as before."""

    @pytest.fixture
    def before(self, context: dict[str, Any], folder_store: FolderStore, demo_folder: Path) -> dict[str, Any]:
        """A step that was done: its result."""
        a_page_with("hopper.jpeg", demo_folder, folder_store)
        slice_ = SliceOperator(
            task_id="slice", site={"name": "TMZ", "url": "https://www.tmz.com/"}, screenshot=keys.sidecar(STEM)
        )
        for old in list(folder_store.list("Slices/")):
            folder_store.delete(old)
        slice_.execute(context)
        rekognize().execute(context)
        return self.told(folder_store)

    def told(self, store: FolderStore) -> dict[str, Any]:
        result = Result.load(store, RESULT).model_dump()
        assert result["sightings"]
        return result | {"seconds": 0}

    def tidy(self, store: FolderStore, *, plan: bool) -> list[str]:
        """Remove the slices; what was there."""
        there = list(store.list("Slices/"))
        for key in there:
            if plan or key != keys.plan(STEM):
                store.delete(key)
        return there

    @pytest.mark.parametrize("plan", [True, False], ids=["and their plan", "but for the plan"])
    def test_are_cut_again(
        self,
        plan: bool,
        before: dict[str, Any],
        context: dict[str, Any],
        folder_store: FolderStore,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        there = self.tidy(folder_store, plan=plan)
        capsys.readouterr()
        assert rekognize().execute(context) == RESULT
        assert "not in the store any more: the screenshot is cut again." in capsys.readouterr().out
        assert self.told(folder_store) == before
        assert list(folder_store.list("Slices/")) == there

    def test_that_are_all_there_are_not(
        self, before: dict[str, Any], context: dict[str, Any], folder_store: FolderStore, written: list[str]
    ) -> None:
        rekognize().execute(context)
        assert [key for key in written if key.startswith("Slices/")] == []

    def test_are_found_lacking_one_by_one_where_listing_is_not_permitted(
        self,
        before: dict[str, Any],
        context: dict[str, Any],
        folder_store: FolderStore,
        written: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def refused(prefix: str) -> list[str]:
            raise NotPermittedError("no")

        monkeypatch.setattr(folder_store, "list", refused)
        rekognize().execute(context)
        assert not any(key.startswith("Slices/") for key in written)
        for one in Plan.load(folder_store, keys.plan(STEM)).slices:
            folder_store.delete(one.key)
        rekognize().execute(context)
        assert any(key.startswith("Slices/") for key in written)
        assert self.told(folder_store) == before

    @pytest.mark.usefixtures("written")
    def test_while_the_step_works_are_cut_again_by_the_next_try(
        self,
        before: dict[str, Any],
        context: dict[str, Any],
        folder_store: FolderStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        read = folder_store.read

        def vanishing(key: str) -> bytes:
            if key.startswith("Slices/") and key.endswith(".jpeg"):
                folder_store.delete(key)
            return read(key)

        with monkeypatch.context() as patch:
            patch.setattr(folder_store, "read", vanishing)
            with pytest.raises(NotStoredError) as error:
                rekognize().execute(context)
        # So the task is tried again.
        assert not isinstance(error.value, PermanentError)
        assert rekognize().execute(context) == RESULT
        assert self.told(folder_store) == before
        assert not folder_store.exists(keys.outcome(STEM))

    def test_with_the_screenshot_s_picture_are_an_error_that_says_so(
        self, before: dict[str, Any], context: dict[str, Any], folder_store: FolderStore
    ) -> None:
        self.tidy(folder_store, plan=True)
        folder_store.delete(keys.image(STEM, 1, "jpeg"))
        with pytest.raises(PictureGoneError, match=r"CELEBS_KEEP_IMAGES_DAYS.*: run it with recapture") as error:
            rekognize().execute(context)
        assert isinstance(error.value, PermanentError)
        left = Outcome.load(folder_store, keys.outcome(STEM))
        assert (left.outcome, left.task) == ("failed", "rekognize")
        assert left.reason == str(error.value)
        # What was known stays.
        assert self.told(folder_store) == before
        assert not folder_store.exists(keys.plan(STEM))

    def test_are_not_needed_for_a_picture_that_is_gone_while_they_are_there(
        self, before: dict[str, Any], context: dict[str, Any], folder_store: FolderStore
    ) -> None:
        folder_store.delete(keys.image(STEM, 1, "jpeg"))
        rekognize().execute(context)
        assert self.told(folder_store) == before


class TestAnotherScreenshotThanWasCut:
    """As where the screenshot's task alone was done anew: its slices are cut again."""

    @pytest.fixture(autouse=True)
    def of_hopper(self, context: dict[str, Any], folder_store: FolderStore, demo_folder: Path) -> None:
        a_page_with("hopper.jpeg", demo_folder, folder_store)
        rekognize().execute(context)

    def named(self, context: dict[str, Any], store: FolderStore) -> list[str]:
        rekognize().execute(context)
        return Result.load(store, RESULT).celebrities

    def replace(self, store: FolderStore, demo_folder: Path, **facts: Any) -> None:
        page = a_page(800, 700, {(50, 50): demo_folder / "www" / "pictures" / "collins.jpeg"})
        saved(store, a_screenshot(page_width=800, captured_height=700, **facts), page)

    @pytest.mark.parametrize(
        "facts",
        [
            {"captured_at": RUN_TIME + timedelta(hours=1)},
            {"source": "archive"},
            {"memento": "https://archive.example/2"},
            # The same copy in the archive, seen again.
            {"timings": {"open": 1.1}},
            {"blurred": [Box(0, 0, 10, 10)]},
        ],
        ids=lambda facts: next(iter(facts)),
    )
    def test_is_cut_again(
        self,
        facts: dict[str, Any],
        context: dict[str, Any],
        folder_store: FolderStore,
        demo_folder: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.replace(folder_store, demo_folder, **facts)
        assert self.named(context, folder_store) == ["Eileen Collins"]
        assert "cut from another screenshot than the one that is stored now" in capsys.readouterr().out

    def test_so_it_is_where_an_old_plan_does_not_say(
        self, context: dict[str, Any], folder_store: FolderStore, demo_folder: Path
    ) -> None:
        self.replace(folder_store, demo_folder)
        plan = Plan.load(folder_store, keys.plan(STEM))
        folder_store.write(keys.plan(STEM), plan.model_dump_json(exclude={"screenshot_digest"}).encode())
        assert self.named(context, folder_store) == ["Eileen Collins"]

    def test_is_not_the_one_whose_words_were_emptied(
        self, context: dict[str, Any], folder_store: FolderStore, written: list[str]
    ) -> None:
        sidecar = keys.sidecar(STEM)
        shot = Screenshot.load(folder_store, sidecar)
        shot.model_copy(update={"title": "", "final_url": ""}).save(folder_store, sidecar)
        written.clear()
        assert self.named(context, folder_store) == ["Grace Hopper"]
        assert not any(key.startswith("Slices/") for key in written)


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

    def test_a_name_becomes_the_gallerys(
        self,
        context: dict[str, Any],
        folder_store: FolderStore,
        service: Rekognition,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        qid = qid_of("Grace Hopper")
        known = Person("Grace Murray Hopper", qid)
        entry = Entry(known, "", 9, np.zeros((1, 128), np.float32), (Reference("File:Hopper.jpg", "aa" * 20),))
        gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, Whole([entry], About()))
        monkeypatch.setenv("CELEBS_GALLERY", str(tmp_path / "gallery"))
        rekognize().execute(context)
        (one,) = Result.load(folder_store, RESULT).sightings
        assert (one.name, one.qid) == ("Grace Murray Hopper", qid)

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
