"""The Airflow plugin: the project's pages in the API server, and "Trending" in the menu. The DAGs don't need it."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Every process of Airflow loads this file, and few need the package.
try:
    from airflow.sdk.configuration import conf
    from airflow.sdk.plugins_manager import AirflowPlugin
except ImportError:
    from celeb_ops.hooks.airflow_names import AirflowPlugin, conf

if TYPE_CHECKING:
    from celeb_ops.core.store import Store

DAG_ID = "trending_celebrities"
"""Users who may read this DAG may see its pages."""

# Airflow executes every file below its plugins folder under its bare name: our `settings` would hide another one.
# `.airflowignore` stops that, and a copy may leave it out. Airflow loads this file before the folder beside it, in time
# to write it again. In a read-only folder Airflow only starts some seconds later.
with suppress(OSError), (Path(__file__).parent / "celeb_ops" / ".airflowignore").open("x") as file:
    file.write("[a-z_]*\n")


class CelebOpsPlugin(AirflowPlugin):
    """The pages, for users who may read the DAG."""

    name = "celeb_ops"

    # A property: every process of Airflow loads this file, and only the API server needs the app.
    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The app, behind Airflow's own login and permissions."""
        from airflow.api_fastapi.core_api.security import requires_access_dag

        from celeb_ops.links import airflow_runs
        from celeb_ops.links.step_links import APP, base_path, dag_page
        from celeb_ops.report.app import create_app
        from celeb_ops.report.host import Host

        host = Host(
            login=f"{base_path()}/api/v2/auth/login",
            dags={one: dag_page(one) for one in (DAG_ID, airflow_runs.TRENDS_DAG_ID)},
            runs=airflow_runs.runs,
            tasks=airflow_runs.tasks,
            paused=airflow_runs.paused,
        )
        app = create_app(requires_access_dag("GET", param_dag_id=DAG_ID), _open_store, host)
        return [{"app": app, "url_prefix": APP, "name": "Trending Celebrities"}]

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The entry in the menu."""
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
