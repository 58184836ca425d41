from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from celeb_ops import keys
from celeb_ops.exceptions import CaptureError, NotPermittedError, StoreError, StoreRefusedError
from celeb_ops.operators.base import SiteOperator, time_of
from celeb_ops.records import Outcome
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.operators.base import Step
    from celeb_ops.store import FolderStore

SITE = {"name": "TMZ", "url": "https://www.tmz.com/"}
OUTCOME = keys.outcome(keys.stem("TMZ", RUN_TIME))


class _Ends(SiteOperator):
    """A step that ends as it is told."""

    def __init__(self, *, how: BaseException | None = None, **kwargs: Any) -> None:
        super().__init__(site=SITE, **kwargs)
        self.how = how

    def run_step(self, step: Step) -> str:
        if self.how:
            raise self.how
        return step.stem


def ends(how: BaseException | None = None, **given: Any) -> _Ends:
    return _Ends(task_id="screenshot", how=how, **given)


def test_a_step_knows_its_site_and_its_run_time(context: dict[str, Any]) -> None:
    assert ends().execute(context) == "TMZ_Nov_23_2026_08H_00M_00S"


@pytest.mark.parametrize(
    ("how", "outcome", "reason"),
    [
        (CaptureError("The site sent no page."), "failed", "The site sent no page."),
        (AirflowSkipException("It is too late."), "skipped", "It is too late."),
        (AirflowTaskTimeout("Timeout, PID: 1"), "failed", "The step was not done within 90 s (execution_timeout)."),
        (ZeroDivisionError(), "failed", "ZeroDivisionError"),
    ],
)
def test_a_step_that_ends_early_leaves_the_reason(
    how: BaseException, outcome: str, reason: str, context: dict[str, Any], folder_store: FolderStore
) -> None:
    with pytest.raises(type(how)):
        ends(how, execution_timeout=timedelta(seconds=90)).execute(context)

    left = Outcome.load(folder_store, OUTCOME)
    assert (left.site, left.time, left.outcome, left.task) == ("TMZ", RUN_TIME, outcome, "screenshot")
    assert left.reason == reason
    assert left.source is None


@pytest.mark.parametrize(
    ("how", "source"),
    [(CaptureError("The site sent no page."), "archive"), (AirflowSkipException("There is none."), None)],
    ids=["failed", "skipped"],
)
def test_a_failure_says_which_page_was_tried(
    how: Exception, source: str | None, context: dict[str, Any], folder_store: FolderStore
) -> None:
    step = ends(how)
    step.seen_by = "archive"
    with pytest.raises(type(how)):
        step.execute(context)
    assert Outcome.load(folder_store, OUTCOME).source == source


def test_a_step_may_look_at_the_reason_before_it_is_removed(context: dict[str, Any], folder_store: FolderStore) -> None:
    class Looks(_Ends):
        def before(self, step: Step) -> None:
            self.found = Outcome.load(step.store, OUTCOME).reason
            super().before(step)

    with pytest.raises(CaptureError):
        ends(CaptureError("The site sent no page.")).execute(context)
    step = Looks(task_id="screenshot")
    step.execute(context)
    assert step.found == "The site sent no page."
    assert not folder_store.exists(OUTCOME)


def test_the_next_try_removes_the_reason_of_the_one_before(context: dict[str, Any], folder_store: FolderStore) -> None:
    with pytest.raises(CaptureError):
        ends(CaptureError("The site sent no page.")).execute(context)
    ends().execute(context)
    assert not folder_store.exists(OUTCOME)


def test_the_reason_of_a_killed_try_is_not_the_one_before(context: dict[str, Any], folder_store: FolderStore) -> None:
    with pytest.raises(CaptureError):
        ends(CaptureError("The site sent no page.")).execute(context)
    with pytest.raises(KeyboardInterrupt):
        ends(KeyboardInterrupt()).execute(context)
    assert not folder_store.exists(OUTCOME)


def test_a_store_that_lets_nobody_delete_costs_a_warning_only(
    context: dict[str, Any],
    folder_store: FolderStore,
    written: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def forbidden(key: str) -> None:
        raise NotPermittedError(f"{key} could not be deleted: AccessDenied.")

    monkeypatch.setattr(folder_store, "delete", forbidden)
    assert ends().execute(context) == "TMZ_Nov_23_2026_08H_00M_00S"
    assert f"stays: {OUTCOME} could not be deleted: AccessDenied." in capsys.readouterr().out
    # The next reason is still the latest.
    for reason in ("one", "two"):
        with pytest.raises(CaptureError):
            ends(CaptureError(reason)).execute(context)
        assert Outcome.load(folder_store, OUTCOME).reason == reason


def test_any_other_trouble_with_the_store_ends_the_step_at_once(
    context: dict[str, Any], folder_store: FolderStore, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(key: str) -> None:
        raise StoreRefusedError("There is no bucket.")

    monkeypatch.setattr(folder_store, "delete", nowhere)
    with pytest.raises(StoreRefusedError, match="There is no bucket"):
        ends().execute(context)


def test_a_reason_that_can_not_be_kept_does_not_hide_the_error(
    context: dict[str, Any], folder_store: FolderStore, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, content: bytes) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(folder_store, "write", full)
    with pytest.raises(CaptureError, match="The site sent no page"):
        ends(CaptureError("The site sent no page.")).execute(context)


def test_the_site_is_templated(context: dict[str, Any]) -> None:
    step = _Ends(task_id="screenshot")
    step.site = {"name": "{{ params.site }}", "url": "https://{{ params.site | lower }}.com/"}
    step.render_template_fields({**context, "params": {"site": "PEOPLE"}})
    assert step.site == {"name": "PEOPLE", "url": "https://people.com/"}


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


class _Asked(SiteOperator):
    """A step that keeps what it was given."""

    def run_step(self, step: Step) -> str:
        self.given = step
        return step.stem


@pytest.mark.parametrize(
    ("given", "since"),
    [
        ({}, None),
        ({"params": {"rerecognise": False}, "dag_run": SimpleNamespace(start_date=AFTER)}, None),
        ({"params": {"rerecognise": True}, "dag_run": SimpleNamespace(start_date=AFTER)}, AFTER),
    ],
    ids=["without params", "as a rule", "anew"],
)
def test_what_was_answered_before_the_run_does_not_count_where_it_asks_anew(
    context: dict[str, Any], given: dict[str, Any], since: datetime | None
) -> None:
    for _ in range(2):
        # The same at every try: what the first was told counts for the second.
        step = _Asked(task_id="rekognize", site=SITE)
        step.execute({**context, **given})
        assert step.given.anew_since == since


def test_a_run_that_tells_no_start_asks_anew_all_the_same(context: dict[str, Any]) -> None:
    step = _Asked(task_id="rekognize", site=SITE)
    before = datetime.now(UTC)
    step.execute({**context, "params": {"rerecognise": True}})
    assert step.given.anew_since is not None
    assert before <= step.given.anew_since <= datetime.now(UTC)
