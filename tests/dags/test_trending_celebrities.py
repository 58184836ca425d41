from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import AsyncCallback, DeadlineReference, TriggerRule  # type: ignore[attr-defined]
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DagRunInfo

from celeb_ops.core.settings import PROJECT
from celeb_ops.notifications import callbacks

if TYPE_CHECKING:
    from airflow.sdk import DAG

SITE_STEPS = ["site.screenshot", "site.slice", "site.rekognize"]


def parsed() -> DAG:
    return DagBag(dag_folder=str(PROJECT / "dags")).dags["trending_celebrities"]


@pytest.fixture
def dag() -> DAG:
    return parsed()


def next_run(dag: DAG, last: datetime | None) -> datetime:
    """The run that the scheduler makes next."""
    written = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    info = written.next_dagrun_info(last_automated_run_info=last and DagRunInfo.exact(pendulum.instance(last)))
    return info.run_after


class TestSchedule:
    def test_is_eight_and_twenty_utc(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Whatever somebody else's Airflow makes of a cron string.
        monkeypatch.setattr("airflow.sdk.definitions.dag.settings.TIMEZONE", pendulum.timezone("Asia/Tokyo"))
        monkeypatch.setenv("AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS", "True")
        dag = parsed()
        first = next_run(dag, None)
        assert {first.hour, next_run(dag, first).hour} == {8, 20}
        assert next_run(dag, first) - first == timedelta(hours=12)

    def test_begins_with_the_next_run_time(self, dag: DAG) -> None:
        assert next_run(dag, None) > datetime.now(UTC) - timedelta(minutes=1, seconds=30)

    def test_after_days_without_a_scheduler_makes_the_latest_run_alone(self, dag: DAG) -> None:
        last = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=3)
        after = datetime.now(UTC) - next_run(dag, last)
        assert timedelta(0) <= after < timedelta(hours=12, minutes=1)

    def test_takes_any_run_time_that_an_archive_could_have(self, dag: DAG) -> None:
        """Airflow passes over the tasks of a run time before their start_date, and calls that run a success."""
        assert [task.start_date for task in dag.tasks] == [None] * len(dag.tasks)
        written = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        day = pendulum.datetime(1996, 5, 1)
        asked = [info.run_after for info in written.iter_dagrun_infos_between(day, day.add(days=1))]
        assert asked == [day.add(hours=8), day.add(hours=20)]


def test_is_wired_site_by_site_into_one_merge_and_one_watcher(dag: DAG) -> None:
    assert set(dag.task_ids) == {"list_sites", *SITE_STEPS, "merge", "tidy", "watcher"}
    assert [task.task_id for task in dag.roots] == ["list_sites"]
    assert dag.get_task("site.screenshot").downstream_task_ids == {"site.slice"}
    assert dag.get_task("site.slice").downstream_task_ids == {"site.rekognize"}
    assert dag.get_task("site.rekognize").downstream_task_ids == {"merge"}
    assert dag.get_task("merge").downstream_task_ids == {"tidy", "watcher"}
    assert {task.task_id for task in dag.leaves} == {"tidy", "watcher"}
    # Merge and watcher come whatever the sites come to, and merge tells the watcher which of them failed.
    late = {task.task_id for task in dag.tasks if task.trigger_rule == TriggerRule.ALL_DONE}
    assert late == {"merge", "watcher"}
    assert [argument.operator.task_id for argument in dag.get_task("watcher").op_args] == ["list_sites", "merge"]
    assert [asset.name for asset in dag.get_task("merge").outlets] == ["celebs_dataset"]
    # The store is tidied by one run at a time.
    assert dag.get_task("tidy").max_active_tis_per_dag == 1
    assert (dag.on_failure_callback, dag.on_success_callback) == (callbacks.run_failed, callbacks.run_succeeded)
    for name in SITE_STEPS:
        assert dag.get_task(name).map_index_template == "{{ task.site['name'] }}"
    # Time for the slowest site that options allow.
    assert dag.get_task("site.screenshot").execution_timeout == timedelta(minutes=30)


def test_browsers_are_bounded_over_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELEBS_BROWSERS", "7")
    assert parsed().get_task("site.screenshot").max_active_tis_per_dag == 7


def test_browsers_have_a_pool_and_a_queue_where_they_are_set(dag: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = dag.get_task("site.slice")
    monkeypatch.setenv("CELEBS_BROWSER_POOL", "browsers")
    monkeypatch.setenv("CELEBS_BROWSER_QUEUE", "with-chromium")
    tasks = parsed().tasks
    assert {task.task_id: task.pool for task in tasks if task.pool != usual.pool} == {"site.screenshot": "browsers"}
    assert {task.task_id: task.queue for task in tasks if task.queue != usual.queue} == {
        "site.screenshot": "with-chromium"
    }


def test_the_trigger_form_takes_names_of_sites(dag: DAG) -> None:
    param = dag.params.get_param("sites")
    assert "TMZ" in param.schema["examples"]
    for sites in (None, [], ["TMZ", "PEOPLE"]):
        assert param.resolve(sites) == sites
    for sites in ("TMZ", [1]):
        with pytest.raises(ValueError, match="is not of type"):
            param.resolve(sites)


NOTIFY = ("AIRFLOW_CONN_CELEBS_NOTIFY", '{"conn_type": "smtp", "host": "mail.example.com"}')


@pytest.mark.parametrize(
    ("given", "late"),
    [([NOTIFY], timedelta(hours=2)), ([("CELEBS_LATE_H", "0.5")], timedelta(minutes=30))],
    ids=["a connection in the environment", "hours for one that Airflow keeps"],
)
def test_a_run_is_late_by_its_run_time(
    given: list[tuple[str, str]], late: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given:
        monkeypatch.setenv(name, value)
    (deadline,) = parsed().deadline
    assert deadline.interval == late
    assert deadline.reference is DeadlineReference.DAGRUN_LOGICAL_DATE
    # In the triggerer, also where no worker is left.
    assert isinstance(deadline.callback, AsyncCallback)
    assert deadline.callback.path == "celeb_ops.notifications.callbacks.run_late"


def test_no_run_is_late_where_nobody_is_told(dag: DAG) -> None:
    assert not dag.deadline
