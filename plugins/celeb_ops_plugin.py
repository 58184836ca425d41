"""What this project adds to Airflow: its pages in the API server, "Trending" in the menu, which shows them, and the
rule by which live pages go before a backfill's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from airflow.task.priority_strategy import PriorityWeightStrategy

    from celeb_ops.store import Store

DAG_ID = "trending_celebrities"
"""Whoever may read this DAG may see its pictures and records."""


class CelebOpsPlugin(AirflowPlugin):
    """The trends, and the dataset's pictures and records, for those who may see its DAG; the rule of its tasks."""

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

    # A property for the same reason; and where Airflow is served below a path, the address has it.
    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The menu's entry: Airflow shows the app in a frame beside its menu."""
        from celeb_ops.operators.links import in_airflow
        from celeb_ops.report.assets import asset_path

        return [
            {
                "name": "Trending",
                "href": in_airflow(""),
                "destination": "nav",
                "nav_top_level": True,
                "url_route": "trending",
                "icon": in_airflow(asset_path("icon.svg")),
                "icon_dark_mode": in_airflow(asset_path("icon-dark.svg")),
            }
        ]

    # A property for the same reason: it is loaded where a DAG that names the rule is.
    @cached_property
    def priority_weight_strategies(self) -> list[type[PriorityWeightStrategy]]:  # type: ignore[override]
        """The rule by which live pages go before a backfill's."""
        from celeb_ops.operators.priority import LiveFirst

        return [LiveFirst]


def _open_store() -> Store:
    from celeb_ops.hooks.s3 import open_store
    from celeb_ops.settings import Settings

    return open_store(Settings.load())
