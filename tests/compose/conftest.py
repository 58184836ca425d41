"""The stack, once for all tests: ``KEEP_STACK=1`` leaves it up, ``CLUSTER_FOLDER`` names one that is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compose.running import running_stack
from tests.compose.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if folder := os.environ.get("CLUSTER_FOLDER"):
        yield Stack.of(Path(folder))
        return
    with running_stack() as stack:
        yield stack
