"""What many tests share: stores, settings apart from the machine's own, the demo's pictures."""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from mypy_boto3_s3 import S3Client

from celeb_ops.cli import airflow_home, demo_newsroom
from celeb_ops.core import settings as settings_module
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import FolderStore, S3Store, Store
from tests.aws.s3_proxy import S3Proxy, serving_s3
from tests.wsgi import served

FIRST_VERSION = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "region_name",
    "s3bucketName",
    "recognition_aws_access_key_id",
    "recognition_aws_secret_access_key",
)
# No test fails because a machine is slow.
hypothesis_settings.register_profile("slow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("slow")
_home = tempfile.TemporaryDirectory(prefix="celebs-test-airflow-", ignore_cleanup_errors=True)
# Before anything imports Airflow, which reads its configuration then: no test sees this machine's Airflow.
os.environ |= airflow_home.environment(Path(_home.name))

TEST_FACES, TEST_FACES_WILD = (os.environ.get(f"CELEBS_TEST_FACES{kind}", "") for kind in ("", "_WILD"))
"""Read now: no test sees the environment's settings."""


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees this machine's settings, its ``.env`` or its AWS account, or writes into its dataset."""
    for name in (*Settings.variables(), *FIRST_VERSION):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith(("AIRFLOW_CONN_CELEBS", "AWS_"))]:
        monkeypatch.delenv(name)
    # Boto's own chain: no account of this machine, and no wait for one of a cloud's.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no-aws"))
    monkeypatch.setattr(settings_module, "DOTENV", tmp_path / "no.env")
    monkeypatch.setenv("CELEBS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("CELEBS_CACHE", str(tmp_path / "cache"))
    # Nobody answers there: no test asks the world's archive.
    monkeypatch.setenv("CELEBS_ARCHIVE_URL", "http://127.0.0.1:9/")


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    return "127.0.0.1", 0


@pytest.fixture(scope="session")
def s3_app() -> Any:
    """moto as a WSGI application, its writes one at a time.

    S3 checks a write's condition and writes in one step; between moto's two another thread can come.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    moto = DomainDispatcherApplication(create_backend_app)
    writing = threading.Lock()

    def app(environ: Any, start_response: Any) -> Any:
        with writing if environ["REQUEST_METHOD"] == "PUT" else contextlib.nullcontext():
            return moto(environ, start_response)

    return app


@pytest.fixture(scope="session")
def s3_endpoint(s3_app: Any) -> Iterator[str]:
    """The address of an S3 endpoint on loopback."""
    with served(s3_app) as url:
        yield url


@pytest.fixture(scope="session")
def s3_client(s3_endpoint: str) -> S3Client:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.fixture
def proxy(s3_app: Any) -> Iterator[S3Proxy]:
    """The same S3 with bad days."""
    with serving_s3(s3_app) as proxy:
        yield proxy


_buckets = itertools.count(1)


@pytest.fixture
def bucket(s3_client: S3Client) -> str:
    """A new, empty bucket."""
    name = f"celebs-test-{next(_buckets)}"
    s3_client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def folder_store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def s3_store(s3_client: S3Client, bucket: str) -> S3Store:
    return S3Store(s3_client, bucket, "press")


@pytest.fixture(params=["folder_store", "s3_store"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind: the test runs once with a folder and once with S3."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's files: ``gallery/<Name>/…`` with two people, ``www/pictures/*.jpeg``."""
    folder = tmp_path_factory.mktemp("demo")
    demo_newsroom.build(folder)
    return folder


@pytest.fixture(scope="session")
def faces() -> Path:
    """A folder of photos of many people, one folder a person; the test is skipped without one."""
    if not TEST_FACES or not Path(TEST_FACES).is_dir():
        pytest.skip("CELEBS_TEST_FACES names no folder of photos (<Name>/*.jpg)")
    return Path(TEST_FACES)


@pytest.fixture(scope="session")
def wild() -> Path:
    """Uncontrolled photos, ``athletes/``, ``lfw/`` and ``lfw-strangers/``; the test is skipped without them."""
    if not TEST_FACES_WILD or not Path(TEST_FACES_WILD).is_dir():
        pytest.skip("CELEBS_TEST_FACES_WILD names no folder of photos (athletes/, lfw/, lfw-strangers/)")
    return Path(TEST_FACES_WILD)


@pytest.fixture
def chromedriver(monkeypatch: pytest.MonkeyPatch) -> Iterator[psutil.Popen]:
    """A chromedriver that somebody else has started, at ``url``: it speaks as a Grid's node does.

    Chromium refuses its sandbox to root: what a node's own start script sees to is done here.
    """
    from celeb_ops.capture import browser

    plain = browser._options

    def unboxed(*arguments: Any) -> Any:
        chrome = plain(*arguments)
        if os.geteuid() == 0:
            chrome.add_argument("--no-sandbox")
        return chrome

    monkeypatch.setattr(browser, "_options", unboxed)
    command = [shutil.which("chromedriver") or pytest.skip("no chromedriver here"), "--port=0"]
    # The port that it chooses for IPv6 may be taken for IPv4: then it ends at once.
    for process in (psutil.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(5)):
        started = next(filter(None, (re.search(r"on port (\d+)\.", line) for line in process.stdout)), None)
        if started:
            break
    with process:
        process.url = f"http://127.0.0.1:{started[1]}"  # type: ignore[attr-defined]
        try:
            yield process
        finally:
            for one in [*process.children(recursive=True), process]:
                one.kill()
