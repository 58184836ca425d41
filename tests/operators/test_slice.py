from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from celeb_ops.core import keys
from celeb_ops.core.exceptions import FinalCaptureError, ReasonCode
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Outcome, Picture, Plan, Screenshot, Span
from celeb_ops.core.store import S3Store
from celeb_ops.operators.slice import SliceOperator
from tests.factories import RUN_TIME, a_picture, a_screenshot, saved

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from celeb_ops.core.store import Store
    from tests.operators.conftest import Watched

STEM = keys.stem("TMZ", RUN_TIME)
PLAN = f"Slices/{STEM}/plan.json"
CONTEXT = {"logical_date": RUN_TIME}


def slices(store: Store | None = None, screenshot: str = keys.sidecar(STEM)) -> SliceOperator:
    site = {"name": "TMZ", "url": "https://www.tmz.com/"}
    operator = SliceOperator(task_id="slice", site=site, screenshot=screenshot)
    if store:
        operator.store = store
    return operator


def a_page(store: Store, height: int = 3_000) -> str:
    pictures = [Picture(box=Box(0, 0, 300, height), src="")]
    return saved(store, a_screenshot(captured_height=height, page_width=300, pictures=pictures), a_picture(300, height))


def test_the_plan_is_written_after_its_slices_and_a_rerun_is_the_same(watched: Watched) -> None:
    sidecar = a_page(watched)
    watched.written.clear()
    assert slices(watched).execute(CONTEXT) == PLAN
    plan = Plan.load(watched, PLAN)
    assert plan.screenshot == sidecar
    assert [one.bands for one in plan.slices] == [[Span(0, 1_920)], [Span(1_080, 3_000)]]
    assert watched.written == [*(one.key for one in plan.slices), PLAN]

    before = watched.contents("Slices/")
    slices(watched).execute(CONTEXT)
    after = watched.contents("Slices/")
    # How long it took is the one thing that differs.
    plans = [json.loads(content.pop(PLAN)) | {"seconds": 0} for content in (before, after)]
    assert before == after
    assert plans[0] == plans[1]


class TestSlicesOfAnEarlierTry:
    """They were cut of a taller page."""

    @pytest.fixture
    def before(self, watched: Watched) -> Plan:
        a_page(watched)
        slices(watched).execute(CONTEXT)
        watched.write(f"Slices/{STEM}x/y0.jpeg", b"another's")
        return Plan.load(watched, PLAN)

    def test_go(self, before: Plan, watched: Watched) -> None:
        a_page(watched, 1_500)
        slices(watched).execute(CONTEXT)
        plan = Plan.load(watched, PLAN)
        assert set(watched.list(f"Slices/{STEM}/")) == {PLAN, *(one.key for one in plan.slices)}
        assert watched.exists(f"Slices/{STEM}x/y0.jpeg")

    @pytest.mark.parametrize("at", [1, 2, 3], ids=["at the first slice", "when the others go", "before the plan"])
    def test_lose_their_plan_if_a_rerun_is_killed(
        self, at: int, before: Plan, watched: Watched, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They share keys, so the old plan would seem to fit."""
        a_page(watched)

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(*{1: (watched, "write"), 2: (watched, "list"), 3: (Plan, "save")}[at], die)
            with pytest.raises(KeyboardInterrupt):
                slices(watched).execute(CONTEXT)
        assert not watched.exists(PLAN)

    @pytest.mark.parametrize("verb", ["list", "delete"])
    def test_stay_with_a_warning_where_the_store_forbids_that(
        self, verb: str, before: Plan, watched: Watched, capsys: pytest.CaptureFixture[str]
    ) -> None:
        now = a_page(watched, 1_500)
        there = set(watched.contents("Slices/"))
        watched.denied = {verb}
        assert slices(watched).execute(CONTEXT) == PLAN
        out = capsys.readouterr().out
        assert out.count("Files of an earlier try, if there are any, stay: Slices/") == 1
        assert f": no {verb}." in out
        assert there <= set(watched.contents("Slices/"))
        assert Plan.load(watched, PLAN).screenshot_digest == Screenshot.load(watched, now).digest


def test_a_broken_picture_fails_with_a_sentence_that_says_which_page_was_cut(watched: Watched) -> None:
    saved(watched, a_screenshot(source="archive"), b"no picture")
    with pytest.raises(FinalCaptureError):
        slices(watched).execute(CONTEXT)
    left = Outcome.load(watched, keys.outcome(STEM))
    assert (left.outcome, left.task, left.source) == ("failed", "slice", "archive")
    assert f"Images/{STEM}.jpeg" in left.reason


def test_a_picture_deleted_by_retention_is_an_error_and_slices_stay(watched: Watched) -> None:
    a_page(watched)
    slices(watched).execute(CONTEXT)
    before = watched.contents("Slices/")
    watched.delete(keys.image(STEM, 1, "jpeg"))
    with pytest.raises(FinalCaptureError, match=r"CELEBS_KEEP_IMAGES_DAYS.*: run it with recapture") as error:
        slices(watched).execute(CONTEXT)
    left = Outcome.load(watched, keys.outcome(STEM))
    assert (left.reason, left.reason_code) == (str(error.value), ReasonCode.PICTURES_GONE)
    assert watched.contents("Slices/") == before


def test_the_screenshots_key_is_templated() -> None:
    step = slices(screenshot="Images/{{ params.stem }}.json")
    step.render_template_fields({**CONTEXT, "params": {"stem": STEM}})
    assert step.screenshot == keys.sidecar(STEM)


def test_the_store_may_be_a_bucket_by_an_airflow_connection(
    bucket: str, s3_client: S3Client, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CELEBS_S3", json.dumps(connection))
    monkeypatch.setenv("CELEBS_STORE", f"s3://{bucket}/press")
    store = S3Store(s3_client, bucket, "press")
    a_page(store)
    assert slices().execute(CONTEXT) == PLAN
    names = ("plan.json", "y000000-001920_x0000-0300.jpeg", "y001080-003000_x0000-0300.jpeg")
    assert list(store.list("Slices/")) == [f"Slices/{STEM}/{name}" for name in names]
