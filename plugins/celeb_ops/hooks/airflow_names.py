"""Airflow's names, imported from where the installed version has them. Older ones get an ImportError that says what to
do.

Imported before anything of ``airflow.sdk``, which Airflow 2 lacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import airflow

OLDEST = (3, 1)
VERSION = tuple(int(part) for part in airflow.__version__.split(".")[:2])
"""Major and minor."""

if VERSION < OLDEST:
    raise ImportError(
        f"Trending Celebrities needs Airflow {'.'.join(map(str, OLDEST))} or newer, and this is {airflow.__version__}: "
        "upgrade Airflow, or remove the project's DAG files and plugins. docs/homes/README.md lists the "
        "supported versions."
    )

if TYPE_CHECKING or VERSION >= (3, 2):
    from airflow.sdk import (  # type: ignore[attr-defined]
        AsyncCallback,
        CronTriggerTimetable,
        DeadlineAlert,
        DeadlineReference,
    )
    from airflow.sdk.configuration import conf
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException, AirflowTaskTimeout
    from airflow.sdk.plugins_manager import AirflowPlugin
else:
    from airflow.configuration import conf
    from airflow.exceptions import AirflowNotFoundException, AirflowSkipException, AirflowTaskTimeout
    from airflow.plugins_manager import AirflowPlugin
    from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference
    from airflow.timetables.trigger import CronTriggerTimetable

__all__ = [
    "OLDEST",
    "VERSION",
    "AirflowNotFoundException",
    "AirflowPlugin",
    "AirflowSkipException",
    "AirflowTaskTimeout",
    "AsyncCallback",
    "CronTriggerTimetable",
    "DeadlineAlert",
    "DeadlineReference",
    "conf",
]
