"""What this project adds to Airflow's UI: its pages in the API server."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from celeb_ops.store import Store

DAG_ID = "trending_celebrities"
"""Whoever may read this DAG may see its pictures and records."""


class CelebOpsPlugin(AirflowPlugin):
    """Pictures and records of the dataset, for those who may see its DAG."""

    name = "celeb_ops"

    # A property: scheduler, DAG processor and every task load this file, and only the API server wants an app.
    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The app, closed by Airflow's own check of who asks, and whether they may read the DAG."""
        from airflow.api_fastapi.core_api.security import requires_access_dag

        from celeb_ops.operators.links import APP, base_path
        from celeb_ops.report.app import create_app

        app = create_app(
            authorize=requires_access_dag("GET", param_dag_id=DAG_ID),
            open_store=_open_store,
            login=f"{base_path()}/api/v2/auth/login",
        )
        return [{"app": app, "url_prefix": APP, "name": "Trending Celebrities"}]


def _open_store() -> Store:
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.settings import Settings

    return open_store(Settings.load())
