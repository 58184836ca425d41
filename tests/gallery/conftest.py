"""A world of people at Wikidata."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from tests.wikimedia.world import Maker, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def first_world(faces: Path) -> World:
    return Maker(faces).make()


@pytest.fixture
def world(first_world: World) -> World:
    """One that a test may change."""
    return copy.deepcopy(first_world)
