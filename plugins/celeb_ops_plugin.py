"""What this project adds to Airflow: its pages in the API server, and "Trending" in the menu, which shows them.

Pages only: an Airflow without this plugin goes on without them.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.sdk.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

DAG_ID = "trending_celebrities"
"""Whoever may read this DAG may see its pictures and records."""

# Airflow executes every file below its plugins folder under its bare name, in each of its processes: our `settings`
# would hide somebody else's. This file's turn is before the folders' beside it, in time to put back what a copy may
# leave out. Where that can't be, no file of ours ends a process or hides an installed module; it takes seconds more.
with suppress(OSError), (Path(__file__).parent / "celeb_ops" / ".airflowignore").open("x") as file:
    file.write("[a-z_]*\n")


class CelebOpsPlugin(AirflowPlugin):
    """The trends, and the dataset's pictures and records, for those who may see its DAG."""

    name = "celeb_ops"

    # A property: scheduler, DAG processor and every task load this file, and only the API server wants an app.
    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The app, closed by Airflow's own check of who asks, and whether they may read the DAG."""
        from airflow.api_fastapi.core_api.security import requires_access_dag

        from celeb_ops.links.step_links import APP, base_path
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
        from celeb_ops.links.step_links import in_airflow
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


# What the package's entry point names: None where Airflow has loaded this file from its plugins folder. A second plugin
# of the same name is an import error in Airflow's UI; in a task, Airflow 3.3 leaves out every entry point after it.
_FOLDER = Path(conf.get("core", "plugins_folder")).resolve()
InstalledPlugin = None if Path(__file__).resolve().is_relative_to(_FOLDER) else CelebOpsPlugin


def _open_store() -> Store:
    from celeb_ops.core.settings import Settings
    from celeb_ops.hooks.s3 import open_store

    return open_store(Settings.load())
