"""The counters, by Airflow's own clients: to a statsd on loopback, and to an OpenTelemetry collector's HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from celeb_ops import keys
from celeb_ops.exceptions import RecognitionError
from celeb_ops.operators import counters
from celeb_ops.operators.base import SiteOperator, Step
from celeb_ops.operators.run import merge_results
from celeb_ops.records import RecognizerInfo
from tests.alerts.statsd import Statsd
from tests.factories import RUN_TIME, a_result
from tests.operators.test_run import DEAD, SITES, WHOLE, a_run, left, result_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics

    from celeb_ops.recognition import Face
    from celeb_ops.store import FolderStore


def listened(monkeypatch: pytest.MonkeyPatch, server: Statsd, tags: bool) -> None:
    """As a task's process begins, where statsd is on."""
    for name, value in (("ON", "True"), ("HOST", "127.0.0.1"), ("PORT", server.port), ("INFLUXDB_ENABLED", tags)):
        monkeypatch.setenv(f"AIRFLOW__METRICS__STATSD_{name}", str(value))
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


@pytest.fixture(autouse=True)
def quiet_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    monkeypatch.undo()
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


@pytest.fixture
def statsd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statsd]:
    """A statsd that takes tags."""
    with Statsd() as server:
        listened(monkeypatch, server, tags=True)
        yield server


@pytest.fixture
def plain_statsd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statsd]:
    with Statsd() as server:
        listened(monkeypatch, server, tags=False)
        yield server


class Paid:
    """A recogniser that sees one stranger, and fails at the third call."""

    info = RecognizerInfo(name="rekognition", version="1")
    cost_usd = 0.001

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def recognize(self, *given: Any) -> list[Face]:
        self.asked.append(given)
        if len(self.asked) == 3:
            raise RecognitionError("No answer.")
        return []


class TestResult:
    def test_counts_faces_by_site(self, statsd: Statsd) -> None:
        counters.result(a_result("TMZ", "Grace Hopper", faces=5, unrecognised=4, calls_saved=2))
        got = statsd.wait_for(["airflow.celebs.calls_saved,site=TMZ:2|c"])
        assert sorted(got) == [
            "airflow.celebs.calls_saved,site=TMZ:2|c",
            "airflow.celebs.faces,site=TMZ:5|c",
            "airflow.celebs.sightings,site=TMZ:1|c",
            "airflow.celebs.unrecognised,site=TMZ:4|c",
        ]

    def test_plain_statsd_gets_the_same_names_without_sites(self, plain_statsd: Statsd) -> None:
        counters.result(a_result("TMZ", faces=5))
        counters.result(a_result("PEOPLE", faces=2))
        assert plain_statsd.wait_for(["airflow.celebs.faces:5|c", "airflow.celebs.faces:2|c"]) == [
            "airflow.celebs.faces:5|c",
            "airflow.celebs.faces:2|c",
        ]

    def test_nobody_listens_and_nothing_happens(self) -> None:
        assert not counters.are_on()
        counters.result(a_result("TMZ", faces=5))


class TestCountedCalls:
    def test_counts_the_calls_that_were_answered_and_what_they_cost(self, statsd: Statsd) -> None:
        paid = Paid()
        counted = counters.CountedCalls(paid)
        counted.recognize(b"1", key="a")
        counted.recognize(b"2", [])
        with pytest.raises(RecognitionError):
            counted.recognize(b"3")
        counted.send("TMZ")
        assert paid.asked == [(b"1", (), "a"), (b"2", [], None), (b"3", (), None)]
        got = statsd.wait_for(["airflow.celebs.cost_usd,site=TMZ:0.002|c"])
        assert got == ["airflow.celebs.calls,site=TMZ:2|c", "airflow.celebs.cost_usd,site=TMZ:0.002|c"]
        assert (counted.info, counted.cost_usd) == (paid.info, 0.001)


class Quick(SiteOperator):
    """A step that ends as its site's name says."""

    def run_step(self, step: Step) -> str:
        if step.site.name == "SKIPPED":
            raise AirflowSkipException("No page.")
        return "a key"


class TestTimed:
    def test_a_step_that_came_to_its_end_tells_how_long_it_took(self, statsd: Statsd) -> None:
        for name in ("TMZ", "SKIPPED"):
            step = Quick(task_id="site.screenshot", site={"url": "https://www.tmz.com/", "name": name})
            if name == "SKIPPED":
                with pytest.raises(AirflowSkipException):
                    step.execute({"logical_date": RUN_TIME})
            else:
                step.execute({"logical_date": RUN_TIME})
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


class TestPages:
    def test_an_outcome_counts_once_and_again_only_where_it_has_become_another(
        self, statsd: Statsd, folder_store: FolderStore
    ) -> None:
        left(folder_store, "PEOPLE", "failed", "PEOPLE sent no page.", source="live")
        result_key(folder_store, "TMZ")
        for _ in range(2):
            merge_results(a_run(WHOLE, DEAD), SITES[:2])
        result_key(folder_store, "PEOPLE")
        merge_results(a_run(WHOLE, WHOLE), SITES[:2])
        got = statsd.wait_for(["airflow.celebs.pages.seen,site=PEOPLE:1|c"])
        assert sorted(line for line in got if ".pages." in line) == [
            "airflow.celebs.pages.failed,site=PEOPLE:1|c",
            "airflow.celebs.pages.seen,site=PEOPLE:1|c",
            "airflow.celebs.pages.seen,site=TMZ:1|c",
        ]

    def test_a_damaged_table_is_merge_s_own_error(self, statsd: Statsd, folder_store: FolderStore) -> None:
        folder_store.write(keys.captures(RUN_TIME), b"no parquet")
        with pytest.raises(Exception, match="can't be read as a table"):
            merge_results(a_run(WHOLE), SITES[:1])


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


# In a process of its own, which sends what it has at its end as a task's does.
OTEL = """
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
from celeb_ops.operators import counters
counters.count("calls", 3, "TMZ")
counters.count("cost_usd", 0.003, "TMZ")
with counters.timed("slice", "TMZ"):
    pass
"""


def sent_by_opentelemetry(**settings: str) -> list[ResourceMetrics]:
    """What a process sends, to a collector on loopback."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    got: list[ExportMetricsServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                import gzip

                body = gzip.decompress(body)
            got.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    on = {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRIC_EXPORT_INTERVAL": "60000",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", OTEL],
            env=os.environ | on | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
    finally:
        server.shutdown()
        server.server_close()
    return [resource for request in got for resource in request.resource_metrics]


def by_name(sent: list[ResourceMetrics]) -> dict[str, Metric]:
    return {metric.name: metric for resource in sent for scope in resource.scope_metrics for metric in scope.metrics}


def test_opentelemetry_gets_them_too() -> None:
    found = by_name(sent_by_opentelemetry())
    assert {"airflow.celebs.calls", "airflow.celebs.cost_usd", "airflow.celebs.duration.slice"} <= set(found)
    (calls,) = found["airflow.celebs.calls"].sum.data_points
    assert calls.as_int == 3
    assert [(one.key, one.value.string_value) for one in calls.attributes] == [("site", "TMZ")]
    (cost,) = found["airflow.celebs.cost_usd"].sum.data_points
    assert cost.as_double == pytest.approx(0.003)


def test_what_two_processes_send_adds_up_once_their_instance_is_left_out() -> None:
    """As docs/alerts.md says: each counts from zero, as an instance of its own."""
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

    series, instances = set(), set()
    for _ in range(2):
        sent = sent_by_opentelemetry(OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="delta")
        calls = by_name(sent)["airflow.celebs.calls"].sum
        assert calls.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA
        assert [point.as_int for point in calls.data_points] == [3]
        whose = {one.key: one.value.string_value for one in sent[0].resource.attributes}
        instances.add(whose.pop("service.instance.id"))
        series.add(tuple(sorted(whose.items())))
    assert len(instances) == 2
    assert len(series) == 1
