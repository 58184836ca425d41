from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NoReturn

import boto3

from celeb_ops.recognition import open_recognizer
from celeb_ops.recognition.local import LocalRecognizer
from celeb_ops.recognition.rekognition import RekognitionRecognizer
from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def no_client() -> NoReturn:
    raise AssertionError("the local recogniser needs no AWS client")


def test_local_is_the_default_and_knows_the_gallery_of_the_settings(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "people" / "Grace Hopper").mkdir(parents=True)
    shutil.copy(pictures / "hopper-small.jpeg", tmp_path / "people" / "Grace Hopper")
    settings = Settings.load({"CELEBS_GALLERY": str(tmp_path / "people"), "CELEBS_CACHE": str(tmp_path / "cache")})
    recognizer = open_recognizer(settings, no_client)
    assert isinstance(recognizer, LocalRecognizer)
    (face,) = recognizer.recognize((pictures / "hopper-small.jpeg").read_bytes())
    assert face.name == "Grace Hopper"
    assert list((tmp_path / "cache").rglob("*.npy"))


def test_rekognition_is_asked_by_the_client_it_is_given() -> None:
    client = boto3.client("rekognition", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    recognizer = open_recognizer(Settings.load({"CELEBS_RECOGNIZER": "rekognition"}), lambda: client)
    assert isinstance(recognizer, RekognitionRecognizer)
    assert recognizer.info.version == client.meta.service_model.api_version


def test_without_a_gallery_it_says_so(tmp_path: Path) -> None:
    settings = Settings.load({"CELEBS_GALLERY": str(tmp_path / "nowhere")})
    assert "gallery" in open_recognizer(settings, no_client).advice()
