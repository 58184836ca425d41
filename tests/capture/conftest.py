"""One site on loopback for all captures, and browsers that are shared by those that need no new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.capture.shots import Studio
from tests.capture.site import LocalSite, served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def site() -> Iterator[LocalSite]:
    with served() as site:
        yield site


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    studio = Studio()
    yield studio
    studio.close()
