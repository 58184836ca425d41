from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.exceptions import CredentialRetrievalError

from celeb_ops.core import settings as settings_module
from celeb_ops.core.exceptions import CelebsError, NotPermittedError, PermanentError, StoreError, StoreRefusedError
from celeb_ops.core.settings import PROJECT, Settings
from celeb_ops.core.store import FolderStore, S3Store
from celeb_ops.hooks.s3 import open_store, warn_of_new_prefix
from tests.core.store.verbs import an_s3_client
from tests.core.test_settings import FIRST_VERSION, REKOGNITION, S3

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from tests.aws.s3_proxy import S3Proxy


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's ``.env``; the store's place is not in the environment."""
    path = tmp_path / ".env"
    monkeypatch.setattr(settings_module, "DOTENV", path)
    monkeypatch.delenv("CELEBS_STORE")
    # What loading puts into the environment goes with the test.
    for name in (S3, REKOGNITION):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return path


def opened() -> S3Store:
    store = open_store(Settings.load())
    assert isinstance(store, S3Store)
    return store


def keys_of_writing(store: S3Store) -> set[str]:
    """The access keys with which the store writes its ``Celebs.csv``."""
    keys: set[str] = set()
    store.client.meta.events.register(
        "before-send.s3",
        lambda request, **_: keys.add(request.headers["Authorization"].decode().split("Credential=")[1].split("/")[0]),
    )
    store.write("Celebs.csv", b"rows")
    return keys


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "celeb_ops.hooks.s3"]


def as_json(endpoint: str, **extra: Any) -> str:
    extra = {"endpoint_url": endpoint, "region_name": "eu-north-1"} | extra
    return json.dumps({"conn_type": "aws", "login": "AKIACONN", "password": "secret/1", "extra": extra})


def as_uri(endpoint: str) -> str:
    return f"aws://AKIACONN:secret%2F1@/?endpoint_url={quote(endpoint, safe='')}&region_name=eu-north-1"


def test_a_path_is_a_folder_seen_from_the_project(dotenv: Path) -> None:
    dotenv.write_text("CELEBS_STORE=some/data\n")
    store = open_store(Settings.load())
    assert isinstance(store, FolderStore)
    assert store.root == PROJECT / "some" / "data"


class TestConnection:
    @pytest.mark.parametrize("form", [as_json, as_uri])
    def test_of_the_file_comes_before_what_boto_would_find(
        self, form: Any, dotenv: Path, s3_endpoint: str, s3_client: S3Client, bucket: str, monkeypatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        dotenv.write_text(f"CELEBS_STORE=s3://{bucket}/press\n{S3}='{form(s3_endpoint)}'\n")
        store = opened()
        assert keys_of_writing(store) == {"AKIACONN"}
        assert store.client.meta.region_name == "eu-north-1"
        assert s3_client.get_object(Bucket=bucket, Key="press/Celebs.csv")["Body"].read() == b"rows"

    def test_its_region_comes_before_the_first_version_s(self, dotenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(S3, as_json("http://127.0.0.1:9"))
        dotenv.write_text(FIRST_VERSION)
        assert opened().client.meta.region_name == "eu-north-1"

    def test_may_have_another_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_OTHERS_S3", as_json("http://127.0.0.1:9"))
        store = open_store(Settings(store="s3://celebs-bucket"), "others_s3")
        assert isinstance(store, S3Store)
        assert store.client.meta.endpoint_url == "http://127.0.0.1:9"

    def test_lacking_leaves_it_to_boto(self, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABOTO")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
        monkeypatch.setenv("CELEBS_STORE", f"s3://{bucket}/press")
        assert keys_of_writing(opened()) == {"AKIABOTO"}


def test_the_first_version_s_bucket_is_written_with_its_keys(
    dotenv: Path,
    s3_endpoint: str,
    s3_client: S3Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dotenv.write_text(FIRST_VERSION)
    # It knows of no endpoint: its S3 is Amazon's.
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    s3_client.create_bucket(Bucket="celebs-bucket")
    store = opened()
    assert keys_of_writing(store) == {"AKIABUCKET"}
    assert store.client.meta.region_name == "eu-west-1"

    # The right folder gets no warning.
    warn_of_new_prefix(Settings.load(), opened())
    assert not told(caplog)
    monkeypatch.setenv("CELEBS_PREFIX", "press")
    warn_of_new_prefix(Settings.load(), opened())
    assert told(caplog) == [
        "s3://celebs-bucket/press/Celebs.csv does not exist: a new dataset begins. If the first version kept one in "
        "this bucket, set CELEBS_PREFIX to the folder in its code."
    ]


def test_a_new_prefix_in_a_bucket_of_one_s_own_is_told_once(
    s3_client: S3Client, bucket: str, folder_store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "celeb_ops")
    store = S3Store(s3_client, bucket, "press")
    warn_of_new_prefix(Settings(), store)
    assert told(caplog) == [f"There is no dataset at s3://{bucket}/press/ yet: a new one begins."]
    assert list(store.list("")) == []
    store.write("Celebs.csv", b"rows")
    caplog.clear()
    warn_of_new_prefix(Settings(), store)
    warn_of_new_prefix(Settings(), folder_store)
    assert not told(caplog)


class TestWithoutThePermissionToList:
    """Before any work it is found out whether what looks new is."""

    @pytest.fixture
    def store(self, proxy: S3Proxy, bucket: str) -> S3Store:
        proxy.denied = {"s3:ListBucket"}
        return S3Store(an_s3_client(proxy.url), bucket, "press")

    @pytest.mark.parametrize("there", [None, b"rows"], ids=["new", "there"])
    def test_a_new_dataset_is_begun_and_one_that_is_there_left_as_it_is(
        self, there: bytes | None, store: S3Store
    ) -> None:
        if there:
            store.write("Celebs.csv", there)
        warn_of_new_prefix(Settings(), store)
        assert store.read("Celebs.csv") == (there or b"time,site,celebrities,captured_at,source\n")

    def test_one_that_may_not_be_read_is_an_error(self, proxy: S3Proxy, store: S3Store) -> None:
        store.write("Celebs.csv", b"rows")
        proxy.denied.add("s3:GetObject")
        with pytest.raises(NotPermittedError, match=r"Celebs\.csv is there but may not be read, .*s3:GetObject"):
            warn_of_new_prefix(Settings(), store)

    def test_and_any_other_the_bucket_is_somebody_else_s(self, proxy: S3Proxy, store: S3Store) -> None:
        proxy.denied |= {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
        with pytest.raises(NotPermittedError, match=r"Celebs\.csv could not be written: .* permission s3:PutObject"):
            warn_of_new_prefix(Settings(), store)


class TestClient:
    """How it bears S3's short failures."""

    @pytest.fixture
    def settings(self, bucket: str) -> Settings:
        return Settings(store=f"s3://{bucket}", s3_extra_args={"ServerSideEncryption": "aws:kms"})

    def test_tries_five_times_and_says_with_each_write_what_is_set(
        self, proxy: S3Proxy, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(S3, as_json(proxy.url))
        store = open_store(settings)
        proxy.give(*["InternalError"] * 4)
        store.write("a", b"1")
        assert proxy.requests == {"PutObject": 5}
        assert proxy.writes[0].headers["x-amz-server-side-encryption"] == "aws:kms"
        proxy.give(*["InternalError"] * 5)
        with pytest.raises(StoreError, match="InternalError"):
            store.write("a", b"1")
        assert proxy.requests == {"PutObject": 10}
        assert store.client.meta.config.read_timeout == 60  # type: ignore[attr-defined]

    def test_the_connection_s_own_config_comes_before(
        self, proxy: S3Proxy, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"}}
        monkeypatch.setenv(S3, as_json(proxy.url, config_kwargs=config))
        store = open_store(settings)
        proxy.give("InternalError")
        with pytest.raises(StoreError, match="InternalError"):
            store.write("a", b"1")
        assert proxy.requests == {"PutObject": 1}
        assert store.client.meta.config.s3 == {"addressing_style": "path"}  # type: ignore[attr-defined]
        assert store.client.meta.config.connect_timeout == 10  # type: ignore[attr-defined]

    def test_keys_that_s3_does_not_know_are_told(
        self, proxy: S3Proxy, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(S3, as_json(proxy.url))
        proxy.access_keys = {"AKIAOTHER"}
        with pytest.raises(StoreRefusedError, match=r"InvalidAccessKeyId: .* connection celebs_s3 an active"):
            warn_of_new_prefix(settings, open_store(settings))
        assert proxy.requests == {"GetObject": 1}


def test_a_bucket_that_is_not_there_is_told_before_any_work(s3_client: S3Client) -> None:
    with pytest.raises(StoreRefusedError, match="There is no bucket 'celebs-nowhere'"):
        warn_of_new_prefix(Settings(), S3Store(s3_client, "celebs-nowhere"))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "AWS_PROFILE",
            "nope",
            "S3 can't be opened: The config profile (nope) could not be found. Check the connection celebs_s3, or "
            "without one the AWS_… variables and files that boto reads.",
        ),
        (S3, as_json("127.0.0.1:9000"), "Invalid endpoint: 127.0.0.1:9000. An endpoint_url begins with http://"),
        ("AWS_DEFAULT_REGION", "eu west", "S3 can't be opened: Provided region_name 'eu west' doesn't match"),
    ],
    ids=["an unknown profile", "an endpoint without a scheme", "a region that is none"],
)
def test_what_boto_can_t_make_a_client_of_is_a_sentence(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(PermanentError) as error:
        open_store(Settings(store="s3://celebs-bucket"))
    assert said in str(error.value)


def test_credentials_that_could_not_be_fetched_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object, **__: object) -> None:
        raise CredentialRetrievalError(provider="iam-role", error_msg="no route")

    monkeypatch.setattr(S3Hook, "get_client_type", down)
    with pytest.raises(CelebsError, match="S3 can't be opened: Error when retrieving credentials") as error:
        open_store(Settings(store="s3://celebs-bucket"))
    assert not isinstance(error.value, PermanentError)
