"""A world of people at Wikidata, the server that has it, and settings that point there."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from tests.wikimedia.server import Wikimedia, serving
from tests.wikimedia.world import Maker, World

from celeb_ops.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def first_world(faces: Path) -> World:
    return Maker(faces).make()


@pytest.fixture
def world(first_world: World) -> World:
    """One that a test may change."""
    return copy.deepcopy(first_world)


@pytest.fixture
def wikimedia(world: World) -> Iterator[Wikimedia]:
    with serving(world) as served:
        yield served


def settings_for(served: Wikimedia, folder: Path) -> Settings:
    return Settings(
        store=str(folder / "store"),
        gallery=folder / "gallery",
        cache=folder / "cache",
        contact="test@example.org",
    )
