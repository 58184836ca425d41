from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout
from selenium.common.exceptions import WebDriverException

from celeb_ops.core import keys
from celeb_ops.core.exceptions import CaptureError, SettingsError, StoreError, StoreRefusedError
from celeb_ops.core.records import Outcome
from celeb_ops.core.settings import Settings
from celeb_ops.operators.base import SiteOperator, time_of
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from pathlib import Path

    from celeb_ops.core.store import Store
    from celeb_ops.operators.base import Step
    from tests.operators.conftest import Watched

STEM = keys.stem("TMZ", RUN_TIME)
OUTCOME = keys.outcome(STEM)
CONTEXT = {"logical_date": RUN_TIME}
NO_PAGE = CaptureError("The site sent no page.")


class Ends(SiteOperator):
    """A step that ends as it is told, and keeps what it was given."""

    def __init__(self, *, how: BaseException | None = None, store: Store | None = None, **kwargs: Any) -> None:
        site = {"name": "TMZ", "url": "https://www.tmz.com/"}
        super().__init__(task_id="screenshot", site=site, execution_timeout=timedelta(seconds=90), **kwargs)
        self.how = how
        if store:
            self.store = store

    def run_step(self, step: Step) -> str:
        self.given = step
        if self.how:
            raise self.how
        return step.stem


@pytest.mark.parametrize(
    ("how", "outcome", "code", "reason"),
    [
        (StoreError("The disk is full."), "failed", "store", "The disk is full."),
        (AirflowSkipException("It is too late."), "skipped", "other", "It is too late."),
        (AirflowTaskTimeout("PID: 1"), "failed", "timeout", "The step was not done within 90 s (execution_timeout)."),
        (ZeroDivisionError(), "failed", "other", "ZeroDivisionError"),
    ],
)
@pytest.mark.parametrize("seen_by", [None, "archive"])
def test_a_step_that_ends_early_leaves_the_reason_and_which_page_it_tried(
    how: BaseException, outcome: str, code: str, reason: str, seen_by: str | None, watched: Watched
) -> None:
    step = Ends(how=how, store=watched)
    step.source = seen_by
    with pytest.raises(type(how)):
        step.execute(CONTEXT)
    left = Outcome.load(watched, OUTCOME)
    assert (left.site, left.time, left.outcome, left.task) == ("TMZ", RUN_TIME, outcome, "screenshot")
    assert (left.reason, left.reason_code) == (reason, code)
    assert left.source == (seen_by if outcome == "failed" else None)


def test_the_cause_of_our_own_error_is_one_log_line(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    class Shoots(Ends):
        def run_step(self, step: Step) -> str:
            try:
                raise WebDriverException("tab crashed", stacktrace=["#0 0x55d1 <unknown>", "#1 0x55d2 <unknown>"])
            except WebDriverException as error:
                raise NO_PAGE from error

    with pytest.raises(CaptureError) as raised:
        Shoots(store=watched).execute(CONTEXT)
    assert "Cause: WebDriverException: tab crashed" in capsys.readouterr().out
    # As Airflow logs it.
    assert "0x55d1" not in "".join(traceback.format_exception(raised.value))


def test_an_unsaved_reason_hides_no_error(watched: Watched) -> None:
    watched.write(keys.REMOVED, b"damaged: [")
    with pytest.raises(ValueError, match="the page"):
        Ends(how=ValueError("the page"), store=watched).execute(CONTEXT)


@pytest.mark.parametrize("how", [None, KeyboardInterrupt()], ids=["done", "killed"])
def test_the_next_try_removes_the_reason_of_the_one_before(how: BaseException | None, watched: Watched) -> None:
    class Looks(Ends):
        def before(self, step: Step) -> None:
            self.found = Outcome.load(step.store, OUTCOME).reason
            super().before(step)

    with pytest.raises(CaptureError):
        Ends(how=NO_PAGE, store=watched).execute(CONTEXT)
    step = Looks(how=how, store=watched)
    if how:
        with pytest.raises(KeyboardInterrupt):
            step.execute(CONTEXT)
    else:
        assert step.execute(CONTEXT) == STEM
    # It may look at it before.
    assert step.found == "The site sent no page."
    assert not watched.exists(OUTCOME)


def test_without_delete_permission_it_only_warns(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.denied = {"delete"}
    assert Ends(store=watched).execute(CONTEXT) == STEM
    assert f"stays: {OUTCOME}: no delete." in capsys.readouterr().out
    # The next reason is still the latest.
    for reason in ("one", "two"):
        with pytest.raises(CaptureError):
            Ends(how=CaptureError(reason), store=watched).execute(CONTEXT)
        assert Outcome.load(watched, OUTCOME).reason == reason


@pytest.mark.parametrize(
    ("verb", "how", "error", "said"),
    [
        ("delete", None, StoreRefusedError("There is no bucket."), "There is no bucket"),
        ("write", NO_PAGE, StoreError("The disk is full."), "The site sent no page"),
    ],
    ids=["before the step", "when its reason is kept"],
)
def test_other_store_errors_end_the_step_but_do_not_hide_the_steps_error(
    verb: str,
    how: Exception | None,
    error: StoreError,
    said: str,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(watched, verb, fail)
    with pytest.raises(type(how or error), match=said):
        Ends(how=how, store=watched).execute(CONTEXT)


def test_the_site_is_templated() -> None:
    step = Ends()
    step.site = {"name": "{{ params.site }}", "url": "https://{{ params.site | lower }}.com/"}
    step.render_template_fields({**CONTEXT, "params": {"site": "PEOPLE"}})
    assert step.site == {"name": "PEOPLE", "url": "https://people.com/"}


def test_an_argument_overrides_the_setting_of_its_name(tmp_path: Path) -> None:
    class Own(Ends):
        overriding_arguments = ("recognizer", "browser_url")
        recognizer, browser_url = "rekognition", None

    settings = Settings(store=str(tmp_path), browser_url="http://grid:4444")
    step = Own(settings=settings)
    assert step.effective_settings == settings.replaced(recognizer="rekognition")
    assert step.store.url("Celebs.csv") == f"{tmp_path}/Celebs.csv"
    step = Own(settings=settings)
    step.recognizer = "azure"
    with pytest.raises(SettingsError, match="CELEBS_RECOGNIZER='azure'"):
        step.execute(CONTEXT)


AFTER = datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("context", "when"),
    [
        ({"logical_date": RUN_TIME}, RUN_TIME),
        ({"dag_run": SimpleNamespace(logical_date=RUN_TIME, run_after=AFTER)}, RUN_TIME),
        ({"dag_run": SimpleNamespace(logical_date=None, run_after=AFTER)}, AFTER.replace(microsecond=0)),
    ],
    ids=["scheduled", "run with a date", "manual run without one"],
)
def test_the_run_time_is_the_logical_date_or_else_when_the_run_was_due(context: Any, when: datetime) -> None:
    assert time_of(context) == when


@pytest.mark.parametrize(
    ("given", "since"),
    [
        ({}, None),
        ({"params": {"rerecognise": False}, "dag_run": SimpleNamespace(start_date=AFTER)}, None),
        ({"params": {"rerecognise": True}, "dag_run": SimpleNamespace(start_date=AFTER)}, AFTER),
    ],
    ids=["without params", "as a rule", "anew"],
)
def test_rerecognise_ignores_responses_from_before_the_run(given: dict[str, Any], since: datetime | None) -> None:
    for _ in range(2):
        # The same at every try: what the first was told counts for the second.
        step = Ends()
        step.execute({**CONTEXT, **given})
        assert step.given.answers_since == since


def test_rerecognise_works_without_a_start_date() -> None:
    step = Ends()
    before = datetime.now(UTC)
    step.execute({**CONTEXT, "params": {"rerecognise": True}})
    assert before <= step.given.answers_since <= datetime.now(UTC)
