"""A gallery of the demo's two people, the recogniser that knows them, and a Rekognition that does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from tests.aws.rekognition import Rekognition, serving


@pytest.fixture(scope="session")
def pictures(demo_folder: Path) -> Path:
    """``hopper.jpeg``, ``collins.jpeg``, ``coffee.jpeg`` …"""
    return demo_folder / "www" / "pictures"


@pytest.fixture(scope="session")
def recognizer(demo_folder: Path) -> LocalRecognizer:
    """Knows Grace Hopper and Eileen Collins."""
    return LocalRecognizer(Gallery.load(demo_folder / "gallery", demo_folder / "cache"))


@pytest.fixture
def rekognition(recognizer: LocalRecognizer) -> Iterator[Rekognition]:
    """An AWS Rekognition on loopback that knows the same people."""
    with serving(recognizer) as service:
        yield service
