from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.execution_time.xcom import XCom
from airflow.serialization.serialized_objects import DagSerialization

from celeb_ops.core import keys
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.store import S3Store
from celeb_ops.links.step_links import console_url
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.run_steps import GROUP, STEPS
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.core.store import Store
    from celeb_ops.operators.base import SiteOperator

Links = Callable[..., dict[str, str]]
STEM = "TMZ_Nov_23_2026_08H_00M_00S"
RUN = "/celebs/runs/2026-11-23T08:00:00Z?site=TMZ"
SCREENSHOT, RESULT = f"{RUN}#screenshot", f"{RUN}#faces"
WRITTEN = {
    ScreenshotOperator: keys.sidecar(STEM),
    SliceOperator: keys.plan(STEM),
    RekognizeCelebritiesOperator: keys.result(STEM),
}
GIVEN = {
    ScreenshotOperator: {},
    SliceOperator: {"screenshot": keys.sidecar(STEM)},
    RekognizeCelebritiesOperator: {"plan": keys.plan(STEM)},
}


@pytest.fixture(params=WRITTEN, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[SiteOperator]:
    return request.param


def step(kind: type[SiteOperator], begun: bool = True, **given: Any) -> SiteOperator:
    site = {"name": "TMZ", "url": "https://www.tmz.com/"}
    operator = kind(task_id="step", site=site, settings=Settings(), **(GIVEN[kind] | given))
    if begun:
        operator._step({"logical_date": RUN_TIME})
    return operator


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> Links:
    """The buttons that Airflow shows: it asks every operator that has ended, and leaves out empty addresses."""

    def links(operator: SiteOperator, pushed: str | None) -> dict[str, str]:
        values = {("a task", "return_value"): pushed}
        monkeypatch.setattr(XCom, "get_value", lambda *, ti_key, key: values[ti_key, key])
        asked = ((link.name, link.get_link(operator, ti_key="a task")) for link in operator.operator_extra_links)
        return {name: address for name, address in asked if address}

    return links


@pytest.mark.parametrize("pushed", [True, False], ids=["succeeded", "failed"])
def test_a_step_leads_to_its_site_on_the_run_s_page(kind: type[SiteOperator], pushed: bool, links: Links) -> None:
    assert links(step(kind), WRITTEN[kind] if pushed else None) == {"Screenshot": SCREENSHOT, "Result": RESULT}


def test_a_step_that_could_not_begin_has_no_buttons(kind: type[SiteOperator], links: Links) -> None:
    assert links(step(kind, begun=False), None) == {}


def test_they_are_below_the_path_at_which_airflow_is_served(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever the host is called by who looks: a login is good for one name of it only.
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/airflow/")
    assert links(step(SliceOperator), keys.plan(STEM))["Screenshot"] == f"/airflow{SCREENSHOT}"


def test_every_mapped_step_of_the_dag_has_them() -> None:
    dag = DagBag(dag_folder=str(PROJECT / "dags")).dags["trending_celebrities"]
    # As the API server knows it.
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    for name in STEPS:
        assert stored.get_task(f"{GROUP}.{name}").extra_links == ["Result", "S3 console", "Screenshot"]


def in_aws(region: str = "eu-west-1", **given: Any) -> S3Store:
    client = boto3.client(
        "s3", region_name=region, aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="hidden", **given
    )
    return S3Store(client, "my-bucket", "press/us")


class TestConsole:
    @pytest.mark.parametrize(
        ("region", "console"),
        [
            ("eu-west-1", "console.aws.amazon.com"),
            ("cn-north-1", "console.amazonaws.cn"),
            ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ],
    )
    def test_an_object_of_s3_has_its_page(self, region: str, console: str) -> None:
        address = console_url(in_aws(region), f"Results/{STEM}.json")
        assert address == (f"https://{console}/s3/object/my-bucket?region={region}&prefix=press/us/Results/{STEM}.json")

    def test_a_key_can_not_add_to_the_address(self) -> None:
        address = console_url(in_aws(), "Results/a&region=b#c d.json")
        assert address.endswith("&prefix=press/us/Results/a%26region%3Db%23c%20d.json")

    def test_a_step_leads_to_the_record_that_it_wrote_and_tells_no_credentials(
        self, kind: type[SiteOperator], links: Links
    ) -> None:
        operator = step(kind)
        operator.store = in_aws()
        addresses = links(operator, WRITTEN[kind])
        assert addresses["S3 console"].endswith(f"&prefix=press/us/{WRITTEN[kind]}")
        assert not [text for text in addresses.values() if "AKIA" in text or "hidden" in text or "Signature" in text]

    def test_a_folder_and_the_s3_of_others_have_none(self, store: Store) -> None:
        # Not even one whose name looks like Amazon's.
        for other in (store, in_aws(endpoint_url="https://amazonaws.com.example.org")):
            assert console_url(other, keys.plan(STEM)) == ""
