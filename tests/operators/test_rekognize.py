from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from celeb_ops.core import keys
from celeb_ops.core.exceptions import BudgetError, FinalCaptureError, NotStoredError, PermanentError, ReasonCode
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Outcome, Plan, Result, Screenshot, Slice, Span
from celeb_ops.core.settings import Settings
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.gallery_file import About, Entry, GalleryContent, Reference
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.paid.budget import Budget
from celeb_ops.recognition.people import Person
from tests.aws.rekognition import ACCESS_KEY, SECRET_KEY, Rekognition, qid_of, serving
from tests.factories import RUN_TIME, a_page, a_screenshot, saved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.operators.conftest import Watched

STEM = keys.stem("TMZ", RUN_TIME)
RESULT = f"Results/{STEM}.json"
SITE = {"name": "TMZ", "url": "https://www.tmz.com/"}


CONTEXT = {"logical_date": RUN_TIME}


@dataclass(frozen=True)
class Rekognize:
    """The step, with the demo's pictures and gallery."""

    store: Watched
    demo: Path

    def __call__(self, context: dict[str, Any] = CONTEXT, **given: Any) -> Result:
        """The result that it wrote."""
        # Photos of the gallery are embedded once for all tests of this file.
        settings = {"gallery": self.demo / "gallery", "cache": self.demo / "cache"} | given
        operator = RekognizeCelebritiesOperator(
            task_id="rekognize", site=SITE, plan=keys.plan(STEM), settings=Settings(**settings)
        )
        operator.store = self.store
        assert operator.execute(context) == RESULT
        return Result.load(self.store, RESULT)

    def shot(self, picture: str, **facts: Any) -> tuple[Screenshot, bytes]:
        """Save a screenshot with a picture of the demo on it."""
        page = a_page(800, 700, {(50, 50): self.demo / "www" / "pictures" / picture})
        shot = a_screenshot(page_width=800, captured_height=700, **facts)
        saved(self.store, shot, page)
        return shot, page

    def cut(self, picture: str) -> None:
        """Save a screenshot and its one slice."""
        shot, page = self.shot(picture)
        rows, columns = Span(0, 700), Span(0, 800)
        key = keys.slice_(STEM, rows, columns)
        self.store.write(key, page)
        slices = [Slice(key=key, bands=[rows], columns=columns)]
        plan = Plan(screenshot=keys.sidecar(STEM), screenshot_digest=shot.digest, slices=slices)
        plan.save(self.store, keys.plan(STEM))


@pytest.fixture
def rekognize(watched: Watched, demo_folder: Path) -> Rekognize:
    return Rekognize(watched, demo_folder)


def cut_again(out: str) -> bool:
    return "the screenshot is cut again." in out


@pytest.mark.parametrize(
    ("picture", "names"), [("hopper.jpeg", ["Grace Hopper"]), ("coffee.jpeg", [])], ids=["somebody", "nobody"]
)
def test_prints_the_names_and_writes_the_result_after_crops(
    picture: str, names: list[str], rekognize: Rekognize, watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    rekognize.cut(picture)
    watched.written.clear()
    result = rekognize()
    assert f"Celebrities detected: {', '.join(names) or 'None'}" in (out := capsys.readouterr().out)
    assert not cut_again(out)
    assert (result.site, result.time, result.celebrities) == ("TMZ", RUN_TIME, names)
    assert watched.written == [*[f"Faces/{STEM}/1.jpeg"] * len(names), RESULT]


def test_without_a_gallery_faces_are_counted_and_the_log_says_how_to_get_names(
    rekognize: Rekognize, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rekognize.cut("hopper.jpeg")
    result = rekognize(gallery=tmp_path / "none")
    assert (result.faces, result.unrecognised, result.sightings) == (1, 1, [])
    assert "CELEBS_GALLERY" in caplog.text


def test_a_success_removes_the_reason_of_an_earlier_failure(rekognize: Rekognize, watched: Watched) -> None:
    with pytest.raises(NotStoredError):
        rekognize()
    assert Outcome.load(watched, keys.outcome(STEM)).task == "rekognize"
    rekognize.cut("coffee.jpeg")
    rekognize()
    assert not watched.exists(keys.outcome(STEM))


class TestSlicesThatWereTidiedAway:
    """They are cut again, and the result is the same as before."""

    @pytest.fixture
    def before(self, rekognize: Rekognize, watched: Watched) -> dict[str, Any]:
        """A step that was done: its result."""
        rekognize.cut("hopper.jpeg")
        slice_ = SliceOperator(task_id="slice", site=SITE, screenshot=keys.sidecar(STEM))
        slice_.store = watched
        slice_.execute(CONTEXT)
        return self.told(rekognize())

    def told(self, result: Result) -> dict[str, Any]:
        assert result.sightings
        return result.model_dump() | {"seconds": 0}

    @pytest.mark.parametrize("plan", [True, False], ids=["and their plan", "but for the plan"])
    def test_are_cut_again(
        self,
        plan: bool,
        before: dict[str, Any],
        rekognize: Rekognize,
        watched: Watched,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        there = list(watched.list("Slices/"))
        for key in there:
            if plan or key != keys.plan(STEM):
                watched.delete(key)
        # Also where the account may not list.
        watched.denied = {"list"}
        assert self.told(rekognize()) == before
        assert cut_again(capsys.readouterr().out)
        assert list(watched.contents("Slices/")) == there

    def test_deleted_during_the_step_are_cut_again_next_try(
        self, before: dict[str, Any], rekognize: Rekognize, watched: Watched, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = watched.read

        def vanishing(key: str) -> bytes:
            if key.startswith("Slices/") and key.endswith(".jpeg"):
                watched.delete(key)
            return read(key)

        with monkeypatch.context() as patch:
            patch.setattr(watched, "read", vanishing)
            with pytest.raises(NotStoredError) as error:
                rekognize()
        # So the task is tried again.
        assert not isinstance(error.value, PermanentError)
        assert self.told(rekognize()) == before
        assert not watched.exists(keys.outcome(STEM))

    def test_are_an_error_if_the_picture_is_gone_too(
        self, before: dict[str, Any], rekognize: Rekognize, watched: Watched
    ) -> None:
        watched.delete(keys.image(STEM, 1, "jpeg"))
        # They are not needed for a picture that is gone while they are there.
        assert self.told(rekognize()) == before
        sidecar = keys.sidecar(STEM)
        Screenshot.load(watched, sidecar).model_copy(update={"source": "archive"}).save(watched, sidecar)
        for key in list(watched.list("Slices/")):
            watched.delete(key)
        with pytest.raises(FinalCaptureError, match=r"CELEBS_KEEP_IMAGES_DAYS.*: run it with recapture") as error:
            rekognize()
        assert error.value.reason_code is ReasonCode.PICTURES_GONE
        left = Outcome.load(watched, keys.outcome(STEM))
        assert (left.outcome, left.task, left.source) == ("failed", "rekognize", "archive")
        assert left.reason == str(error.value)
        # What was known stays.
        assert self.told(Result.load(watched, RESULT)) == before
        assert not watched.exists(keys.plan(STEM))


class TestAnotherScreenshotThanWasCut:
    """As where the screenshot's task alone was done anew: its slices are cut again."""

    @pytest.fixture(autouse=True)
    def of_hopper(self, rekognize: Rekognize) -> None:
        rekognize.cut("hopper.jpeg")
        rekognize()

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
        self, facts: dict[str, Any], rekognize: Rekognize, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rekognize.shot("collins.jpeg", **facts)
        assert rekognize().celebrities == ["Eileen Collins"]
        assert "cut from another screenshot than the one that is stored now" in capsys.readouterr().out

    def test_is_cut_again_if_the_plan_has_no_digest(self, rekognize: Rekognize, watched: Watched) -> None:
        rekognize.shot("collins.jpeg")
        plan = Plan.load(watched, keys.plan(STEM))
        watched.write(keys.plan(STEM), plan.model_dump_json(exclude={"screenshot_digest"}).encode())
        assert rekognize().celebrities == ["Eileen Collins"]

    def test_is_not_one_with_emptied_words(
        self, rekognize: Rekognize, watched: Watched, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sidecar = keys.sidecar(STEM)
        shot = Screenshot.load(watched, sidecar)
        shot.model_copy(update={"title": "", "final_url": ""}).save(watched, sidecar)
        assert rekognize().celebrities == ["Grace Hopper"]
        assert not cut_again(capsys.readouterr().out)


class TestRekognition:
    """What the settings and the run ask for."""

    @pytest.fixture
    def service(self, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rekognition]:
        """One that knows the demo's people, and is the one to ask."""
        with serving(LocalRecognizer(Gallery.load(demo_folder / "gallery", demo_folder / "cache"))) as service:
            for name, value in {
                "AWS_ENDPOINT_URL_REKOGNITION": service.url,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_DEFAULT_REGION": "us-east-1",
            }.items():
                monkeypatch.setenv(name, value)
            yield service

    @pytest.fixture
    def asked(self, service: Rekognition, rekognize: Rekognize) -> Callable[..., Result]:
        rekognize.cut("hopper.jpeg")
        return partial(rekognize, recognizer="rekognition")

    def test_is_called_once_and_again_on_rerecognise(self, asked: Callable[..., Result], service: Rekognition) -> None:
        for _ in range(2):
            asked()
            assert service.calls == 1
        run = SimpleNamespace(start_date=datetime.now(UTC) + timedelta(seconds=1), logical_date=RUN_TIME)
        result = asked({**CONTEXT, "params": {"rerecognise": True}, "dag_run": run})
        assert service.calls == 2
        assert (result.celebrities, result.calls, result.cost_usd) == (["Grace Hopper"], 1, 0.001)

    def test_a_name_becomes_the_gallerys(self, asked: Callable[..., Result], tmp_path: Path) -> None:
        qid = qid_of("Grace Hopper")
        known = Person("Grace Murray Hopper", qid)
        entry = Entry(known, "", 9, np.zeros((1, 128), np.float32), (Reference("File:Hopper.jpg", "aa" * 20),))
        gallery_file.write(tmp_path / "gallery" / gallery_file.FILE, GalleryContent([entry], About()))
        (one,) = asked(gallery=tmp_path / "gallery").sightings
        assert (one.name, one.qid) == ("Grace Murray Hopper", qid)

    def test_a_spent_budget_ends_the_step_before_it_asks(
        self, asked: Callable[..., Result], watched: Watched, service: Rekognition
    ) -> None:
        Budget(watched, "PEOPLE", RUN_TIME, 1).take(set(), {"another site's picture"})
        with pytest.raises(BudgetError, match="TMZ needs 1 call of"):
            asked(budget=1)
        assert service.calls == 0
        assert "CELEBS_BUDGET" in Outcome.load(watched, keys.outcome(STEM)).reason


def test_the_plan_and_the_service_are_templated() -> None:
    step = RekognizeCelebritiesOperator(
        task_id="rekognize",
        site=SITE,
        plan="Slices/{{ params.stem }}/plan.json",
        recognizer="{{ params.by }}",
        region_name="{{ params.region }}",
    )
    step.render_template_fields({"params": {"stem": STEM, "by": "rekognition", "region": "eu-west-1"}})
    assert (step.plan, step.recognizer, step.region_name) == (keys.plan(STEM), "rekognition", "eu-west-1")
    assert step.effective_settings.recognizer == "rekognition"
