"""The buttons of a site's step in Airflow's UI: its screenshot, its result, and its record in AWS's console.

Airflow asks for the addresses when the task has ended, also when it failed, and keeps them as XComs. So they hold no
credentials: they lead to this project's own closed pages in the API server (`celeb_ops_plugin`), or to AWS's own.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.xcom import XCom

from celeb_ops.core import keys
from celeb_ops.core.store import S3Store, split_s3

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from celeb_ops.core.store import Store

APP = "/celebs"
"""Where this project's pages are in Airflow's API server."""

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class SiteStep(Protocol):
    """What a link needs of an operator."""

    read_from: str
    """The name of the attribute with the key that the step was given; empty: it is the first step."""

    @property
    def store(self) -> Store: ...


class StepLink(BaseOperatorLink):
    """Base of the links of a site's step, made of the key that the step has pushed."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address; empty where there is nothing to see: Airflow shows no button then."""
        step = cast("SiteStep", operator)
        written = XCom.get_value(ti_key=ti_key, key="return_value")
        given = getattr(step, step.read_from, None)
        return self.address(step, written, given if isinstance(given, str) else None)

    @abstractmethod
    def address(self, operator: SiteStep, written: str | None, given: str | None) -> str:
        """The address, by the key that the step has pushed (None: it ended early), and the one that it was given."""


class ScreenshotLink(StepLink):
    """The picture of the site. A step that failed after it has the button too: there one wants to see the page."""

    name = "Screenshot"

    def address(self, operator: SiteStep, written: str | None, given: str | None) -> str:
        stem = keys.stem_in(written or given or "")
        return in_airflow(f"screenshots/{quote(stem)}") if stem else ""


class ResultLink(StepLink):
    """The record of who was recognised. On the steps before, the place where it comes to be."""

    name = "Result"

    def address(self, operator: SiteStep, written: str | None, given: str | None) -> str:
        # After a step that ended early nothing comes to be there.
        stem = keys.stem_in(written or "")
        return in_airflow(f"files/{quote(keys.result(stem))}") if stem else ""


class S3ConsoleLink(StepLink):
    """The record that the step wrote, in AWS's console; of a store in S3 only."""

    name = "S3 console"

    def address(self, operator: SiteStep, written: str | None, given: str | None) -> str:
        return console_url(operator.store, written) if written else ""


def base_path() -> str:
    """The path below which Airflow is served, mostly empty: ``/airflow`` of ``[api] base_url``."""
    # Without the host, which may have another name for the person who looks, and then knows no login.
    address: str = conf.get("api", "base_url", fallback="")
    return urlsplit(address).path.rstrip("/")


def in_airflow(page: str) -> str:
    """The address of one of this project's pages in Airflow's API server."""
    return f"{base_path()}{APP}/{page}"


def console_url(store: Store, key: str) -> str:
    """The key's page in AWS's console; empty for a folder, and for an S3 of others, which that console can't show."""
    place = split_s3(store.url(key))
    if place is None or not isinstance(store, S3Store):
        return ""
    client = store.client.meta
    console = _CONSOLES.get(client.partition)
    host = urlsplit(client.endpoint_url).hostname or ""
    if not console or not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return ""
    bucket, path = place
    # The form that the console's own address bar shows; it is documented nowhere.
    query = urlencode({"region": client.region_name, "prefix": path}, safe="/", quote_via=quote)
    return f"https://{console}/s3/object/{quote(bucket)}?{query}"
