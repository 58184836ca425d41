"""An Airflow executor for ``dag.test``: it runs tasks side by side, each in a process forked from this one.

Airflow's LocalExecutor needs an API server, and parses the DAG for each task. Here the tasks of ``dag.test`` stay what
they are without an executor, calls of Airflow's API in their own process included: only the process is another.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections import Counter
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.executors.base_executor import BaseExecutor

from celeb_ops.cli.interrupts import ENDS
from celeb_ops.core.processes import family, wait_gone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

    from airflow.executors.workloads import ExecutorWorkload
    from airflow.executors.workloads.task import ExecuteTask
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.sdk import DAG

    from celeb_ops.cli.progress import Progress

END_S = 15
"""Seconds that tasks have to clean up after Ctrl-C before they are killed; a browser takes five at most."""
_POLL_S = 1
_PR_SET_PDEATHSIG = 1
_FORK = multiprocessing.get_context("fork")


@contextmanager
def side_by_side(dags: Mapping[str, DAG], progress: Progress, tasks: int) -> Iterator[None]:
    """``dag.test(use_executor=True)`` within it runs this many tasks of these DAGs at once; none outlives it."""
    from airflow.listeners.listener import get_listener_manager

    # Airflow itself makes the executor, without arguments.
    ForkExecutor.dags, ForkExecutor.progress, ForkExecutor.at_once = dags, progress, tasks
    # Not the manager of the tasks' own listeners: this one hears of those whose process died.
    listeners = get_listener_manager()
    listeners.pm.register(progress)
    try:
        yield
    finally:
        listeners.pm.unregister(progress)
        _end(ForkExecutor.workers)


class ForkExecutor(BaseExecutor):
    """Forks a process for each task, and passes on to ``progress`` what the task reports."""

    dags: ClassVar[Mapping[str, DAG]]
    progress: ClassVar[Progress]
    at_once: ClassVar[int]
    workers: ClassVar[dict[TaskInstanceKey, tuple[Any, Connection]]] = {}
    """Process and what it reports by task."""
    jwt_generator = None  # type: ignore[assignment]
    """Nothing is called over the network."""

    def __init__(self) -> None:
        super().__init__(parallelism=self.at_once)
        self._preloaded = False

    def start(self) -> None:
        """Make what all tasks need, before the first fork."""
        from airflow.sdk.api.client import Client
        from airflow.sdk.execution_time.supervisor import in_process_api_server

        api = in_process_api_server()
        # The first request builds its routes, which takes seconds. It has a thread, which no fork would have.
        with Client(base_url=None, dry_run=True, token="", transport=api.transport) as client:
            client.get("http://in-process.invalid./health")
        del api.transport

    def order_queued_tasks_by_priority(self) -> list[tuple[TaskInstanceKey, ExecuteTask]]:
        """Those that may start: the site that has come furthest first. ``dag.test`` leaves a task's limit to us."""
        running = Counter(key.task_id for key in self.workers)
        chosen = []
        # A task's weight is the number of those that depend on it.
        for key, workload in sorted(self.queued_tasks.items(), key=lambda item: item[1].ti.priority_weight):
            limit = self.dags[key.dag_id].task_dict[key.task_id].max_active_tis_per_dag
            if limit is None or running[key.task_id] < limit:
                running[key.task_id] += 1
                chosen.append((key, workload))
        return chosen

    def _process_workloads(self, workload_items: Sequence[ExecutorWorkload]) -> None:
        for workload in workload_items:
            key: Any = workload.key
            receiver, sender = _FORK.Pipe(duplex=False)
            process = _FORK.Process(target=self._work, args=(workload, sender))
            # First: an interrupt may come at any time.
            self.workers[key] = (process, receiver)
            process.start()
            # The pipe ends when the task's process does.
            sender.close()
            self.running.add(key)
            del self.queued_tasks[key]

    def sync(self) -> None:
        """Wait until a task reports something or a second has passed."""
        if self.workers and not self._preloaded:
            self._preloaded = True
            _preload()
        wait([receiver for _, receiver in self.workers.values()], timeout=_POLL_S if self.workers else 0)
        for key, (process, receiver) in list(self.workers.items()):
            try:
                while receiver.poll():
                    self.progress.show(receiver.recv())
            except EOFError:
                process.join()
                del self.workers[key]
                if process.exitcode:
                    self.progress.crashed[key.task_id, key.map_index] = _reason(process.exitcode)
                    self.fail(key)
                else:
                    self.success(key)

    def end(self) -> None:
        """``dag.test`` ends when no task is left."""

    def _work(self, workload: ExecuteTask, sender: Connection) -> None:
        """In the task's process: what ``dag.test`` does without an executor."""
        from airflow.sdk.api.datamodels._generated import TaskInstance
        from airflow.sdk.execution_time.supervisor import run_task_in_process

        from airflow import settings

        # Ctrl-C reaches the parent alone, which ends us, also where it does not listen to Ctrl-C itself.
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _end_with_parent()
        self.progress.report_to(sender.send)
        # The parent's session has the parent's connection.
        if settings.Session is not None:
            settings.Session.registry.clear()
        ti = workload.ti
        facts = ti.model_dump(include={"id", "task_id", "dag_id", "run_id", "try_number", "map_index"})
        task = self.dags[ti.dag_id].task_dict[ti.task_id]
        run_task_in_process(TaskInstance(**facts, dag_version_id=ti.dag_version_id), task)


def _end(workers: dict[TaskInstanceKey, tuple[Any, Connection]]) -> None:
    """End these tasks; each cleans up as at Ctrl-C."""
    # A second Ctrl-C must not leave half of them running.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDS}
    processes = [process for process, _ in workers.values() if process.pid]
    everything = [one for process in processes for one in family(process)]
    for process in processes:
        # Not SIGTERM, for which Airflow's task runner has a handler of its own.
        os.kill(process.pid, signal.SIGINT)
    for one in wait_gone(everything, END_S):
        one.kill()
    for process in processes:
        process.join()
    workers.clear()
    for number, handler in before.items():
        signal.signal(number, handler)


def _reason(exitcode: int) -> str:
    how = f"was killed ({signal.Signals(-exitcode).name})" if exitcode < 0 else f"ended with status {exitcode}"
    return f"The task's process {how}: see the log. Was there too little memory?"


def _end_with_parent() -> None:
    """Have this process killed when its parent is; its browser ends with it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _preload() -> None:
    """Import what the tasks import, once, while the first one runs.

    Not polars, whose import starts threads: no process could use it that is forked from one that has.
    """
    import gc

    import airflow.jobs.scheduler_job_runner  # noqa: F401

    import celeb_ops.capture.visit
    import celeb_ops.recognition.factory
    import celeb_ops.recognition.local.recognizer
    import celeb_ops.recognition.page
    import celeb_ops.slicing.cut  # noqa: F401

    # A collection would write to all pages of memory that are shared with the tasks.
    gc.collect()
    gc.freeze()
