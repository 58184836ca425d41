"""Slice → faces. Two recognisers with one result; the one to use is chosen in ``open_recognizer``."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from celeb_ops.exceptions import GalleryError, SettingsError
from celeb_ops.geometry import Box  # noqa: TC001  (pydantic reads it, where an answer is kept)
from celeb_ops.store import S3Store, split_s3

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_rekognition import RekognitionClient

    from celeb_ops.records import RecognizerInfo
    from celeb_ops.settings import Settings
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

NO_GALLERY = (
    "The gallery is empty, so faces are counted and nobody is named: `make gallery` fetches public figures from "
    "Wikidata, or put photos into gallery/<Name>/*.jpg, or point CELEBS_GALLERY at such a folder."
)


@dataclass(frozen=True)
class Face:
    """A face on a slice. ``box`` is in the slice's pixels; ``name`` is None for someone it does not know."""

    box: Box
    name: str | None = None
    id: str | None = None
    urls: tuple[str, ...] = ()
    """Pages about the person, as the recogniser names them (Rekognition: Wikidata, IMDb)."""
    confidence: float = 0.0
    """0–100: of the names with 90 about nine in ten are right."""
    with_words: float | None = None
    """The same where the page's words beside the picture have the name too; None: they change nothing."""
    margin: float | None = None
    basis: str = "face"
    candidate: str | None = None
    """Whom it may be: the page's own words beside the picture make a name of it."""
    reference: str | None = None
    """The gallery's photo that is nearest, ``<Name>/<file>``."""
    qid: str | None = None
    """Their item in Wikidata."""
    aliases: tuple[str, ...] = ()
    """Other names under which a page's words may have them."""


class Recognizer(Protocol):
    """Finds the faces of a slice and names those it knows."""

    info: RecognizerInfo
    cost_usd: float
    """Of one call; what costs nothing is asked as often as it is convenient."""

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        """The faces on a JPEG or PNG.

        :param areas: where pictures are on it; a recogniser may look nowhere else. Without any it looks everywhere.
        :param key: the picture's own in the store, where it is there.
        """


def check_gallery(settings: Settings) -> None:
    """GalleryError where ``CELEBS_GALLERY`` is set, its recogniser is the one to use, and it names no folder;
    SettingsError where ``CELEBS_FACE_MODEL`` names no file.

    Who sets nothing may do without a gallery: faces are counted then. A typing error must not look like that.
    """
    folder = settings.path(settings.gallery)
    # os.path's, because Path.is_dir raises where a folder above may not be entered.
    if settings.recognizer == "local" and "gallery" in settings.model_fields_set and not os.path.isdir(folder):
        raise GalleryError(
            f"CELEBS_GALLERY={str(settings.gallery)!r}: there is no folder {folder}; create it with photos as "
            "<Name>/*.jpg, name the right one, or leave the setting out."
        )
    model = settings.face_model
    if settings.recognizer == "local" and model not in ("", "dlib") and not settings.path(Path(model)).is_file():
        raise SettingsError(f"CELEBS_FACE_MODEL={model!r}: write dlib, the path of an ONNX file, or leave it out.")


def check_terms(settings: Settings) -> None:
    """SettingsError where slices are to be read in S3, and are not there."""
    if settings.recognizer == "rekognition" and settings.send_as == "s3object" and not split_s3(settings.store):
        raise SettingsError(
            f"CELEBS_SEND_AS=s3object lets Rekognition read slices in S3, and CELEBS_STORE={settings.store!r} is a "
            "folder: name an s3:// store in Rekognition's account and region, or leave the setting out."
        )


def open_recognizer(settings: Settings, store: Store, rekognition: Callable[[], RekognitionClient]) -> Recognizer:
    """The recogniser of ``CELEBS_RECOGNIZER``.

    :param rekognition: makes the AWS client, and is called only where one is needed.
    """
    if settings.recognizer == "rekognition":
        from celeb_ops.recognition.rekognition import RekognitionRecognizer

        in_s3 = store if settings.send_as == "s3object" and isinstance(store, S3Store) else None
        return RekognitionRecognizer(rekognition(), in_s3.s3_object if in_s3 else None)
    from celeb_ops.recognition import models
    from celeb_ops.recognition.gallery import Gallery
    from celeb_ops.recognition.local import LocalRecognizer
    from celeb_ops.removed import Removed

    folder, cache = settings.path(settings.gallery), settings.path(settings.cache)
    gallery = Gallery.load(folder, cache, Removed.load(store), models.chosen(settings))
    if not gallery.names:
        logger.warning(NO_GALLERY)
    return LocalRecognizer(gallery)
