"""Whom a face is nearest to, and how near a stranger may come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.recognition.gallery import Gallery
from celeb_ops.recognition.local import (
    STRANGERS,
    STRANGERS_NAMED,
    THRESHOLD,
    LocalRecognizer,
    Matcher,
    strangers_of,
    strict_threshold,
)

if TYPE_CHECKING:
    from celeb_ops.recognition.models import Embedding


def some_faces(number: int, seed: int, spread: float = 0.09) -> Embedding:
    """Made-up strangers: in 45 dimensions their distances are as those of real ones, 0.85 ± 0.09."""
    faces = np.zeros((number, 128))
    faces[:, :45] = np.random.default_rng(seed).normal(0, spread, (number, 45))
    return faces


def a_gallery(people: int, photos: int = 1, seed: int = 1, spread: float = 0.09) -> Gallery:
    names = [f"Person {number}" for number in range(people) for _ in range(photos)]
    return Gallery(names, some_faces(len(names), seed, spread), "digest")


@given(
    st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=20),
    st.integers(1, 4),
    st.integers(0, 1_000),
)
def test_is_what_comparing_with_every_photo_gives(names: list[str], faces: int, seed: int) -> None:
    gallery = Gallery(list(names), some_faces(len(names), seed), "digest")
    looked_for = some_faces(faces, seed + 1)
    for face, match in zip(looked_for, Matcher(gallery).nearest(looked_for), strict=True):
        distances = np.linalg.norm(gallery.embeddings - face, axis=1)
        others = distances[np.array(names) != names[int(distances.argmin())]]
        assert match.photo == distances.argmin()
        assert match.distance == pytest.approx(distances.min(), abs=1e-9)
        assert match.margin == pytest.approx(others.min() - distances.min() if others.size else math.inf, abs=1e-9)


def test_a_small_gallery_names_up_to_the_measured_threshold() -> None:
    assert LocalRecognizer(a_gallery(8, 2)).strict == THRESHOLD
    assert LocalRecognizer(Gallery([], np.empty((0, 128)), None)).strict == THRESHOLD


def test_the_more_people_the_stricter() -> None:
    strict = [LocalRecognizer(a_gallery(people)).strict for people in (100, 1_000, 10_000)]
    assert THRESHOLD > strict[0] > strict[1] > strict[2] > 0.3


def test_strangers_get_a_name_as_seldom_as_is_said() -> None:
    """On faces whose distances are as a gallery's: what the extrapolation promises holds where it can be counted."""
    gallery = a_gallery(400)
    matches = Matcher(gallery).nearest(some_faces(4_000, 2))
    named = sum(match.distance <= strict_threshold(gallery) for match in matches) / len(matches)
    assert named <= 3 * STRANGERS_NAMED


def test_a_gallery_of_many_has_a_distribution_of_its_own() -> None:
    assert strangers_of(a_gallery(10)) == STRANGERS
    far = strangers_of(a_gallery(50, 2, spread=0.2))
    assert far.mean == pytest.approx(1.9, abs=0.1)
