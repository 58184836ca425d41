import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from celeb_ops.core import settings as settings_module
from celeb_ops.core.exceptions import SettingsError
from celeb_ops.core.settings import PROJECT, Settings, setup_path

Load = Callable[..., Settings]

FIRST_VERSION = """\
aws_access_key_id=AKIABUCKET
aws_secret_access_key=bucket/secret+1=
region_name=eu-west-1
s3bucketName=celebs-bucket
recognition_aws_access_key_id=AKIARECOGNITION
recognition_aws_secret_access_key=recognition/secret+2=
"""
S3, REKOGNITION, NOTIFY = (f"AIRFLOW_CONN_CELEBS_{name}" for name in ("S3", "REKOGNITION", "NOTIFY"))


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Settings of a ``.env`` of this text, and of an environment."""

    def load(dotenv: str = "", **environ: str) -> Settings:
        path = tmp_path / ".env"
        path.write_text(dotenv, encoding="utf-8")
        return Settings.load(environ, path)

    return load


NEW = {"CELEBS_STORE": "s3://new/new", "CELEBS_RECOGNIZER": "local", S3: "aws://new:secret@/"}
LOADED: dict[str, tuple[str, dict[str, str], dict[str, object]]] = {
    "the environment comes before the file": ("CELEBS_STORE=file", {"CELEBS_STORE": "mine"}, {"store": "mine"}),
    "also where it is empty": ("CELEBS_BROWSERS=7", {"CELEBS_BROWSERS": ""}, {"browsers": 2}),
    "a byte order mark": ("\ufeffCELEBS_BROWSERS=7", {}, {"browsers": 7}),
    "a value is what was typed": ("CELEBS_PREFIX='a${HOME}$A'", {}, {"prefix": "a${HOME}$A"}),
    "a JSON object": ("""CELEBS_S3_EXTRA_ARGS='{"ACL": "private"}'""", {}, {"s3_extra_args": {"ACL": "private"}}),
    "other programs' variables": ("AIRFLOW_CONN_MAIL=smtp://x", {"AWS_REGION": "x"}, {"connections": {}, "region": ""}),
    "those of the tests": ("", {"CELEBS_TEST_FACES": "faces"}, {"store": "data"}),
    "the first version's bucket": (FIRST_VERSION, {}, {"store": "s3://celebs-bucket/", "from_v1": True}),
    "its recogniser": (FIRST_VERSION, {}, {"recognizer": "rekognition", "region": "eu-west-1"}),
    "its folder is a setting": (FIRST_VERSION, {"CELEBS_PREFIX": "/a/b/"}, {"store": "s3://celebs-bucket/a/b"}),
    "no keys for Rekognition": ("s3bucketName=celebs-bucket", {}, {"recognizer": "local", "connections": {}}),
    "new names before old ones": (FIRST_VERSION, NEW, {"store": "s3://new/new", "recognizer": "local"}),
    "and their places": (FIRST_VERSION, NEW, {"from_v1": False}),
}


@pytest.mark.parametrize(("dotenv", "environ", "expected"), LOADED.values(), ids=LOADED)
def test_settings_come_from_the_environment_and_the_file(
    load: Load, dotenv: str, environ: dict[str, str], expected: dict[str, object]
) -> None:
    settings = load(dotenv, **environ)
    assert {field: getattr(settings, field) for field in expected} == expected


class TestFirstVersion:
    """Its ``.env`` works unchanged."""

    def test_gives_two_connections(self, load: Load) -> None:
        aws = {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}
        made = {
            S3: aws | {"login": "AKIABUCKET", "password": "bucket/secret+1="},
            REKOGNITION: aws | {"login": "AKIARECOGNITION", "password": "recognition/secret+2="},
        }
        assert {name: json.loads(value) for name, value in load(FIRST_VERSION).connections.items()} == made
        assert load(FIRST_VERSION, **NEW).connections[S3] == NEW[S3]

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ("aws_access_key_id=A", "Only one of aws_access_key_id and aws_secret_access_key is set: set both."),
            (
                "recognition_aws_access_key_id=A",
                "Only one of recognition_aws_access_key_id and recognition_aws_secret_",
            ),
            ("s3bucketName=s3://a/b", "'s3://a/b': not a bucket name; write it without s3:// or slashes."),
        ],
    )
    def test_half_of_it_is_an_error(self, load: Load, lines: str, said: str) -> None:
        with pytest.raises(SettingsError, match=re.escape(said)):
            load(lines)

    def test_half_a_pair_does_not_matter_beside_a_connection(self, load: Load) -> None:
        assert load(f"aws_access_key_id=A\n{S3}=aws://\n").connections == {S3: "aws://"}


def test_an_old_setting_is_a_warning(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    assert load("CELEBS_RETRIES=secret\nCELEBS_BROWSERS=7\n") == Settings(browsers=7)
    assert caplog.messages == ["CELEBS_RETRIES is no longer a setting: see docs/settings.md. Remove it."]


class TestOthers:
    def test_stand_in_place_of_what_is_set(self, load: Load) -> None:
        settings = load("CELEBS_STORE=file\nCELEBS_BROWSERS=7\n").replaced(store="other", recognizer=None)
        assert (settings.store, settings.browsers, settings.recognizer) == ("other", 7, "local")

    def test_are_checked(self) -> None:
        with pytest.raises(SettingsError, match="CELEBS_RECOGNIZER='azure': input should be 'local'"):
            Settings().replaced(recognizer="azure")


class TestReplacedCheckout:
    """A checkout that git-sync or a DAG bundle replaces at the repository's next change."""

    @pytest.fixture(
        params=["/git/.worktrees/0f3a", f"/git/rev-{'0f' * 20}", f"/b/versions/{'0f' * 20}", "/b/tracking_repo"]
    )
    def replaced(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings_module, "PROJECT", Path(request.param))

    @pytest.mark.usefixtures("replaced")
    def test_a_store_in_it_is_an_error(self, load: Load) -> None:
        for dotenv in ("", "CELEBS_STORE=data"):
            with pytest.raises(
                SettingsError, match=r"CELEBS_STORE=data is a folder in .*, which the next sync replaces"
            ):
                load(dotenv)
        for place in ("/data", "~/data", "s3://bucket/press"):
            assert load(f"CELEBS_STORE={place}").paths_lost_at_sync == ["CELEBS_CACHE", "CELEBS_GALLERY"]

    def test_another_checkout_stays(self, load: Load) -> None:
        assert load("").paths_lost_at_sync == []


def test_what_make_setup_makes_may_be_in_airflow_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setattr(settings_module, "PROJECT", tmp_path / "checkout")
    assert setup_path("models") == tmp_path / "checkout" / "models"
    (tmp_path / "models").mkdir()
    assert setup_path("models") == tmp_path / "models"
    (tmp_path / "checkout" / "models").mkdir(parents=True)
    assert setup_path("models") == tmp_path / "checkout" / "models"


class TestConnections:
    @pytest.fixture
    def loaded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
        """The process's own settings, with this ``.env``; what they put into the environment goes with the test."""
        for name in (S3, REKOGNITION, NOTIFY):
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        monkeypatch.setattr(settings_module, "DOTENV", tmp_path / ".env")

        def loaded(dotenv: str) -> Settings:
            (tmp_path / ".env").write_text(dotenv)
            return Settings.load()

        return loaded

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            (S3, "aws://a:b@/?region_name=eu-west-1"),
            (REKOGNITION, " aws:// "),
            (NOTIFY, '{"conn_type": "slackwebhook"}'),
        ],
    )
    def test_those_of_the_file_are_handed_to_airflow_by_the_environment(
        self, loaded: Load, name: str, value: str
    ) -> None:
        assert loaded(f"{name}='{value}'").connections == {name: value}
        assert os.environ[name] == value

    def test_the_environment_s_own_stays(self, loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(S3, "aws://environment")
        assert loaded(f"{S3}=aws://file").connections == {S3: "aws://environment"}
        assert os.environ[S3] == "aws://environment"

    def test_an_empty_one_does_not_stand_before_the_first_version_s(
        self, loaded: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(S3, "")
        loaded(FIRST_VERSION)
        assert "AKIABUCKET" in os.environ[S3]

    @pytest.mark.parametrize("name", [S3, NOTIFY])
    @pytest.mark.parametrize("value", ['{"conn_type": "aws", "password": secret}', "AKIA:secret", '["secret"]'])
    def test_what_airflow_can_t_read_is_an_error_that_tells_no_secret(self, load: Load, name: str, value: str) -> None:
        with pytest.raises(SettingsError, match=rf"^{name} is invalid: write it as JSON, .* or as a URI") as error:
            load(**{name: value})
        assert "secret" not in str(error.value)


class TestErrors:
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("CELEBS_BROWSERS", "two", "='two': input should be a valid integer, unable to parse"),
            ("CELEBS_BROWSERS", "0", "='0': input should be greater than or equal to 1."),
            ("CELEBS_RECOGNIZER", "azure", "='azure': input should be 'local' or 'rekognition'."),
            ("CELEBS_BROWSER_URL", "grid:4444", "='grid:4444': not an http(s) address; write it like http://"),
            ("CELEBS_ARCHIVE_URL", "archive", " can't be used: not an http(s) address"),
            ("CELEBS_STORE", "s3://", "='s3://': this is not a store; write s3://bucket/prefix, or the"),
            ("CELEBS_STORE", "s3:/bucket", "='s3:/bucket': this is not a store"),
            ("CELEBS_STORE", "https://bucket.s3.amazonaws.com/", ": this is not a store"),
            ("CELEBS_LIVE_WINDOW_H", "0", "='0': input should be greater than 0."),
            ("CELEBS_RETRY_DELAY_S", "inf", "='inf': input should be less than"),
            ("CELEBS_KEEP_IMAGES_DAYS", "nan", "='nan': input should be "),
            ("CELEBS_RECOGNISER", "local", "There is no setting CELEBS_RECOGNISER: did you mean CELEBS_RECOGNIZER?"),
            ("CELEBS_XYZ", "1", "There is no setting CELEBS_XYZ: known are CELEBS_STORE, CELEBS_SITES, "),
            ("CELEBS_REGION", "x", "There is no setting CELEBS_REGION: "),
            ("CELEBS_S3_EXTRA_ARGS", '{"Acl": "secret"}', " can't be used: there is no argument Acl that holds for"),
        ],
    )
    @pytest.mark.parametrize("where", ["environment", "file"])
    def test_names_the_setting_and_what_would_be_right(
        self, load: Load, name: str, value: str, said: str, where: str
    ) -> None:
        with pytest.raises(SettingsError) as error:
            load(**{name: value}) if where == "environment" else load(f"{name}={value}\n")
        told = str(error.value)
        assert said in told
        assert name in told
        assert told.endswith((".", "?"))
        assert "secret" not in told

    def test_a_file_in_another_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / ".env"
        path.write_bytes("# für uns\n".encode("latin-1"))
        with pytest.raises(SettingsError, match=r"\.env can't be read: .*utf-8"):
            Settings.load({}, path)

    def test_a_control_character_is_named_without_the_value(self, load: Load) -> None:
        with pytest.raises(SettingsError, match="CELEBS_STORE contains a control character, such as NUL") as error:
            load(CELEBS_STORE="a\0secret")
        assert "secret" not in str(error.value)

    def test_a_value_is_quoted_in_short(self, load: Load) -> None:
        with pytest.raises(SettingsError) as error:
            load(CELEBS_BROWSERS="9" * 100_000)
        assert len(str(error.value)) < 500

    @pytest.mark.parametrize("name", ["CELEBS_S3_EXTRA_ARGS", S3])
    def test_deep_json_is_none(self, load: Load, name: str) -> None:
        with pytest.raises(SettingsError, match=name):
            load(**{name: '{"a":' * 20_000})


def test_a_dag_file_that_loads_them_waits_for_no_heavy_import() -> None:
    load = "import sys; from celeb_ops.core.settings import Settings; Settings.load(); print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", load], env={"PYTHONPATH": str(PROJECT / "plugins")}, capture_output=True, check=True
    )
    heavy = {"airflow", "boto3", "botocore", "filelock", "PIL", "polars", "selenium"}
    assert heavy.isdisjoint(told.stdout.decode().split())


def test_relative_paths_start_at_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path, seen in {
        "gallery": PROJECT / "gallery",
        "/srv/gallery": Path("/srv/gallery"),
        "~/gallery": Path.home() / "gallery",
    }.items():
        assert Settings().path(Path(path)) == seen


@pytest.mark.parametrize("url", ["https://me:hunter2@archive.example/web/", "me:hunter2@archive.example/"])
def test_an_archive_s_address_with_a_password_is_refused_and_not_shown(url: str, load: Load) -> None:
    """It would stand in every sidecar, result and row of an archived page."""
    with pytest.raises(SettingsError, match="CELEBS_ARCHIVE_URL can't be used: it contains a user name") as error:
        load(f"CELEBS_ARCHIVE_URL={url}\n")
    assert "hunter2" not in str(error.value)
    assert load(f"CELEBS_ARCHIVE_URL=https://archive.example/{url}\n").archive_url.endswith(url)


def test_no_secret_is_in_their_text(load: Load) -> None:
    """Airflow writes the text of what an operator is given into its database."""
    settings = load(
        AIRFLOW_CONN_CELEBS_S3='{"conn_type": "aws", "password": "hush"}',
        CELEBS_S3_EXTRA_ARGS='{"SSEKMSKeyId": "hush"}',
    )
    assert "hush" in str(settings.connections) + str(settings.s3_extra_args)
    assert "hush" not in f"{settings} {settings!r}"
