import shutil
from pathlib import Path
from typing import NoReturn

import boto3
import pytest

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.settings import Settings
from celeb_ops.core.store import FolderStore
from celeb_ops.recognition.aws.rekognition import RekognitionRecognizer
from celeb_ops.recognition.factory import check_recognizer, open_recognizer
from celeb_ops.recognition.local.recognizer import LocalRecognizer


def no_client() -> NoReturn:
    raise AssertionError("the local recogniser needs no AWS client")


def test_local_is_the_default_and_knows_the_gallery_of_the_settings(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "people" / "Grace Hopper").mkdir(parents=True)
    shutil.copy(pictures / "hopper-small.jpeg", tmp_path / "people" / "Grace Hopper")
    settings = Settings.load({"CELEBS_GALLERY": str(tmp_path / "people"), "CELEBS_CACHE": str(tmp_path / "cache")})
    recognizer = open_recognizer(settings, FolderStore(tmp_path), no_client)
    assert isinstance(recognizer, LocalRecognizer)
    (face,) = recognizer.recognize((pictures / "hopper-small.jpeg").read_bytes())
    assert face.name == "Grace Hopper"
    assert list((tmp_path / "cache").rglob("*.npy"))


def test_rekognition_is_asked_by_the_client_it_is_given(folder_store: FolderStore) -> None:
    client = boto3.client("rekognition", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    recognizer = open_recognizer(Settings.load({"CELEBS_RECOGNIZER": "rekognition"}), folder_store, lambda: client)
    assert isinstance(recognizer, RekognitionRecognizer)
    assert recognizer.info.version == client.meta.service_model.api_version


def test_without_a_gallery_the_log_says_how_to_get_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings.load({"CELEBS_GALLERY": str(tmp_path / "nowhere")})
    open_recognizer(settings, FolderStore(tmp_path), no_client)
    assert "gallery/<Name>/*.jpg" in caplog.text
    assert "CELEBS_GALLERY" in caplog.text


class TestCheckRecognizer:
    def test_a_gallery_that_is_set_must_be_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "photos.zip").touch()
        for folder in (tmp_path / "nowhere", tmp_path / "photos.zip"):
            with pytest.raises(GalleryError) as error:
                check_recognizer(Settings.load({"CELEBS_GALLERY": str(folder)}))
            assert str(error.value) == (
                f"CELEBS_GALLERY='{folder}': there is no folder {folder}; create it with photos as <Name>/*.jpg, name "
                "the right one, or leave the setting out."
            )
        dotenv = tmp_path / ".env"
        dotenv.write_text("CELEBS_GALLERY=no/such/gallery\n")
        with pytest.raises(GalleryError, match="CELEBS_GALLERY='no/such/gallery': there is no folder /"):
            check_recognizer(Settings.load({}, dotenv))

    @pytest.mark.parametrize(
        "environ",
        [{}, {"CELEBS_GALLERY": ""}, {"CELEBS_GALLERY": "/nowhere", "CELEBS_RECOGNIZER": "rekognition"}],
        ids=["not set", "set but empty", "Rekognition needs none"],
    )
    def test_the_default_may_be_missing(
        self, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("celeb_ops.core.settings.PROJECT", tmp_path)
        check_recognizer(Settings.load(environ))
        check_recognizer(Settings.load({"CELEBS_GALLERY": str(tmp_path)}))
