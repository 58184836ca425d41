"""The choice of ``CELEBS_RECOGNIZER``, and the check of its settings."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from celeb_ops.core.exceptions import GalleryError, SettingsError
from celeb_ops.core.store import S3Store, Store, split_s3

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_rekognition import RekognitionClient

    from celeb_ops.core.settings import Settings
    from celeb_ops.recognition.recognizer import Recognizer

logger = logging.getLogger(__name__)

NO_GALLERY = (
    "The gallery is empty, so faces are counted and nobody is named: `make gallery` fetches public figures from "
    "Wikidata, or put photos into gallery/<Name>/*.jpg, or point CELEBS_GALLERY at such a folder."
)


def check_recognizer(settings: Settings) -> None:
    """Check the chosen recogniser's settings.

    :raises GalleryError: ``CELEBS_GALLERY`` is set and names no folder.
    :raises SettingsError: another of its settings can't be used.
    """
    if settings.recognizer == "rekognition":
        if settings.send_as == "s3object" and not split_s3(settings.store):
            raise SettingsError(
                f"CELEBS_SEND_AS=s3object lets Rekognition read slices in S3, and CELEBS_STORE={settings.store!r} is a "
                "folder: name an s3:// store in Rekognition's account and region, or leave the setting out."
            )
        return
    folder, model = settings.path(settings.gallery), settings.face_model
    # The default folder may be missing. (Path.is_dir raises if a folder above may not be entered.)
    if "gallery" in settings.model_fields_set and not os.path.isdir(folder):
        raise GalleryError(
            f"CELEBS_GALLERY={str(settings.gallery)!r}: there is no folder {folder}; create it with photos as "
            "<Name>/*.jpg, name the right one, or leave the setting out."
        )
    if model not in ("", "dlib") and not settings.path(Path(model)).is_file():
        raise SettingsError(f"CELEBS_FACE_MODEL={model!r}: write dlib, the path of an ONNX file, or leave it out.")


def open_recognizer(settings: Settings, store: Store, rekognition: Callable[[], RekognitionClient]) -> Recognizer:
    """The recogniser of ``CELEBS_RECOGNIZER``.

    :param rekognition: makes the AWS client if it is needed.
    """
    if settings.recognizer == "rekognition":
        from celeb_ops.recognition.aws.rekognition import RekognitionRecognizer

        locate = store.s3_object if settings.send_as == "s3object" and isinstance(store, S3Store) else None
        return RekognitionRecognizer(rekognition(), locate)
    from celeb_ops.core.removal_list import RemovalList
    from celeb_ops.recognition.local import face_model
    from celeb_ops.recognition.local.gallery import Gallery
    from celeb_ops.recognition.local.recognizer import LocalRecognizer

    folder, cache = settings.path(settings.gallery), settings.path(settings.cache)
    gallery = Gallery.load(folder, cache, RemovalList.load(store), face_model.chosen(settings))
    if not gallery.names:
        logger.warning(NO_GALLERY)
    return LocalRecognizer(gallery)
