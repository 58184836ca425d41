"""A world of people at Wikidata."""

import copy
from pathlib import Path

import pytest

from tests.wikimedia.world import Maker, World


@pytest.fixture(scope="session")
def first_world(faces: Path) -> World:
    return Maker(faces).make()


@pytest.fixture
def world(first_world: World) -> World:
    """One that a test may change."""
    return copy.deepcopy(first_world)
