"""What ``make cluster`` does to a checkout before Docker is asked for anything; the rest is in ``tests/compose``."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from celeb_ops.core.settings import PROJECT, Settings

if TYPE_CHECKING:
    from pathlib import Path

DOCKER = """#!/bin/sh
# A Docker whose services are all well: what is tested is what happens around it.
case "$*" in
  "volume inspect"*) exit ${VOLUME:-1} ;;
  "compose exec"*"from dag"*) echo 1 ;;
esac
echo "$COMPOSE_PROJECT_NAME: $*" >>"$CALLS"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "Trending Celebs"
    (folder / "deploy").mkdir(parents=True)
    shutil.copy(PROJECT / "deploy" / "cluster.sh", folder / "deploy")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "docker").write_text(DOCKER)
    (binaries / "docker").chmod(0o755)
    return folder


def cluster(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        "CALLS": str(folder.parent / "calls"),
        **more,
    }
    return subprocess.run(
        [folder / "deploy" / "cluster.sh"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def variables(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_secrets_are_made_once_and_are_for_their_owner_alone(checkout: Path) -> None:
    first = cluster(checkout)
    assert first.returncode == 0, first.stderr
    made = variables(checkout)
    assert Fernet(made["AIRFLOW_FERNET_KEY"])
    secrets = [made[name] for name in made if name.endswith(("_PASSWORD", "_KEY", "_SECRET"))]
    assert len(set(secrets)) == 6
    assert min(map(len, secrets)) >= 24
    assert (checkout / ".env").stat().st_mode & 0o007 == 0
    assert f"password: {made['AIRFLOW_ADMIN_PASSWORD']}" in first.stdout
    assert "http://127.0.0.1:8080" in first.stdout
    assert int(made["AIRFLOW_UID"]) > 0

    before = (checkout / ".env").read_bytes()
    assert cluster(checkout).returncode == 0
    assert (checkout / ".env").read_bytes() == before


def test_what_stands_in_the_file_stays_and_is_used(checkout: Path) -> None:
    # As editors leave it: no end of the last line.
    (checkout / ".env").write_text(
        "s3bucketName=my-bucket\naws_access_key_id='AKIA$X'\nAIRFLOW_ADMIN_PASSWORD=\"mine\""
    )
    assert "password: mine\n" in cluster(checkout).stdout
    text = (checkout / ".env").read_text()
    assert text.startswith("s3bucketName=my-bucket\naws_access_key_id='AKIA$X'\nAIRFLOW_ADMIN_PASSWORD=\"mine\"\n")
    assert text.count("AIRFLOW_ADMIN_PASSWORD") == 1


def test_the_first_versions_file_means_the_same_with_the_secrets_in_it(checkout: Path) -> None:
    (checkout / ".env").write_text(
        "aws_access_key_id=AKIA1\naws_secret_access_key=s/e+c=\nregion_name=eu-west-1\ns3bucketName=my-bucket\n"
        "recognition_aws_access_key_id=AKIA2\nrecognition_aws_secret_access_key=t\n"
    )
    before = Settings.load({}, checkout / ".env")
    assert cluster(checkout).returncode == 0
    after = Settings.load({}, checkout / ".env")
    assert after == before
    assert after.store == "s3://my-bucket/"
    assert after.recognizer == "rekognition"


def test_other_settings_make_new_containers_with_room_for_as_many_tasks(checkout: Path) -> None:
    cluster(checkout)
    first = variables(checkout)
    with (checkout / ".env").open("a") as file:
        file.write("WORKERS=3\nWORKER_CONCURRENCY=5\n")
    (checkout / ".env").chmod(0o644)
    cluster(checkout)
    now = variables(checkout)
    assert (first["PARALLELISM"], now["PARALLELISM"]) == ("8", "15")
    assert now["SETTINGS_DIGEST"] != first["SETTINGS_DIGEST"]
    assert (checkout / ".env").read_text().count("SETTINGS_DIGEST=") == 1
    # A file that all could read is closed.
    assert (checkout / ".env").stat().st_mode & 0o007 == 0
    assert not (checkout / ".env.new").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("CELEBS_STORE=/srv/celebs", "CELEBS_STORE=/srv/celebs: in the cluster it is data or s3://bucket/prefix"),
        ("CELEBS_GALLERY=../photos", "CELEBS_GALLERY=../photos: in the cluster it is gallery"),
        ("CELEBS_SITES='/etc/sites.yaml'", "CELEBS_SITES=/etc/sites.yaml: in the cluster it is include"),
    ],
)
def test_a_place_that_containers_do_not_see_is_an_error_before_anything_starts(
    checkout: Path, line: str, said: str
) -> None:
    (checkout / ".env").write_text(line + "\n")
    done = cluster(checkout)
    assert done.returncode == 1
    assert said in done.stderr
    assert "docker-compose.override.yaml" in done.stderr
    assert "compose build" not in (checkout.parent / "calls").read_text()
    assert (checkout / ".env").read_text() == line + "\n"


@pytest.mark.parametrize("name", ["CELEBS_STORE", "AIRFLOW_CONN_CELEBS_S3"])
def test_a_setting_that_the_containers_would_not_see_is_an_error(checkout: Path, name: str) -> None:
    done = cluster(checkout, **{name: "s3://bucket/prefix"})
    assert done.returncode == 1
    assert f"{name} is set in the environment, where the containers don't see it" in done.stderr
    (checkout / ".env").write_text(f"{name}=s3://bucket/prefix\n")
    assert cluster(checkout, **{name: "s3://bucket/prefix"}).returncode == 0


def test_a_password_that_its_readers_would_read_differently_is_an_error(checkout: Path) -> None:
    (checkout / ".env").write_text("POSTGRES_PASSWORD=p@ss/w$rd\n")
    done = cluster(checkout)
    assert done.returncode == 1
    assert "POSTGRES_PASSWORD in .env may have letters, digits and" in done.stderr
    assert "ss/w" not in done.stderr


@pytest.mark.parametrize("line", ["mine # the desk's", '"mine"  # the desk\'s', "'mine'", "mine  "])
def test_the_login_that_it_prints_is_the_one_that_others_read(checkout: Path, line: str) -> None:
    (checkout / ".env").write_text(f"AIRFLOW_ADMIN_PASSWORD={line}\n")
    assert "password: mine\n" in cluster(checkout).stdout


def test_port_and_project_stay_for_what_is_called_by_hand(checkout: Path) -> None:
    assert "http://127.0.0.1:8081 " in cluster(checkout, PORT="8081", COMPOSE_PROJECT_NAME="news").stdout
    assert variables(checkout).items() >= {
        ("PORT", "8081"),
        ("COMPOSE_PROJECT_NAME", "news"),
        ("AIRFLOW_BASE_URL", "http://127.0.0.1:8081"),
    }
    assert "http://127.0.0.1:8081 " in cluster(checkout).stdout
    assert "http://127.0.0.1:8082 " in cluster(checkout, PORT="8082").stdout


def test_a_database_whose_password_is_lost_is_not_given_a_new_one(checkout: Path) -> None:
    done = cluster(checkout, VOLUME="0")
    assert done.returncode == 1
    assert "trendingcelebs_postgres" in done.stderr
    assert "POSTGRES_PASSWORD" in done.stderr
    assert "POSTGRES_PASSWORD" not in (checkout / ".env").read_text()
