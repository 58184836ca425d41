"""The buttons of a site's step in Airflow's UI: screenshot and result, on the run's page, and record in AWS's console.

Airflow asks for them when a task has ended or failed, and stores them as XComs. So they hold no credentials: they lead
to the closed pages of `celeb_ops_plugin`, or to AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

from celeb_ops.core.store import S3Store, split_s3
from celeb_ops.hooks.airflow_names import conf
from celeb_ops.report.addresses import run_address

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from celeb_ops.core.store import Store

APP = "/celebs"
"""The path of the project's pages in Airflow's API server."""

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class SiteStep(Protocol):
    """The part of an operator that a link needs."""

    site_and_time: tuple[str, datetime] | None
    """Site and run time; None where the step could not begin."""

    @property
    def store(self) -> Store: ...


class ScreenshotLink(BaseOperatorLink):
    """The site on the run's page: its picture with the names on it, or why there is none."""

    name = "Screenshot"
    place = "screenshot"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """An address, or "" for no button."""
        site_and_time = cast("SiteStep", operator).site_and_time
        return in_airflow(run_address(site_and_time[1], site_and_time[0], self.place)) if site_and_time else ""


class ResultLink(ScreenshotLink):
    """The people on it, on the same page."""

    name = "Result"
    place = "faces"


class S3ConsoleLink(BaseOperatorLink):
    """The step's record in AWS's console, for a store in S3."""

    name = "S3 console"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """An address, or "" for no button."""
        own_key = XCom.get_value(ti_key=ti_key, key="return_value")
        return console_url(cast("SiteStep", operator).store, own_key) if own_key else ""


def base_path() -> str:
    """The path of ``[api] base_url``, mostly empty: ``/airflow``."""
    # Without the host: under another name of it the login does not count.
    address: str = conf.get("api", "base_url", fallback="")
    return urlsplit(address).path.rstrip("/")


def in_airflow(page: str) -> str:
    """The address of one of the project's pages."""
    return f"{base_path()}{APP}/{page}"


def dag_page(dag_id: str, run_id: str = "") -> str:
    """The address of a DAG, or of one of its runs, in Airflow's UI."""
    return f"{base_path()}/dags/{dag_id}" + (f"/runs/{quote(run_id, safe='')}" if run_id else "")


def console_url(store: Store, key: str) -> str:
    """The key's page in AWS's console; empty for a folder and for other providers' S3."""
    place = split_s3(store.url(key))
    if place is None or not isinstance(store, S3Store):
        return ""
    client = store.client.meta
    console = _CONSOLES.get(client.partition)
    host = urlsplit(client.endpoint_url).hostname or ""
    if not console or not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return ""
    bucket, path = place
    # As in the console's address bar; undocumented.
    query = urlencode({"region": client.region_name, "prefix": path}, safe="/", quote_via=quote)
    return f"https://{console}/s3/object/{quote(bucket)}?{query}"
