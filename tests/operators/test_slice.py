from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops import keys
from celeb_ops.exceptions import EmptyPictureError, NotPermittedError, PermanentError, PictureGoneError
from celeb_ops.geometry import Box
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.records import Outcome, Picture, Plan, Screenshot, Span
from celeb_ops.store import S3Store
from tests.factories import RUN_TIME, a_picture, a_screenshot, saved

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from celeb_ops.store import FolderStore, Store

STEM = keys.stem("TMZ", RUN_TIME)
PLAN = f"Slices/{STEM}/plan.json"


def slices(screenshot: str = keys.sidecar(STEM)) -> SliceOperator:
    return SliceOperator(task_id="slice", site={"name": "TMZ", "url": "https://www.tmz.com/"}, screenshot=screenshot)


def a_page(store: Store, height: int = 3_000) -> str:
    pictures = [Picture(box=Box(0, 0, 300, height), src="")]
    return saved(store, a_screenshot(captured_height=height, page_width=300, pictures=pictures), a_picture(300, height))


def test_the_plan_is_written_after_all_its_slices(
    context: dict[str, Any], folder_store: FolderStore, written: list[str]
) -> None:
    sidecar = a_page(folder_store)
    written.clear()

    assert slices(sidecar).execute(context) == PLAN

    plan = Plan.load(folder_store, PLAN)
    assert plan.screenshot == sidecar
    assert [one.bands for one in plan.slices] == [[Span(0, 1_920)], [Span(1_080, 3_000)]]
    assert written == [*(one.key for one in plan.slices), PLAN]


def test_slicing_again_gives_the_same_slices(context: dict[str, Any], folder_store: FolderStore) -> None:
    a_page(folder_store)
    slices().execute(context)
    before = {key: folder_store.read(key) for key in folder_store.list("Slices/")}
    slices().execute(context)
    after = {key: folder_store.read(key) for key in folder_store.list("Slices/")}
    # How long it took is the one thing that differs.
    plans = [json.loads(content.pop(PLAN)) | {"seconds": 0} for content in (before, after)]
    assert before == after
    assert plans[0] == plans[1]


class TestSlicesOfAnEarlierTry:
    """They were cut of a taller page."""

    @pytest.fixture
    def before(self, context: dict[str, Any], folder_store: FolderStore) -> Plan:
        a_page(folder_store)
        slices().execute(context)
        folder_store.write(f"Slices/{STEM}x/y0.jpeg", b"another's")
        return Plan.load(folder_store, PLAN)

    @pytest.fixture
    def now(self, before: Plan, folder_store: FolderStore) -> str:
        """Another screenshot in the place of that."""
        return a_page(folder_store, 1_500)

    def test_go(self, now: str, context: dict[str, Any], folder_store: FolderStore) -> None:
        slices().execute(context)
        plan = Plan.load(folder_store, PLAN)
        assert set(folder_store.list(f"Slices/{STEM}/")) == {PLAN, *(one.key for one in plan.slices)}
        assert folder_store.exists(f"Slices/{STEM}x/y0.jpeg")

    @pytest.mark.parametrize("at", [1, 2, 3], ids=["at the first slice", "when the others go", "before the plan"])
    def test_have_no_plan_when_a_new_one_is_killed(
        self,
        at: int,
        before: Plan,
        context: dict[str, Any],
        folder_store: FolderStore,
        written: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Of the same keys: nobody could see that the plan is of other slices."""
        a_page(folder_store)

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(*{1: (folder_store, "write"), 2: (folder_store, "list"), 3: (Plan, "save")}[at], die)
            with pytest.raises(KeyboardInterrupt):
                slices().execute(context)
        assert not folder_store.exists(PLAN)

    def test_stay_with_their_plan_where_the_new_ones_can_not_be_cut(
        self, before: Plan, context: dict[str, Any], folder_store: FolderStore
    ) -> None:
        folder_store.delete(keys.image(STEM, 1, "jpeg"))
        with pytest.raises(PictureGoneError):
            slices().execute(context)
        assert Plan.load(folder_store, PLAN) == before
        assert all(folder_store.exists(one.key) for one in before.slices)

    @pytest.mark.parametrize("verb", ["list", "delete"])
    def test_stay_with_a_warning_where_the_store_forbids_that(
        self,
        verb: str,
        now: str,
        context: dict[str, Any],
        folder_store: FolderStore,
        written: list[str],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def refused(key: str) -> None:
            raise NotPermittedError(f"{key}: no {verb}.")

        there = set(folder_store.list("Slices/"))
        monkeypatch.setattr(folder_store, verb, refused)
        assert slices().execute(context) == PLAN
        assert f": no {verb}." in caplog.text
        monkeypatch.undo()
        assert there <= set(folder_store.list("Slices/"))
        assert Plan.load(folder_store, PLAN).screenshot_digest == Screenshot.load(folder_store, now).digest


def test_a_failure_says_which_page_was_cut(context: dict[str, Any], folder_store: FolderStore) -> None:
    saved(folder_store, a_screenshot(source="archive"), b"no picture")
    with pytest.raises(EmptyPictureError):
        slices().execute(context)
    assert Outcome.load(folder_store, keys.outcome(STEM)).source == "archive"


def test_a_screenshot_with_a_broken_picture_fails_with_a_sentence(
    context: dict[str, Any], folder_store: FolderStore
) -> None:
    saved(folder_store, a_screenshot(), b"")
    with pytest.raises(EmptyPictureError):
        slices().execute(context)
    left = Outcome.load(folder_store, keys.outcome(STEM))
    assert (left.outcome, left.task) == ("failed", "slice")
    assert f"Images/{STEM}.jpeg" in left.reason


def test_a_picture_that_was_tidied_away_is_an_error_that_says_so(
    context: dict[str, Any], folder_store: FolderStore
) -> None:
    a_page(folder_store)
    folder_store.delete(keys.image(STEM, 1, "jpeg"))
    with pytest.raises(PictureGoneError, match=r"CELEBS_KEEP_IMAGES_DAYS.*: run it with recapture") as error:
        slices().execute(context)
    assert isinstance(error.value, PermanentError)
    assert Outcome.load(folder_store, keys.outcome(STEM)).reason == str(error.value)


def test_the_screenshots_key_is_templated(context: dict[str, Any]) -> None:
    step = slices("Images/{{ params.stem }}.json")
    step.render_template_fields({**context, "params": {"stem": STEM}})
    assert step.screenshot == keys.sidecar(STEM)


def test_the_store_may_be_a_bucket_by_an_airflow_connection(
    context: dict[str, Any],
    bucket: str,
    s3_client: S3Client,
    s3_endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extra = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CELEBS_S3", json.dumps(connection))
    monkeypatch.setenv("CELEBS_STORE", f"s3://{bucket}/press")
    a_page(S3Store(s3_client, bucket, "press"))

    assert slices().execute(context) == PLAN

    found = s3_client.list_objects_v2(Bucket=bucket, Prefix="press/Slices/")["Contents"]
    assert [entry["Key"] for entry in found] == [
        f"press/Slices/{STEM}/{name}"
        for name in ("plan.json", "y000000-001920_x0000-0300.jpeg", "y001080-003000_x0000-0300.jpeg")
    ]
