"""Whole runs on S3 and Rekognition: the real command line and DAG, unmodified boto3, both services on loopback."""

import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mypy_boto3_s3 import S3Client

from celeb_ops.core import keys
from celeb_ops.core.store import S3Store
from celeb_ops.dataset import captures_of
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from tests.aws.rekognition import Rekognition, serving
from tests.aws.s3_proxy import S3Proxy, serving_s3
from tests.cli.runs import NOW, Driver, Place
from tests.web import Web

pytestmark = pytest.mark.browser

S3_KEY, S3_SECRET = "AKIDOFTHEBUCKET", "secret/of+the/bucket"
REKOGNITION_KEY, REKOGNITION_SECRET = "AKIDOFREKOGNITION", "secret/of+rekognition"
PREFIX = "celebs/press"
FIRST_VERSION = (
    b'Sep_01_2022_08H_00M_05S,SITE-1,Grace Hopper,"Downey, Jr., Robert"\r\n'
    b"Sep_01_2022_08H_00M_05S,SITE-2\r\n"
    b"Sep_01_2022_20H_00M_05S,SITE-1,Cher\r\n"
    b"Sep_02_2022_08H_00"
)
SITES = [f"SITE-{number}" for number in range(1, 5)]
PICTURES = ("hopper", "coffee", "collins", "rocket", "chelsea")


@pytest.fixture(scope="module")
def web(demo_folder: Path) -> Iterator[Web]:
    """Sites that show five pictures twice each, no two in the same order: four slices a page or more."""
    folder = demo_folder / "www" / "pictures"
    pages: dict[str, Any] = {f"/{name}.jpeg": (folder / f"{name}.jpeg").read_bytes() for name in PICTURES}
    orders = itertools.islice(itertools.permutations(PICTURES), 0, None, 13)
    for site, order in zip(SITES, orders, strict=False):
        shown = "".join(f'<p><img src="/{name}.jpeg"></p>' for name in (*order, *reversed(order)))
        pages[f"/{site}"] = f"<h1>{site}</h1>{shown}<p>{'Seen in town. ' * 40}"
    with Web(pages) as web:
        yield web


@pytest.fixture(scope="module")
def service(demo_folder: Path) -> Iterator[Rekognition]:
    recognizer = LocalRecognizer(Gallery.load(demo_folder / "gallery", demo_folder / "cache"))
    with serving(recognizer) as service:
        service.access_keys = {REKOGNITION_KEY}
        yield service


@pytest.fixture(scope="module")
def s3(s3_app: Any) -> Iterator[S3Proxy]:
    with serving_s3(s3_app) as proxy:
        proxy.access_keys = {S3_KEY}
        yield proxy


def sites(web: Web, names: list[str]) -> list[dict[str, object]]:
    # No wider than the pictures: the recogniser behind the service looks at every pixel of a slice.
    return [{"url": f"{web.address}/{name}", "name": name, "viewport": [700, 600]} for name in names]


def an_aws_place(
    folder: Path, made_home: Path, sites: list[dict[str, object]], s3: S3Proxy, service: Rekognition, client: S3Client
) -> Place:
    """A place with the first version's names for everything, in the environment."""
    bucket = f"press-{folder.name.replace('_', '-').lower()}"
    client.create_bucket(Bucket=bucket)
    place = Place(
        folder,
        made_home,
        sites,
        CELEBS_STORE="",
        CELEBS_PREFIX=PREFIX,
        s3bucketName=bucket,
        region_name="us-east-1",
        aws_access_key_id=S3_KEY,
        aws_secret_access_key=S3_SECRET,
        recognition_aws_access_key_id=REKOGNITION_KEY,
        recognition_aws_secret_access_key=REKOGNITION_SECRET,
        AWS_ENDPOINT_URL_S3=s3.url,
        AWS_ENDPOINT_URL_REKOGNITION=service.url,
    )
    place.store = S3Store(client, bucket, PREFIX)
    return place


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    made_home: Path,
    web: Web,
    s3: S3Proxy,
    service: Rekognition,
    s3_client: S3Client,
) -> Place:
    place = an_aws_place(tmp_path_factory.mktemp("aws"), made_home, sites(web, SITES), s3, service, s3_client)
    place.store.write(keys.CSV, FIRST_VERSION)
    return place


@pytest.fixture(scope="module")
def driver(place: Place) -> Iterator[Driver]:
    driver = Driver(place)
    yield driver
    driver.close()


def names_of(place: Place, when: Any = NOW) -> dict[str, tuple[int, list[str]]]:
    return {row["site"]: (row["faces"], row["celebrities"]) for row in captures_of(place.store, when)}


def test_a_throttled_run_is_as_one_on_this_machine(
    place: Place,
    driver: Driver,
    service: Rekognition,
    web: Web,
    demo_folder: Path,
    tmp_path: Path,
    made_home: Path,
) -> None:
    service.faults = ["ThrottlingException"] * 12
    local = Place(tmp_path, made_home, sites(web, SITES), CELEBS_GALLERY=str(demo_folder / "gallery"))
    other = Driver(local)
    try:
        driver.send(*place.arguments())
        other.send(*local.arguments())
        here, aws = other.answer(), driver.answer()
    finally:
        other.close()
    assert (here.status, aws.status) == (0, 0), aws.lines

    # The same names and rows, after those of the first version.
    expected = [row.split(",")[:3] for row in here.csv[1:]]
    assert [row.split(",")[:3] for row in aws.csv[-len(SITES) :]] == expected
    assert {names for _, _, names in expected} == {"Eileen Collins; Grace Hopper"}
    assert {site: people for site, (_, people) in names_of(place).items()} == {
        site: people for site, (_, people) in names_of(local).items()
    }

    # Two sites may end with the same picture alone on a slice: that is asked about once.
    calls = sum(row["calls"] for row in captures_of(place.store, NOW))
    assert calls == len(service.asked) > len(SITES)
    assert max(Counter(service.asked).values()) == 1
    assert service.calls == calls + 12
    saved = sum(row["slices"] for row in captures_of(place.store, NOW)) - calls
    assert aws.line("all ").split()[-3:] == [str(calls), str(saved), f"${calls / 1000:.3f}"]


def test_the_first_version_s_dataset_was_taken_over(place: Place, driver: Driver) -> None:
    assert place.store.read(keys.CSV_V1) == FIRST_VERSION
    assert place.csv()[1:4] == [
        '2022-09-01T08:00:05Z,SITE-1,"Downey, Jr., Robert; Grace Hopper",2022-09-01T08:00:05Z,live',
        "2022-09-01T08:00:05Z,SITE-2,,2022-09-01T08:00:05Z,live",
        "2022-09-01T20:00:05Z,SITE-1,Cher,2022-09-01T20:00:05Z,live",
    ]
    assert len(place.csv()) == 1 + 3 + len(SITES)


def test_everything_in_the_bucket_is_under_the_prefix(place: Place, s3_client: S3Client) -> None:
    there = s3_client.list_objects_v2(Bucket=place.store.bucket)["Contents"]  # type: ignore[attr-defined]
    assert len(there) > 20
    assert [entry["Key"] for entry in there if not entry["Key"].startswith(f"{PREFIX}/")] == []


def test_the_next_run_sees_the_same_pictures_and_pays_nothing(
    place: Place, driver: Driver, service: Rekognition
) -> None:
    before = service.calls
    driver.send(*place.arguments("--sites", "SITE-2,SITE-4", date=NOW + timedelta(minutes=1)))
    later = driver.answer()
    assert later.status == 0
    assert service.calls == before
    known = names_of(place)
    assert names_of(place, NOW + timedelta(minutes=1)) == {site: known[site] for site in ("SITE-2", "SITE-4")}
    slices = sum(row["slices"] for row in captures_of(place.store, NOW + timedelta(minutes=1)))
    assert later.line("all ").split()[-3:] == ["0", str(slices), "$0.000"]


def test_a_killed_site_repeats_no_call_that_was_answered(
    tmp_path: Path, made_home: Path, web: Web, s3: S3Proxy, service: Rekognition, s3_client: S3Client
) -> None:
    place = an_aws_place(tmp_path, made_home, sites(web, ["SITE-3"]), s3, service, s3_client)
    asked = len(service.asked)
    service.hold_after = len(service.asked) + 1
    process = place.start("-m", "celeb_ops.cli.main", *place.arguments())
    try:
        before = set(place.store.list("Answers/"))
        while not set(place.store.list("Answers/")) - before:
            assert process.poll() is None
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
        service.release()

    driver = Driver(place)
    try:
        driver.send(*place.arguments())
        run = driver.answer()
    finally:
        driver.close()
    assert run.status == 0
    slices = service.asked[asked:]
    assert len(slices) == len(set(slices)) > 2
    (row,) = captures_of(place.store, NOW)
    assert (row["calls"], row["celebrities"]) == (len(slices), ["Eileen Collins", "Grace Hopper"])


def test_credentials_are_nowhere_in_what_runs_leave(
    place: Place, driver: Driver, service: Rekognition, s3: S3Proxy, s3_client: S3Client
) -> None:
    # Errors too, which are where credentials come to light.
    said: list[str] = []
    for fault in ("AccessDeniedException", "InvalidSignatureException"):
        service.faults = [fault] * 9
        driver.send(*place.arguments("--sites", "SITE-1", date=NOW + timedelta(minutes=2)))
        said += driver.answer().lines
        # The next one asks, since no answer was kept.
        for key in list(place.store.list("Answers/")):
            place.store.delete(key)
    service.faults = []
    s3.access_keys = set()
    try:
        driver.send(*place.arguments("--sites", "SITE-1", date=NOW + timedelta(minutes=3)))
        said += driver.answer().lines
    finally:
        s3.access_keys = {S3_KEY}
    assert any("InvalidSignature" in line for line in said)
    assert any("InvalidAccessKeyId" in line or "Access Key Id" in line for line in [*said, place.stderr.read_text()])

    secrets = [one.encode() for one in (S3_SECRET, REKOGNITION_SECRET, S3_KEY, REKOGNITION_KEY)]
    left = {key: place.store.read(key) for key in place.store.list("")}
    files = [file for file in place.home.rglob("*") if file.is_file()]
    left |= {str(file): file.read_bytes() for file in files}
    left |= {"said": "\n".join(said).encode(), "stderr": place.stderr.read_bytes()}
    assert any(file.suffix == ".db" for file in files)
    assert any(file.suffix == ".log" for file in files)
    assert [(name, secret) for name, content in left.items() for secret in secrets if secret in content] == []
