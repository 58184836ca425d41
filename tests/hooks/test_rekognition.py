from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from celeb_ops.core import settings as settings_module
from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.settings import Settings
from celeb_ops.hooks.rekognition import rekognition_client
from tests.aws.rekognition import Rekognition, serving
from tests.core.test_settings import FIRST_VERSION, REKOGNITION
from tests.factories import a_picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class NobodyThere:
    """A recogniser that sees no face."""

    def recognize(self, picture: bytes, areas: object = ()) -> list[object]:
        return []


@pytest.fixture
def service() -> Iterator[Rekognition]:
    """A Rekognition on loopback that takes the keys of one account only."""
    with serving(NobodyThere()) as service:
        service.access_keys = {"AKIARECOGNITION"}
        yield service


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of the first version's ``.env``."""
    # What loading puts into the environment goes with the test.
    for name in ("AIRFLOW_CONN_CELEBS_S3", REKOGNITION):
        monkeypatch.setenv(name, "")
    path = tmp_path / ".env"
    path.write_text(FIRST_VERSION)
    monkeypatch.setattr(settings_module, "DOTENV", path)
    return Settings.load()


def connection(endpoint: str, **extra: str) -> str:
    told = {"endpoint_url": endpoint} | extra
    return json.dumps({"conn_type": "aws", "login": "AKIARECOGNITION", "password": "secret", "extra": told})


def asked(settings: Settings, service: Rekognition, **given: Any) -> str:
    """Ask once; the region that was asked in."""
    client = rekognition_client(settings, **given)
    answer = client.recognize_celebrities(Image={"Bytes": a_picture()})
    assert answer["CelebrityFaces"] == answer["UnrecognizedFaces"] == []
    assert service.calls == 1
    return client.meta.region_name


def test_the_first_version_s_second_pair_of_keys_opens_rekognition(
    settings: Settings, service: Rekognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It knows of no endpoint: its Rekognition is Amazon's.
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", service.url)
    assert asked(settings, service) == "eu-west-1"


@pytest.mark.parametrize(
    ("extra", "given", "region"),
    [
        ({"region_name": "us-west-2"}, {}, "us-west-2"),
        # The first version's.
        ({}, {}, "eu-west-1"),
        ({"region_name": "us-west-2"}, {"region_name": "eu-central-1"}, "eu-central-1"),
    ],
    ids=["the connection's", "that of the settings", "the operator's"],
)
def test_the_connection_s_endpoint_and_a_region_are_honoured(
    extra: dict[str, str],
    given: dict[str, str],
    region: str,
    settings: Settings,
    service: Rekognition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REKOGNITION, connection(service.url, **extra))
    assert asked(settings, service, **given) == region


def test_boto_s_own_options_come_before_ours(service: Rekognition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REKOGNITION, connection(service.url, region_name="us-west-2"))
    client = rekognition_client(Settings(), verify="ca.pem", botocore_config={"read_timeout": 5})
    assert (client.meta.config.read_timeout, client.meta.config.connect_timeout) == (5, 10)  # type: ignore[attr-defined]
    assert client._endpoint.http_session._verify == "ca.pem"  # type: ignore[attr-defined]


def test_without_a_connection_boto_looks_for_itself(service: Rekognition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIARECOGNITION")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    assert asked(Settings(), service) == "us-east-2"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {REKOGNITION: connection("http://127.0.0.1:9")},
            "Rekognition needs a region: give region_name in the extra of the connection celebs_rekognition, "
            "or set AWS_DEFAULT_REGION.",
        ),
        ({"AWS_PROFILE": "nope"}, "Rekognition can't be opened: The config profile (nope) could not be found."),
        (
            {REKOGNITION: connection("localhost:9000", region_name="us-west-2")},
            "Rekognition can't be opened: Invalid endpoint: localhost:9000. An endpoint_url begins with http://",
        ),
        (
            {"AWS_DEFAULT_REGION": "eu-north-1"},
            "There is no Rekognition in the region 'eu-north-1': give the connection celebs_rekognition a region_name",
        ),
    ],
    ids=["no region", "an unknown profile", "an endpoint without a scheme", "a region without it"],
)
def test_what_is_unusable_is_a_sentence(variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        rekognition_client(Settings())
    assert str(error.value).startswith(said)


def test_throttling_is_sat_through_by_boto(
    settings: Settings, service: Rekognition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REKOGNITION, connection(service.url))
    service.faults = ["ThrottlingException"]
    rekognition_client(settings).recognize_celebrities(Image={"Bytes": a_picture()})
    assert service.calls == 2
