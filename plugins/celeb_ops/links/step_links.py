"""The buttons of a site's step in Airflow's UI: screenshot, result, and record in AWS's console.

Airflow asks for them when a task has ended or failed, and stores them as XComs. So they hold no credentials: they lead
to the closed pages of `celeb_ops_plugin`, or to AWS.
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
"""The path of the project's pages in Airflow's API server."""

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class SiteStep(Protocol):
    """The part of an operator that a link needs."""

    read_from: str
    """The attribute with the key of the previous step; empty for the first step."""

    @property
    def store(self) -> Store: ...


class StepLink(BaseOperatorLink):
    """Base of the links."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """An address, or "" for no button."""
        step = cast("SiteStep", operator)
        own_key = XCom.get_value(ti_key=ti_key, key="return_value")
        # A template or an XComArg where the step could not begin.
        input_key = getattr(step, step.read_from, None)
        return self.address(step, own_key or "", input_key if isinstance(input_key, str) else "")

    @abstractmethod
    def address(self, operator: SiteStep, own_key: str, input_key: str) -> str:
        """:param own_key: the step's; empty if it ended early. :param input_key: the previous step's."""


class ScreenshotLink(StepLink):
    """The site's picture; also on a later step that failed."""

    name = "Screenshot"

    def address(self, operator: SiteStep, own_key: str, input_key: str) -> str:
        stem = keys.stem_in(own_key or input_key)
        return in_airflow(f"screenshots/{quote(stem)}") if stem else ""


class ResultLink(StepLink):
    """The site's result; on earlier steps the address where it will be."""

    name = "Result"

    def address(self, operator: SiteStep, own_key: str, input_key: str) -> str:
        stem = keys.stem_in(own_key)
        return in_airflow(f"files/{quote(keys.result(stem))}") if stem else ""


class S3ConsoleLink(StepLink):
    """The step's record in AWS's console, for a store in S3."""

    name = "S3 console"

    def address(self, operator: SiteStep, own_key: str, input_key: str) -> str:
        return console_url(operator.store, own_key) if own_key else ""


def base_path() -> str:
    """The path of ``[api] base_url``, mostly empty: ``/airflow``."""
    # Without the host: under another name of it the login does not count.
    address: str = conf.get("api", "base_url", fallback="")
    return urlsplit(address).path.rstrip("/")


def in_airflow(page: str) -> str:
    return f"{base_path()}{APP}/{page}"


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
