"""The counters, by Airflow's own clients: to a statsd on loopback, and to an OpenTelemetry collector's HTTP."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from celeb_ops.core import keys
from celeb_ops.core.exceptions import RecognitionError
from celeb_ops.metrics import counters
from celeb_ops.operators.base import SiteOperator, Step
from tests.factories import RUN_TIME, a_result
from tests.operators.test_run_steps import DEAD, SITES, WHOLE, a_run, left, merged, result_key
from tests.statsd import Statsd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_httpserver import HTTPServer

    from celeb_ops.core.store import FolderStore
    from celeb_ops.recognition.recognizer import Face


@pytest.fixture(params=[True])
def statsd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Statsd]:
    """One that takes tags, or a plain one; Airflow's client is made as a task's process makes it."""
    with Statsd() as server:
        settings = {"ON": True, "HOST": "127.0.0.1", "PORT": server.port, "INFLUXDB_ENABLED": request.param}
        for name, value in settings.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__STATSD_{name}", str(value))
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
        yield server
    monkeypatch.undo()
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


class Paid:
    """A recogniser that fails at the third call."""

    cost_usd = 0.001
    asked = 0

    def recognize(self, *given: Any, **named: Any) -> list[Face]:
        self.asked += 1
        if self.asked == 3:
            raise RecognitionError("No answer.")
        return []


def test_a_result_counts_faces_by_site(statsd: Statsd) -> None:
    counters.result(a_result("TMZ", "Grace Hopper", faces=5, unrecognised=4, calls_saved=2))
    got = statsd.wait_for(["airflow.celebs.calls_saved,site=TMZ:2|c"])
    assert sorted(got) == [
        "airflow.celebs.calls_saved,site=TMZ:2|c",
        "airflow.celebs.faces,site=TMZ:5|c",
        "airflow.celebs.sightings,site=TMZ:1|c",
        "airflow.celebs.unrecognised,site=TMZ:4|c",
    ]


@pytest.mark.parametrize("statsd", [False], indirect=True)
def test_plain_statsd_gets_the_same_names_without_sites(statsd: Statsd) -> None:
    counters.result(a_result("TMZ", faces=5))
    counters.result(a_result("PEOPLE", faces=2))
    names = ["airflow.celebs.faces:5|c", "airflow.celebs.faces:2|c"]
    assert statsd.wait_for(names) == names


def test_where_nobody_listens_nothing_happens() -> None:
    assert not counters.are_on()
    counters.result(a_result("TMZ", faces=5))


def test_calls_that_were_answered_count_with_what_they_cost(statsd: Statsd) -> None:
    counted = counters.CountedCalls(Paid())
    counted.recognize(b"1", key="a")
    counted.recognize(b"2", [])
    with pytest.raises(RecognitionError):
        counted.recognize(b"3")
    counted.send("TMZ")
    got = statsd.wait_for(["airflow.celebs.cost_usd,site=TMZ:0.002|c"])
    assert got == ["airflow.celebs.calls,site=TMZ:2|c", "airflow.celebs.cost_usd,site=TMZ:0.002|c"]
    assert counted.cost_usd == 0.001


class Quick(SiteOperator):
    """A step that ends as its site's name says."""

    def run_step(self, step: Step) -> str:
        if step.site.name == "SKIPPED":
            raise AirflowSkipException("No page.")
        return "a key"


def test_a_step_that_came_to_its_end_tells_how_long_it_took(statsd: Statsd) -> None:
    Quick(task_id="site.screenshot", site={"url": "https://x.com/", "name": "TMZ"}).execute({"logical_date": RUN_TIME})
    skipped = Quick(task_id="site.screenshot", site={"url": "https://x.com/", "name": "SKIPPED"})
    with pytest.raises(AirflowSkipException):
        skipped.execute({"logical_date": RUN_TIME})
    with counters.timed("merge"):
        pass
    counters.count("faces", 1, "LAST")
    got = statsd.wait_for(["airflow.celebs.faces,site=LAST:1|c"])
    # Milliseconds, as statsd's timers are.
    assert [re.sub(r":\d+\.\d+\|ms", ":x|ms", line) for line in got[:2]] == [
        "airflow.celebs.duration.screenshot,site=TMZ:x|ms",
        "airflow.celebs.duration.merge:x|ms",
    ]
    assert len(got) == 3


def test_an_outcome_counts_once_and_again_only_where_it_has_become_another(
    statsd: Statsd, folder_store: FolderStore
) -> None:
    left(folder_store, "PEOPLE", "failed", "PEOPLE sent no page.", source="live")
    result_key(folder_store, "TMZ")
    for _ in range(2):
        merged(folder_store, a_run(WHOLE, DEAD), SITES[:2])
    result_key(folder_store, "PEOPLE")
    merged(folder_store, a_run(WHOLE, WHOLE), SITES[:2])
    got = statsd.wait_for(["airflow.celebs.pages.seen,site=PEOPLE:1|c"])
    assert sorted(line for line in got if ".pages." in line) == [
        "airflow.celebs.pages.failed,site=PEOPLE:1|c",
        "airflow.celebs.pages.seen,site=PEOPLE:1|c",
        "airflow.celebs.pages.seen,site=TMZ:1|c",
    ]


def test_a_damaged_table_is_merge_s_own_error(statsd: Statsd, folder_store: FolderStore) -> None:
    folder_store.write(keys.captures(RUN_TIME), b"no parquet")
    with pytest.raises(Exception, match="can't be read as a table"):
        merged(folder_store, a_run(WHOLE), SITES[:1])


def test_a_client_that_fails_does_not_fail_the_step(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("no such metric")

    monkeypatch.setattr(stats, "incr", broken)
    monkeypatch.setattr(stats, "timing", broken)
    with counters.timed("merge"):
        counters.result(a_result("TMZ", faces=5))
    assert "The counter celebs.faces could not be sent: no such metric" in caplog.text


# Two processes, which send what they have at their ends as tasks' do.
OTEL = """
import os
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from celeb_ops.metrics import counters
other = os.fork()
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
counters.count("calls", 3, "TMZ")
counters.count("cost_usd", 0.003, "TMZ")
if other:
    os.waitpid(other, 0)
"""


def test_what_two_processes_send_by_opentelemetry_adds_up_once_their_instance_is_left_out(
    httpserver: HTTPServer,
) -> None:
    """As docs/alerts.md says: each counts from zero, as an instance of its own."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

    httpserver.expect_request("/v1/metrics", method="POST").respond_with_data()
    on = {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": httpserver.url_for("").rstrip("/"),
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
        "OTEL_METRIC_EXPORT_INTERVAL": "60000",
    }
    subprocess.run([sys.executable, "-c", OTEL], env=os.environ | on, check=True, timeout=120)
    series, instances = set(), set()
    for request, _ in httpserver.log:
        body = request.get_data()
        body = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
        metrics = {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}
        calls = metrics["airflow.celebs.calls"].sum
        assert calls.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA
        (point,) = calls.data_points
        assert point.as_int == 3
        assert [(one.key, one.value.string_value) for one in point.attributes] == [("site", "TMZ")]
        assert metrics["airflow.celebs.cost_usd"].sum.data_points[0].as_double == pytest.approx(0.003)
        whose = {one.key: one.value.string_value for one in resource.resource.attributes}
        instances.add(whose.pop("service.instance.id"))
        series.add(tuple(sorted(whose.items())))
    assert len(instances) == 2
    assert len(series) == 1
