from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.dag_processing.dagbag import DagBag

from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT
from celeb_ops.notifications import callbacks
from tests.trends.rows import Rows, on

if TYPE_CHECKING:
    from celeb_ops.core.store import FolderStore


def test_rebuilds_trends_and_then_the_report_one_run_at_a_time_when_merge_has_changed_the_dataset(
    folder_store: FolderStore,
) -> None:
    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    dag = bag.dags["celebrity_trends"]
    (outlet,) = bag.dags["trending_celebrities"].get_task("merge").outlets
    assert dag.schedule == [outlet]
    # Two could write the trends at once, the older one last.
    assert dag.max_active_runs == 1
    # Else the Trending page would stay empty where new DAGs are paused.
    assert dag.is_paused_upon_creation is False
    assert dag.on_failure_callback == callbacks.run_failed
    assert [task.task_id for task in dag.tasks] == ["build_trends", "write_report", "tell_people"]
    assert dag.get_task("write_report").upstream_task_ids == {"build_trends"}
    assert dag.get_task("tell_people").upstream_task_ids == {"write_report"}

    rows = Rows()
    rows.seen("A", on(0), "Cher")
    rows.write(folder_store)
    dag.get_task("build_trends").python_callable()
    assert folder_store.exists(keys.trends("people"))
    dag.get_task("write_report").python_callable()
    assert b"Cher" in folder_store.read("Report/index.html")
