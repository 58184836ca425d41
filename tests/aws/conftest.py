"""The Rekognition on loopback, which knows nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws.asking import Sees
from tests.aws.rekognition import (
    Rekognition,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def service() -> Iterator[Rekognition]:
    with serving(Sees()) as service:  # type: ignore[arg-type]
        yield service
