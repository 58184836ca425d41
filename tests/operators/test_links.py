from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowSkipException
from airflow.serialization.serialized_objects import DagSerialization

from celeb_ops import keys
from celeb_ops.exceptions import CaptureError
from celeb_ops.hooks import s3
from celeb_ops.operators.base import SiteOperator, Step
from celeb_ops.operators.links import console_url
from celeb_ops.operators.rekognize import RekognizeCelebritiesOperator
from celeb_ops.operators.run import GROUP, STEPS
from celeb_ops.operators.screenshot import ScreenshotOperator
from celeb_ops.operators.slice import SliceOperator
from celeb_ops.settings import PROJECT
from celeb_ops.store import S3Store
from tests.factories import RUN_TIME

if TYPE_CHECKING:
    from celeb_ops.store import Store

STEM = "TMZ_Nov_23_2026_08H_00M_00S"
SCREENSHOT = f"/celebs/screenshots/{STEM}"
RESULT = f"/celebs/files/Results/{STEM}.json"
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


def step(kind: type[SiteOperator]) -> SiteOperator:
    return kind(task_id="step", site={"name": "TMZ", "url": "https://www.tmz.com/"}, **GIVEN[kind])


def links(operator: SiteOperator) -> dict[str, str]:
    """The buttons that Airflow shows: it asks every operator that has ended, and leaves out empty addresses."""
    asked = ((link.name, link.get_link(operator, ti_key=None)) for link in operator.operator_extra_links)
    return {name: address for name, address in asked if address}


def ended(
    kind: type[SiteOperator], context: dict[str, Any], monkeypatch: pytest.MonkeyPatch, how: Exception | None = None
) -> dict[str, str]:
    """The buttons of a step that did its work, or ended early."""

    def run_step(self: SiteOperator, step: Step) -> str:
        if how:
            raise how
        return WRITTEN[kind]

    monkeypatch.setattr(kind, "run_step", run_step)
    operator = step(kind)
    try:
        operator.execute(context)
    except type(how or CaptureError()):
        assert how
    return links(operator)


@pytest.fixture(params=WRITTEN, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[SiteOperator]:
    return request.param


def test_a_step_leads_to_the_screenshot_and_the_result_of_its_site(
    kind: type[SiteOperator], context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(kind, context, monkeypatch) == {"Screenshot": SCREENSHOT, "Result": RESULT}


@pytest.mark.parametrize("how", [CaptureError("The site sent no page."), AirflowSkipException("It is too late.")])
def test_a_step_that_ended_early_leads_to_what_is_there_only(
    kind: type[SiteOperator], how: Exception, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {} if kind is ScreenshotOperator else {"Screenshot": SCREENSHOT}
    assert ended(kind, context, monkeypatch, how) == there


def test_a_step_that_could_not_begin_has_no_buttons(kind: type[SiteOperator]) -> None:
    assert links(step(kind)) == {}


def test_a_run_without_a_logical_date_has_its_own_time_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SimpleNamespace(logical_date=None, run_after=datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC))
    addresses = ended(SliceOperator, {"dag_run": run}, monkeypatch)
    assert addresses["Screenshot"] == "/celebs/screenshots/TMZ_Nov_23_2026_09H_30M_00S"


def test_they_are_below_the_path_at_which_airflow_is_served(
    context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever the host is called by who looks: a login is good for one name of it only.
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.org/airflow/")
    assert ended(SliceOperator, context, monkeypatch)["Screenshot"] == f"/airflow{SCREENSHOT}"


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
            ("us-east-1", "console.aws.amazon.com"),
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

    def test_a_step_leads_to_the_record_that_it_wrote_and_tells_no_credentials(self, kind: type[SiteOperator]) -> None:
        operator = step(kind)
        operator.step = Step(site=None, time=RUN_TIME, stem=STEM, settings=None, store=in_aws())
        operator.written = WRITTEN[kind]
        addresses = links(operator)
        assert addresses["S3 console"].endswith(f"&prefix=press/us/{WRITTEN[kind]}")
        assert not [text for text in addresses.values() if "AKIA" in text or "hidden" in text or "Signature" in text]

    def test_a_folder_and_the_s3_of_others_have_none(
        self, store: Store, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3, "open_store", lambda settings: store)
        assert ended(SliceOperator, context, monkeypatch) == {"Screenshot": SCREENSHOT, "Result": RESULT}

    @pytest.mark.parametrize("endpoint", ["https://minio.example.org", "https://amazonaws.com.example.org"])
    def test_not_even_one_whose_name_looks_like_it(self, endpoint: str) -> None:
        assert console_url(in_aws(endpoint_url=endpoint), "Results/x.json") == ""
