"""Whom a face is nearest to, and how near a stranger may come."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from celeb_ops.recognition.local.embedders import Embedding
from celeb_ops.recognition.local.face_model import BOTH, DLIB, FaceModel
from celeb_ops.recognition.local.gallery import Gallery
from celeb_ops.recognition.local.recognizer import LocalRecognizer


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
def test_is_what_comparing_with_everybody_s_mean_gives(names: list[str], faces: int, seed: int) -> None:
    gallery = Gallery(list(names), some_faces(len(names), seed), "digest")
    people = sorted(set(names))
    rows = {name: gallery.embeddings[np.array(names) == name] for name in people}
    strangers = some_faces(faces, seed + 1)
    for face, match in zip(strangers, LocalRecognizer(gallery).nearest(strangers), strict=True):
        distances = {
            name: math.sqrt(((own.mean(axis=0) - face) ** 2).sum() + DLIB.spread * (1 - 1 / len(own)))
            for name, own in rows.items()
        }
        first, *others = sorted(people, key=lambda name: distances[name])
        margin = distances[others[0]] - distances[first] if others else math.inf
        assert names[match.photo] == first
        assert match.distance == pytest.approx(distances[first], abs=1e-4)
        assert match.margin == pytest.approx(margin, abs=2e-4)
        own = np.linalg.norm(gallery.embeddings - face, axis=1)
        assert own[match.photo] == own[np.array(names) == first].min()


@pytest.mark.parametrize("model", [DLIB, BOTH], ids=["dlib", "both"])
def test_the_more_people_the_stricter(model: FaceModel) -> None:
    strict = [model.strict_at(people) for people in (0, 1, 2, 10, 63, 281, 1_000, 10_000, 100_000)]
    assert strict == sorted(strict, reverse=True)
    assert strict[0] == strict[1]
    # Words may name somebody who is not known at all, or one of few.
    assert strict[2] < model.candidate < strict[1]
    assert strict[-1] > 0.3


def test_a_large_gallery_s_own_people_may_make_it_stricter() -> None:
    gallery = a_gallery(8, 2)
    measured = DLIB.strict_at(8)
    assert gallery.strict_score == measured
    assert replace(gallery, counted_score=measured - 0.05).strict_score == measured - 0.05
    assert replace(gallery, counted_score=measured + 0.05).strict_score == measured
    assert LocalRecognizer(Gallery.empty(DLIB)).strict == DLIB.strict_at(1)
