from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from celeb_ops import settings as settings_module
from celeb_ops.exceptions import PermanentError, SettingsError
from celeb_ops.settings import PROJECT, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_VERSION = """\
aws_access_key_id=AKIABUCKET
aws_secret_access_key=bucket/secret+1=
region_name=eu-west-1
s3bucketName=celebs-bucket
recognition_aws_access_key_id=AKIARECOGNITION
recognition_aws_secret_access_key=recognition/secret+2=
"""
S3, REKOGNITION = "AIRFLOW_CONN_CELEBS_S3", "AIRFLOW_CONN_CELEBS_REKOGNITION"


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a ``.env`` of this text, and of an environment."""

    def load(dotenv: str = "", **environ: str) -> Settings:
        path = tmp_path / ".env"
        path.write_text(dotenv, encoding="utf-8")
        return Settings.load(environ, path)

    return load


class TestDefaults:
    def test_are_those_of_the_docs(self, load: Callable[..., Settings]) -> None:
        settings = load()
        assert settings == Settings()
        assert settings.store == "data"
        assert settings.sites == Path("include/sites.yaml")
        assert settings.recognizer == "local"
        assert settings.gallery == Path("gallery")
        assert settings.browser_url == ""
        assert settings.browsers == 2
        assert settings.archive_url == "https://web.archive.org/web/"
        assert settings.live_window_h == 3
        assert settings.keep_slices_days == 7
        assert settings.keep_images_days is None
        assert settings.s3_extra_args == {}
        assert settings.connections == {}
        assert not settings.from_v1

    def test_no_file_is_no_error(self, tmp_path: Path) -> None:
        assert Settings.load({}, tmp_path / "none.env") == Settings()

    def test_the_environment_and_the_project_s_file_are_where_they_come_from(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("CELEBS_BROWSERS=7\nCELEBS_RETRIES=7\n")
        monkeypatch.setattr(settings_module, "DOTENV", tmp_path / ".env")
        monkeypatch.setenv("CELEBS_RETRIES", "1")
        settings = Settings.load()
        assert (settings.browsers, settings.retries) == (7, 1)

    def test_other_programs_variables_are_left_alone(self, load: Callable[..., Settings]) -> None:
        assert load("OTHER=1\nAIRFLOW_CONN_MAIL=smtp://x\n", PATH="/bin", AWS_REGION="eu-west-1") == Settings()


class TestOrder:
    def test_the_environment_comes_before_the_file(self, load: Callable[..., Settings]) -> None:
        settings = load("CELEBS_STORE=file\nCELEBS_GALLERY=file\n", CELEBS_STORE="environment")
        assert (settings.store, settings.gallery) == ("environment", Path("file"))

    def test_an_empty_variable_hides_the_file_s(self, load: Callable[..., Settings]) -> None:
        assert load("CELEBS_BROWSERS=7\n", CELEBS_BROWSERS="").browsers == 2

    def test_new_names_come_before_old_ones_wherever_they_stand(self, load: Callable[..., Settings]) -> None:
        connection = "aws://new:secret@/?region_name=us-east-2"
        new = f"CELEBS_STORE=s3://new-bucket/new\nCELEBS_RECOGNIZER=local\n{S3}={connection}\n"
        old = dict(line.split("=", 1) for line in FIRST_VERSION.splitlines())
        settings = load(new, **old)
        assert settings.store == "s3://new-bucket/new"
        assert settings.recognizer == "local"
        assert settings.connections[S3] == connection
        assert not settings.from_v1

    def test_a_file_may_begin_with_a_byte_order_mark(self, load: Callable[..., Settings]) -> None:
        assert load("\ufeffCELEBS_BROWSERS=7\n").browsers == 7


class TestNotify:
    VARIABLE = "AIRFLOW_CONN_CELEBS_NOTIFY"

    @pytest.mark.parametrize("given", ["smtp://mail.example.com:465/", '{"conn_type": "slackwebhook"}'])
    def test_its_connection_is_handed_on_from_the_file(
        self, given: str, load: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = load(f"{self.VARIABLE}='{given}'\nCELEBS_LATE_H=1.5\n")
        assert settings.connections == {self.VARIABLE: given}
        monkeypatch.setenv(self.VARIABLE, "")
        settings.export_connections()
        assert os.environ[self.VARIABLE] == given

    def test_what_is_none_is_an_error_that_does_not_show_it(self, load: Callable[..., Settings]) -> None:
        with pytest.raises(SettingsError) as error:
            load(f"{self.VARIABLE}=hooks.slack.com/services/secret\n")
        assert "AIRFLOW_CONN_CELEBS_NOTIFY is no connection: write it as JSON" in str(error.value)
        assert "secret" not in str(error.value)

    @pytest.mark.parametrize("line", ["CELEBS_LATE_H=0", "CELEBS_NOTIFY_AFTER=0", "CELEBS_NOTIFY_AFTER=often"])
    def test_numbers_that_can_not_be_are_errors(self, line: str, load: Callable[..., Settings]) -> None:
        with pytest.raises(SettingsError, match=line.partition("=")[0]):
            load(line)


class TestFirstVersion:
    """Its ``.env`` works unchanged."""

    def test_gives_the_bucket_the_recogniser_and_two_connections(self, load: Callable[..., Settings]) -> None:
        settings = load(FIRST_VERSION)
        assert settings.store == "s3://celebs-bucket/"
        assert settings.recognizer == "rekognition"
        assert settings.from_v1
        assert {name: json.loads(value) for name, value in settings.connections.items()} == {
            S3: {
                "conn_type": "aws",
                "login": "AKIABUCKET",
                "password": "bucket/secret+1=",
                "extra": {"region_name": "eu-west-1"},
            },
            REKOGNITION: {
                "conn_type": "aws",
                "login": "AKIARECOGNITION",
                "password": "recognition/secret+2=",
                "extra": {"region_name": "eu-west-1"},
            },
        }

    @pytest.mark.parametrize("prefix", ["press/daily", "/press/daily/"])
    def test_its_folder_is_a_setting(self, load: Callable[..., Settings], prefix: str) -> None:
        assert load(FIRST_VERSION, CELEBS_PREFIX=prefix).store == "s3://celebs-bucket/press/daily"

    def test_without_keys_for_rekognition_faces_are_looked_for_here(self, load: Callable[..., Settings]) -> None:
        settings = load("s3bucketName=celebs-bucket\naws_access_key_id=A\naws_secret_access_key=B\n")
        assert settings.recognizer == "local"
        assert list(settings.connections) == [S3]
        assert "region_name" not in settings.connections[S3]

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ("aws_access_key_id=A", "aws_access_key_id is set but aws_secret_access_key is not: set both."),
            ("aws_secret_access_key=A", "aws_secret_access_key is set but aws_access_key_id is not: set both."),
            (
                "recognition_aws_access_key_id=A",
                "recognition_aws_access_key_id is set but recognition_aws_secret_access_key is not: set both.",
            ),
            (
                "recognition_aws_secret_access_key=A",
                "recognition_aws_secret_access_key is set but recognition_aws_access_key_id is not: set both.",
            ),
            (
                "s3bucketName=s3://a/b",
                "s3bucketName='s3://a/b': this is no bucket's name; write it without s3:// and slashes.",
            ),
        ],
    )
    def test_half_of_it_is_an_error(self, load: Callable[..., Settings], lines: str, said: str) -> None:
        with pytest.raises(SettingsError) as error:
            load(lines)
        assert str(error.value) == said

    def test_half_a_pair_does_not_matter_beside_a_connection(self, load: Callable[..., Settings]) -> None:
        assert load(f"aws_access_key_id=A\n{S3}=aws://\n").connections == {S3: "aws://"}


class TestConnections:
    @pytest.mark.parametrize("value", ['{"conn_type": "aws"}', "aws://a:b@/?region_name=eu-west-1", " aws:// "])
    def test_those_of_the_file_are_handed_to_airflow_by_the_environment(
        self, load: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        # Undone with the test.
        monkeypatch.setenv(S3, "")
        load(f"{S3}='{value}'").export_connections()
        assert os.environ[S3] == value
        assert REKOGNITION not in os.environ

    def test_the_environment_s_own_stays(self, load: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(S3, "aws://environment")
        load(f"{S3}=aws://file").export_connections()
        assert os.environ[S3] == "aws://environment"

    def test_an_empty_one_does_not_stand_before_the_first_version_s(
        self, load: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(S3, "")
        monkeypatch.setenv(REKOGNITION, "")
        load(FIRST_VERSION, **{S3: ""}).export_connections()
        assert "AKIABUCKET" in os.environ[S3]

    @pytest.mark.parametrize("value", ['{"conn_type": "aws", "password": secret}', "AKIA:secret", '["secret"]'])
    def test_what_airflow_can_t_read_is_an_error_that_tells_no_secret(
        self, load: Callable[..., Settings], value: str
    ) -> None:
        with pytest.raises(SettingsError, match=rf"^{S3} is no connection: write it as JSON, .* or as a URI, aws://"):
            load(**{S3: value})
        with pytest.raises(SettingsError) as error:
            load(**{S3: value})
        assert "secret" not in str(error.value)


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("CELEBS_BROWSERS", "two", "='two': input should be a valid integer, unable to parse"),
            ("CELEBS_BROWSERS", "0", "='0': input should be greater than or equal to 1."),
            ("CELEBS_RECOGNIZER", "azure", "='azure': input should be 'local' or 'rekognition'."),
            ("CELEBS_BROWSER_URL", "grid:4444", "='grid:4444': this is no http(s) address; write it like http://"),
            ("CELEBS_BROWSER_URL", "http://", "='http://': this is no http(s) address"),
            ("CELEBS_ARCHIVE_URL", "archive", "='archive': this is no http(s) address"),
            (
                "CELEBS_STORE",
                "s3://",
                "='s3://': this is no place for a dataset; write s3://bucket/prefix, or the path",
            ),
            ("CELEBS_STORE", "s3:///press", "='s3:///press': this is no place for a dataset"),
            ("CELEBS_STORE", "s3:/bucket", "='s3:/bucket': this is no place for a dataset"),
            ("CELEBS_STORE", "https://bucket.s3.amazonaws.com/", ": this is no place for a dataset"),
            ("CELEBS_LIVE_WINDOW_H", "0", "='0': input should be greater than 0."),
            ("CELEBS_LIVE_WINDOW_H", "inf", "='inf': input should be less than"),
            ("CELEBS_RETRY_DELAY_S", "inf", "='inf': input should be less than"),
            ("CELEBS_RETRIES", "-1", "='-1': input should be greater than or equal to 0."),
            ("CELEBS_STOR", "data", "There is no setting CELEBS_STOR. Did you mean CELEBS_STORE?"),
            ("CELEBS_RECOGNISER", "local", "There is no setting CELEBS_RECOGNISER. Did you mean CELEBS_RECOGNIZER?"),
            ("CELEBS_XYZ", "1", "There is no setting CELEBS_XYZ. Known are CELEBS_STORE, CELEBS_SITES, "),
            ("CELEBS_REGION", "x", "There is no setting CELEBS_REGION. "),
        ],
    )
    @pytest.mark.parametrize("where", ["environment", "file"])
    def test_names_the_setting_and_what_would_be_right(
        self, load: Callable[..., Settings], name: str, value: str, said: str, where: str
    ) -> None:
        with pytest.raises(SettingsError) as error:
            load(**{name: value}) if where == "environment" else load(f"{name}={value}\n")
        told = str(error.value)
        assert said in told
        assert name in told
        assert told.endswith((".", "?"))

    def test_a_value_is_what_was_typed(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_text("CELEBS_PREFIX='a${HOME}$A'\n")
        assert Settings.load({}, path).prefix == "a${HOME}$A"

    def test_a_file_in_another_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_bytes("# für uns\n".encode("latin-1"))
        with pytest.raises(SettingsError, match=r"\.env can't be read: .*utf-8"):
            Settings.load({}, path)

    def test_a_second_try_would_meet_the_same(self) -> None:
        assert issubclass(SettingsError, PermanentError)


class TestWhatIsNoText:
    def test_in_the_file(self, load: Callable[..., Settings]) -> None:
        with pytest.raises(SettingsError, match="CELEBS_STORE has a character that is none of a text, like a NUL"):
            load("CELEBS_STORE='a\0secret'")

    def test_in_the_environment(self, load: Callable[..., Settings]) -> None:
        with pytest.raises(SettingsError, match="CELEBS_GALLERY has a character") as error:
            load(CELEBS_GALLERY="Beyonc\udce9")
        str(error.value).encode()

    def test_a_value_is_quoted_in_short(self, load: Callable[..., Settings]) -> None:
        with pytest.raises(SettingsError) as error:
            load(CELEBS_BROWSERS="9" * 100_000)
        assert len(str(error.value)) < 500

    @pytest.mark.parametrize("name", ["CELEBS_S3_EXTRA_ARGS", "AIRFLOW_CONN_CELEBS_S3", "AIRFLOW_CONN_CELEBS_NOTIFY"])
    def test_deep_json_is_none(self, load: Callable[..., Settings], name: str) -> None:
        with pytest.raises(SettingsError, match=name):
            load(**{name: '{"a":' * 20_000})


class TestS3ExtraArgs:
    def test_are_a_json_object(self, load: Callable[..., Settings]) -> None:
        text = """CELEBS_S3_EXTRA_ARGS='{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/press"}'"""
        assert load(text).s3_extra_args == {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/press"}

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("AES256", 'it is no JSON object; write it like {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "…"}.'),
            (
                '{"SSECustomerKey": "secret-key"}',
                "there is no argument SSECustomerKey that holds for every file; known are ACL,",
            ),
            ('{"Acl": "secret-key"}', "there is no argument Acl that holds for every file; known are ACL,"),
        ],
    )
    def test_what_is_wrong_is_told_without_the_value(
        self, load: Callable[..., Settings], value: str, said: str
    ) -> None:
        with pytest.raises(SettingsError) as error:
            load(CELEBS_S3_EXTRA_ARGS=value)
        assert str(error.value).startswith(f"CELEBS_S3_EXTRA_ARGS can't be used: {said}")
        assert "secret-key" not in str(error.value)


def test_a_dag_file_that_loads_them_waits_for_no_heavy_import() -> None:
    load = "import sys; from celeb_ops.settings import Settings; Settings.load(); print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", load], env={"PYTHONPATH": str(PROJECT / "plugins")}, capture_output=True, check=True
    )
    heavy = {"airflow", "boto3", "botocore", "filelock", "PIL", "polars", "selenium"}
    assert heavy.isdisjoint(told.stdout.decode().split())


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "seen"),
        [
            ("gallery", PROJECT / "gallery"),
            ("/srv/gallery", Path("/srv/gallery")),
            ("~/gallery", Path.home() / "gallery"),
        ],
    )
    def test_relative_ones_start_at_the_project(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, seen: Path
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Settings().path(Path(path)) == seen

    def test_the_project_is_the_checkout(self) -> None:
        assert (PROJECT / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@archive.example/web/",
        "https://hunter2@archive.example/",
        "me:hunter2@archive.example/",
        "ftp://me:hunter2@archive.example",
    ],
)
def test_an_archive_s_address_with_a_password_is_refused_and_not_shown(url: str, load: Callable[..., Settings]) -> None:
    """It would stand in every sidecar, result and row of an archived page."""
    with pytest.raises(SettingsError, match="CELEBS_ARCHIVE_URL can't be used: it has a user's name") as error:
        load(f"CELEBS_ARCHIVE_URL={url}\n")
    assert "hunter2" not in str(error.value)
    assert load(f"CELEBS_ARCHIVE_URL=https://archive.example/{url}\n").archive_url.endswith(url)
