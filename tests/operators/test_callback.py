"""What a callback makes of what Airflow 3.3.2 gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from celeb_ops.alerts.run import Run
from celeb_ops.operators.callback import failed_in_merge, late_run_of, moment, run_of, states_of

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
RUN = Run("trending_celebrities", "scheduled__x", "scheduled", NOW)


def asked_of(states: dict[str, Any] | None = None, xcom: Any = None) -> Any:
    """A task instance by which Airflow's API is asked; other arguments than its own are an error."""
    ti = create_autospec(RuntimeTaskInstance, instance=True)
    ti.get_task_states.return_value = states or {}
    ti.xcom_pull.return_value = xcom
    return ti


def event(run_id: str | None, **extra: Any) -> Any:
    return SimpleNamespace(source_run_id=run_id, extra=extra)


class TestRun:
    def sources(self, *events: Any) -> tuple[str, ...]:
        dag_run = SimpleNamespace(
            dag_id="celebrity_trends",
            logical_date=None,
            run_after=NOW,
            run_type="asset_triggered",
            consumed_asset_events=events,
        )
        return run_of({"run_id": "asset_triggered__x", "dag_run": dag_run}).sources

    def test_its_id_tells_what_airflow_does_not(self) -> None:
        run = run_of({"dag": SimpleNamespace(dag_id="x"), "run_id": "backfill__2026-11-02T08:00:00+00:00"})
        assert (run.dag_id, run.kind, run.when) == ("x", "backfill", NOW)

    def test_its_type_goes_before_that_of_its_id(self) -> None:
        given = SimpleNamespace(dag_id="x", logical_date=NOW, run_type=SimpleNamespace(value="backfill"))
        assert run_of({"run_id": "scheduled__2026-11-02T08:00:00+00:00", "dag_run": given}).kind == "backfill"

    def test_a_scheduled_run_that_a_backfill_does_anew_is_a_backfill_s(self) -> None:
        again = event("scheduled__2026-01-01T08:00:00+00:00", run_type="backfill")
        assert self.sources(again, event("scheduled__x", run_type="scheduled")) == ("backfill", "scheduled")

    @pytest.mark.parametrize("extra", [{}, {"run_type": ""}, {"run_type": None}])
    def test_of_an_event_that_does_not_tell_the_type_the_id_does(self, extra: dict[str, Any]) -> None:
        given = event("backfill__2026-01-01T08:00:00+00:00", **extra)
        assert self.sources(given, event(None, **extra), event("by hand", **extra)) == ("backfill",)

    def test_a_late_one_is_as_the_api_gives_it(self) -> None:
        given = {
            "dag_id": "x",
            "dag_run_id": "scheduled__x",
            "run_type": "scheduled",
            "logical_date": "2026-11-02T08:00:00Z",
        }
        run = late_run_of(given)
        assert (run.dag_id, run.kind, run.when) == ("x", "scheduled", NOW)
        assert run.place == "The run, in Airflow's UI: x → scheduled__x"
        assert moment(None) is None


class TestTasks:
    def test_only_those_are_asked_for_that_are_no_site_s(self) -> None:
        ti = asked_of({"scheduled__x": {"list_sites": "success", "merge": "failed"}})
        assert states_of({"ti": ti}, RUN) == {"list_sites": "success", "merge": "failed"}
        ti.get_task_states.assert_called_once_with(
            dag_id="trending_celebrities", run_ids=["scheduled__x"], task_ids=["list_sites", "merge", "tidy"]
        )

    def test_of_another_dag_all(self) -> None:
        ti = asked_of({"asset_triggered__x": {"build_trends": "failed"}})
        run = Run("celebrity_trends", "asset_triggered__x", "asset_triggered", NOW)
        assert states_of({"ti": ti}, run) == {"build_trends": "failed"}
        assert ti.get_task_states.call_args.kwargs["task_ids"] is None

    def test_none_where_there_is_nothing_to_ask_by(self) -> None:
        assert states_of({}, RUN) is None

    @pytest.mark.parametrize(
        ("xcom", "told"), [(["TMZ", "PEOPLE"], ("TMZ", "PEOPLE")), ([], ()), (None, None), ("TMZ", None)]
    )
    def test_merge_tells_whom_it_counts_as_failed(self, xcom: Any, told: tuple[str, ...] | None) -> None:
        ti = asked_of(xcom=xcom)
        assert failed_in_merge({"ti": ti}, RUN) == told
        ti.xcom_pull.assert_called_once_with(
            task_ids="merge", dag_id="trending_celebrities", run_id="scheduled__x", map_indexes=None
        )
