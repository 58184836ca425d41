"""Throttling, faults and waits of the Rekognition on loopback, and its counts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.aws.asking import OTHER, PICTURE, Sees, asked, client, eventually, refused, sha256
from tests.aws.rekognition import (
    ACCESS_KEY,
    CUT,
    CUT_IN_THE_MIDDLE,
    SECRET_KEY,
    THROTTLED_500,
    UNAVAILABLE,
    Rekognition,
    serving,
)


class TestThrottling:
    @pytest.mark.parametrize(
        ("kind", "sentence"),
        [
            ("ProvisionedThroughputExceededException", "Provisioned Rate exceeded"),
            ("ThrottlingException", "Slow down; sudden increase in rate of requests"),
        ],
    )
    def test_is_told(self, service: Rekognition, kind: str, sentence: str) -> None:
        service.throttled_as = kind
        service.limit_per_s = 0.01
        asked(service)
        assert refused(service) == (kind, sentence, 400)
        assert (service.calls, service.answered, service.throttled) == (2, 1, 1)

    def test_lets_a_burst_through_and_then_so_many_a_second(self, service: Rekognition) -> None:
        service.limit_per_s = 10
        boto = client(service)
        start, through = time.monotonic(), 0
        while time.monotonic() < start + 1:
            try:
                boto.recognize_celebrities(Image={"Bytes": PICTURE})
            except ClientError:
                time.sleep(0.01)
            else:
                through += 1
        assert 18 <= through <= 21
        assert service.throttled == service.calls - through > 0

    def test_is_sat_through_by_boto(self, service: Rekognition) -> None:
        service.limit_per_s = 4
        boto = client(service, attempts=10)
        for _ in range(6):
            boto.recognize_celebrities(Image={"Bytes": PICTURE})
        assert service.answered == 6
        assert service.throttled == service.calls - 6 > 0

    def test_ends_with_the_limit(self, service: Rekognition) -> None:
        service.limit_per_s = 0.01
        asked(service)
        service.limit_per_s = None
        asked(service)


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "code", "status"),
        [
            ("ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException", 400),
            ("InternalServerError", "InternalServerError", 500),
            ("ThrottlingException", "ThrottlingException", 400),
            (THROTTLED_500, "ThrottlingException", 500),
            ("ExpiredTokenException", "ExpiredTokenException", 400),
            ("ServiceUnavailableException", "ServiceUnavailableException", 503),
            ("SomethingNewException", "SomethingNewException", 400),
        ],
    )
    def test_are_told_once_each(self, service: Rekognition, fault: str, code: str, status: int) -> None:
        service.faults = ["", fault]
        asked(service)
        assert refused(service)[::2] == (code, status)
        asked(service)
        assert (service.calls, service.answered, service.throttled) == (3, 2, 0)

    def test_access_denied_names_who_and_what(self, service: Rekognition) -> None:
        service.faults = ["AccessDeniedException"]
        assert refused(service) == (
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/press is not authorized to perform: "
            "rekognition:RecognizeCelebrities because no identity-based policy allows the "
            "rekognition:RecognizeCelebrities action",
            400,
        )

    def test_unavailable_is_html(self, service: Rekognition) -> None:
        service.faults = [UNAVAILABLE]
        # boto's own words for an error in HTML: the status and what HTTP calls it.
        assert refused(service) == ("503", "Service Unavailable", 503)
        service.faults = [UNAVAILABLE]
        asked(service, attempts=2)

    def test_a_cut_before_the_answer_is_asked_again_by_boto(self, service: Rekognition) -> None:
        service.faults = [CUT] * 2
        with pytest.raises(ConnectionClosedError):
            asked(service)
        asked(service, attempts=2)
        assert (service.calls, service.answered, service.asked, service.lost) == (3, 1, [sha256(PICTURE)], 0)

    def test_a_cut_in_the_middle_is_an_answer_without_faces_to_boto(self, service: Rekognition) -> None:
        # It doesn't hold an answer against its Content-Length, and takes what is no JSON for an empty answer.
        service.faults = [CUT_IN_THE_MIDDLE]
        assert asked(service, attempts=6).keys() == {"ResponseMetadata"}
        assert (service.calls, service.answered, service.asked, service.lost) == (1, 0, [], 1)
        assert asked(service).keys() == {"CelebrityFaces", "UnrecognizedFaces", "ResponseMetadata"}

    def test_at_random_are_the_same_ones_for_a_seed(self, service: Rekognition) -> None:
        def codes(seed: int) -> list[str]:
            service.fail_at_random(0.3, "InternalServerError", UNAVAILABLE, seed=seed)
            found = []
            for _ in range(60):
                try:
                    asked(service)
                except ClientError as error:
                    found.append(error.response["Error"]["Code"])
                else:
                    found.append("")
            return found

        first, other = codes(1), codes(2)
        assert set(first) == {"", "InternalServerError", "503"}
        assert 8 <= 60 - first.count("") <= 30
        assert codes(1) == first != other
        service.fail_at_random(0)
        asked(service)

    def test_slowness(self, service: Rekognition) -> None:
        def seconds() -> float:
            start = time.monotonic()
            asked(service)
            return time.monotonic() - start

        service.delays = [0.6]
        assert seconds() >= 0.6 > seconds()
        service.delay_s = 0.4
        assert seconds() >= 0.4
        assert seconds() >= 0.4

    def test_slow_calls_wait_side_by_side_and_the_recogniser_is_asked_by_one(self, service: Rekognition) -> None:
        service.recognizer = Sees(takes_s=0.01)  # type: ignore[assignment]
        service.delay_s = 0.5
        start = time.monotonic()
        boto = client(service, max_pool_connections=20)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(lambda _: boto.recognize_celebrities(Image={"Bytes": PICTURE}), range(20)))
        assert time.monotonic() - start < 2
        assert (service.answered, service.in_flight_max, service.in_flight) == (20, 20, 0)


class TestHolding:
    def test_begins_with_the_nth_answer_and_ends_with_the_release(self, service: Rekognition) -> None:
        service.hold_after = 3
        boto = client(service)
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(boto.recognize_celebrities, Image={"Bytes": PICTURE}) for _ in range(8)]
            service.wait_until_held(5)
            eventually(lambda: sum(call.done() for call in calls) == 3)
            assert (service.answered, service.held, service.calls) == (3, 5, 8)
            service.release()
        assert (service.answered, service.held) == (8, 0)
        asked(service)

    def test_gives_a_lost_answer_s_place_to_another(self, service: Rekognition) -> None:
        service.hold_after = 1
        service.faults = [CUT_IN_THE_MIDDLE]
        asked(service)
        asked(service)
        assert (service.lost, service.answered, service.held) == (1, 1, 0)

    def test_a_client_killed_meanwhile_was_not_answered(self, service: Rekognition) -> None:
        service.hold_after = 0
        code = (
            "import boto3; from tests.factories import a_picture; "
            f"boto3.client('rekognition', endpoint_url={service.url!r}, region_name='us-east-1', "
            f"aws_access_key_id={ACCESS_KEY!r}, aws_secret_access_key={SECRET_KEY!r})"
            ".recognize_celebrities(Image={'Bytes': a_picture()})"
        )
        with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "plugins"}) as killed:
            service.wait_until_held()
            killed.kill()
        service.release()
        eventually(lambda: service.lost == 1)
        assert (service.calls, service.answered, service.asked) == (1, 0, [])
        asked(service)
        assert service.asked == [sha256(PICTURE)]

    def test_ends_with_the_service(self) -> None:
        with serving(Sees()) as service, ThreadPoolExecutor(1) as pool:  # type: ignore[arg-type]
            service.hold_after = 0
            call = pool.submit(asked, service)
            service.wait_until_held()
            with pytest.raises(TimeoutError, match="1 calls are held, not 2"):
                service.wait_until_held(2, within_s=0.1)
            service.close()
            call.result(timeout=5)


def test_pictures_answered_are_told_in_order(service: Rekognition) -> None:
    service.faults = ["InternalServerError"]
    refused(service)
    for picture in (PICTURE, OTHER, PICTURE):
        asked(service, picture)
    assert service.asked == [sha256(PICTURE), sha256(OTHER), sha256(PICTURE)]
    assert (service.calls, service.answered, service.in_flight_max) == (4, 3, 1)
