from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from botocore.exceptions import CredentialRetrievalError

from celeb_ops import settings as settings_module
from celeb_ops.exceptions import (
    CelebsError,
    NotPermittedError,
    PermanentError,
    SettingsError,
    StoreError,
    StoreRefusedError,
)
from celeb_ops.hooks.s3 import open_store, warn_of_new_prefix
from celeb_ops.settings import PROJECT, Settings
from celeb_ops.store import FolderStore, S3Store
from tests.store.verbs import an_s3_client
from tests.test_settings import FIRST_VERSION

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
    # What a test exports to the environment goes with it.
    for name in ("AIRFLOW_CONN_CELEBS_S3", "AIRFLOW_CONN_CELEBS_REKOGNITION"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return path


def opened() -> S3Store:
    store = open_store(Settings.load())
    assert isinstance(store, S3Store)
    return store


def signed_by(store: S3Store) -> set[str]:
    """The access keys of the store's requests, from now on."""
    keys: set[str] = set()
    store.client.meta.events.register(
        "before-send.s3",
        lambda request, **_: keys.add(request.headers["Authorization"].decode().split("Credential=")[1].split("/")[0]),
    )
    return keys


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "celeb_ops.hooks.s3"]


def content(client: S3Client, bucket: str, key: str) -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


class TestFolder:
    def test_a_path_is_a_folder_seen_from_the_project(self, dotenv: Path) -> None:
        dotenv.write_text("CELEBS_STORE=some/data\n")
        store = open_store(Settings.load())
        assert isinstance(store, FolderStore)
        assert store.root == PROJECT / "some" / "data"


class TestConnection:
    """Airflow finds a connection that stands in ``.env``, and its extra is honoured."""

    def as_json(self, endpoint: str) -> str:
        extra = {"endpoint_url": endpoint, "region_name": "eu-north-1"}
        return json.dumps({"conn_type": "aws", "login": "AKIACONN", "password": "secret/1", "extra": extra})

    def as_uri(self, endpoint: str) -> str:
        return f"aws://AKIACONN:secret%2F1@/?endpoint_url={quote(endpoint, safe='')}&region_name=eu-north-1"

    @pytest.mark.parametrize("form", [as_json, as_uri], ids=["json", "uri"])
    def test_of_the_file_writes_to_its_endpoint_with_its_key(
        self, dotenv: Path, s3_endpoint: str, s3_client: S3Client, bucket: str, form
    ) -> None:
        dotenv.write_text(f"CELEBS_STORE=s3://{bucket}/press\nAIRFLOW_CONN_CELEBS_S3='{form(self, s3_endpoint)}'\n")
        store = opened()
        keys = signed_by(store)

        store.write("Celebs.csv", b"rows")

        assert content(s3_client, bucket, "press/Celebs.csv") == b"rows"
        assert keys == {"AKIACONN"}
        assert store.client.meta.region_name == "eu-north-1"

    def test_comes_before_what_boto_would_find(
        self, dotenv: Path, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AIRFLOW_CONN_CELEBS_S3", self.as_json(s3_endpoint))
        dotenv.write_text(f"CELEBS_STORE=s3://{bucket}\n")
        store = opened()
        keys = signed_by(store)
        store.write("Celebs.csv", b"rows")
        assert keys == {"AKIACONN"}

    def test_its_region_comes_before_the_first_version_s(
        self, dotenv: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_CELEBS_S3", self.as_json(s3_endpoint))
        dotenv.write_text(FIRST_VERSION)
        assert opened().client.meta.region_name == "eu-north-1"

    def test_may_have_another_name(self, dotenv: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_OTHERS_S3", self.as_json(s3_endpoint))
        dotenv.write_text("CELEBS_STORE=s3://celebs-bucket\n")
        store = open_store(Settings.load(), aws_conn_id="others_s3")
        assert isinstance(store, S3Store)
        assert store.client.meta.endpoint_url == s3_endpoint

    def test_lacking_leaves_it_to_boto(
        self,
        dotenv: Path,
        s3_endpoint: str,
        s3_client: S3Client,
        bucket: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABOTO")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
        dotenv.write_text(f"CELEBS_STORE=s3://{bucket}/press\n")
        store = opened()
        keys = signed_by(store)

        store.write("Celebs.csv", b"rows")

        assert content(s3_client, bucket, "press/Celebs.csv") == b"rows"
        assert keys == {"AKIABOTO"}


class TestFirstVersion:
    """With the first version's ``.env``, as it is."""

    @pytest.fixture(autouse=True)
    def its_bucket(self, dotenv: Path, s3_endpoint: str, s3_client: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
        dotenv.write_text(FIRST_VERSION)
        # It knows of no endpoint: its S3 is Amazon's.
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
        s3_client.create_bucket(Bucket="celebs-bucket")

    def test_the_bucket_is_written_with_its_keys(self, s3_client: S3Client) -> None:
        store = opened()
        keys = signed_by(store)

        store.write("Celebs.csv", b"rows")

        assert content(s3_client, "celebs-bucket", "Celebs.csv") == b"rows"
        assert keys == {"AKIABUCKET"}
        assert store.client.meta.region_name == "eu-west-1"

    def test_a_folder_without_its_dataset_gets_a_warning_that_tells_the_setting(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        opened().write("Celebs.csv", b"rows")

        monkeypatch.setenv("CELEBS_PREFIX", "press")
        warn_of_new_prefix(Settings.load(), opened())
        assert told(caplog) == [
            "s3://celebs-bucket/press/Celebs.csv is not there: a new dataset begins. If the first version kept one in "
            "this bucket, set CELEBS_PREFIX to the folder that stood in its code."
        ]

    def test_the_right_folder_gets_none(self, caplog: pytest.LogCaptureFixture) -> None:
        opened().write("Celebs.csv", b"rows")
        warn_of_new_prefix(Settings.load(), opened())
        assert not told(caplog)


def test_a_new_folder_of_one_s_own_gets_no_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "celeb_ops")
    settings = Settings.load()
    warn_of_new_prefix(settings, open_store(settings))
    assert not told(caplog)


class TestANewPrefix:
    """In a bucket of one's own."""

    def test_is_told(self, s3_store: S3Store, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "celeb_ops")
        warn_of_new_prefix(Settings(), s3_store)
        assert told(caplog) == [f"There is no dataset at s3://{s3_store.bucket}/press/ yet: a new one begins."]
        assert list(s3_store.list("")) == []

    def test_is_new_once(self, s3_store: S3Store, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "celeb_ops")
        s3_store.write("Celebs.csv", b"rows")
        warn_of_new_prefix(Settings(), s3_store)
        assert not told(caplog)


class TestWithoutThePermissionToList:
    """Before any work it is found out whether what looks new is."""

    @pytest.fixture
    def unlisted(self, proxy: S3Proxy, bucket: str) -> S3Store:
        proxy.denied = {"s3:ListBucket"}
        return S3Store(an_s3_client(proxy.url), bucket, "press")

    def test_a_new_dataset_is_begun(self, unlisted: S3Store) -> None:
        warn_of_new_prefix(Settings(), unlisted)
        assert unlisted.read("Celebs.csv") == b"time,site,celebrities,captured_at,source\n"

    def test_one_that_is_there_is_left_as_it_is(self, unlisted: S3Store) -> None:
        unlisted.write("Celebs.csv", b"rows")
        warn_of_new_prefix(Settings(), unlisted)
        assert unlisted.read("Celebs.csv") == b"rows"

    def test_one_that_may_not_be_read_is_an_error(self, proxy: S3Proxy, unlisted: S3Store) -> None:
        unlisted.write("Celebs.csv", b"rows")
        proxy.denied.add("s3:GetObject")
        with pytest.raises(NotPermittedError, match=r"Celebs\.csv is there but may not be read, .*s3:GetObject"):
            warn_of_new_prefix(Settings(), unlisted)

    def test_and_any_other_the_bucket_is_somebody_else_s(self, proxy: S3Proxy, unlisted: S3Store) -> None:
        proxy.denied |= {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
        with pytest.raises(NotPermittedError, match=r"Celebs\.csv could not be written: .* permission s3:PutObject"):
            warn_of_new_prefix(Settings(), unlisted)


class TestClient:
    """How it bears S3's short failures."""

    def open(self, dotenv: Path, proxy: S3Proxy, bucket: str, more: str = "", **extra: object) -> S3Store:
        connection = {
            "conn_type": "aws",
            "login": "AKIACONN",
            "password": "secret",
            "extra": {"endpoint_url": proxy.url, "region_name": "eu-north-1"} | extra,
        }
        dotenv.write_text(f"CELEBS_STORE=s3://{bucket}\nAIRFLOW_CONN_CELEBS_S3='{json.dumps(connection)}'\n{more}\n")
        return opened()

    def test_tries_five_times(self, dotenv: Path, proxy: S3Proxy, bucket: str) -> None:
        store = self.open(dotenv, proxy, bucket)
        proxy.give(*["InternalError"] * 4)
        store.write("a", b"1")
        assert proxy.requests == {"PutObject": 5}
        proxy.give(*["InternalError"] * 5)
        with pytest.raises(StoreError, match="InternalError"):
            store.write("a", b"1")
        assert proxy.requests == {"PutObject": 10}
        assert store.client.meta.config.read_timeout == 60

    def test_the_connection_s_own_config_comes_before(self, dotenv: Path, proxy: S3Proxy, bucket: str) -> None:
        config = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"}}
        store = self.open(dotenv, proxy, bucket, config_kwargs=config)
        proxy.give("InternalError")
        with pytest.raises(StoreError, match="InternalError"):
            store.write("a", b"1")
        assert proxy.requests == {"PutObject": 1}
        assert store.client.meta.config.s3 == {"addressing_style": "path"}
        assert store.client.meta.config.connect_timeout == 10

    def test_the_setting_goes_with_its_writes(self, dotenv: Path, proxy: S3Proxy, bucket: str) -> None:
        setting = """CELEBS_S3_EXTRA_ARGS='{"ServerSideEncryption": "aws:kms"}'"""
        self.open(dotenv, proxy, bucket, setting).write("a", b"1")
        assert proxy.writes[0].headers["x-amz-server-side-encryption"] == "aws:kms"

    def test_keys_that_s3_does_not_know_are_told(self, dotenv: Path, proxy: S3Proxy, bucket: str) -> None:
        store = self.open(dotenv, proxy, bucket)
        proxy.access_keys = {"AKIAOTHER"}
        with pytest.raises(StoreRefusedError, match=r"InvalidAccessKeyId: .* Give the connection celebs_s3 an access"):
            warn_of_new_prefix(Settings.load(), store)
        assert proxy.requests == {"GetObject": 1}


def test_a_bucket_that_is_not_there_is_told_before_any_work(s3_client: S3Client) -> None:
    with pytest.raises(StoreRefusedError, match="There is no bucket 'celebs-nowhere'"):
        warn_of_new_prefix(Settings(), S3Store(s3_client, "celebs-nowhere"))


class TestUnusable:
    """What boto can't make a client of is a sentence, not its own error."""

    @pytest.fixture(autouse=True)
    def place(self, dotenv: Path) -> None:
        dotenv.write_text("CELEBS_STORE=s3://celebs-bucket\n")

    def test_an_unknown_profile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nope")
        with pytest.raises(SettingsError) as error:
            opened()
        assert str(error.value) == (
            "S3 can't be opened: The config profile (nope) could not be found. Check the connection celebs_s3, or "
            "without one the AWS_… variables and files that boto reads."
        )

    @pytest.mark.parametrize("endpoint", ["localhost", "127.0.0.1:9000"])
    def test_an_endpoint_without_a_scheme(self, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
        extra = {"endpoint_url": endpoint, "region_name": "eu-north-1"}
        monkeypatch.setenv("AIRFLOW_CONN_CELEBS_S3", json.dumps({"conn_type": "aws", "extra": extra}))
        with pytest.raises(SettingsError, match=f"Invalid endpoint: {endpoint}. An endpoint_url begins with http://"):
            opened()

    def test_a_region_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu west")
        with pytest.raises(SettingsError, match="S3 can't be opened: Provided region_name 'eu west' doesn't match"):
            opened()

    def test_credentials_that_could_not_be_fetched_may_be_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def down(*_: object, **__: object) -> None:
            raise CredentialRetrievalError(provider="iam-role", error_msg="no route")

        monkeypatch.setattr(S3Hook, "get_client_type", down)
        with pytest.raises(CelebsError, match="S3 can't be opened: Error when retrieving credentials") as error:
            opened()
        assert not isinstance(error.value, PermanentError)
