"""Which of a person's photos count."""

from __future__ import annotations

import numpy as np
import pytest

from celeb_ops.gallery.commons import Picture
from celeb_ops.gallery.photo_analysis import PhotoAnalysis, Why
from celeb_ops.gallery.photo_selection import Verdict, judge
from celeb_ops.recognition.local.face_model import DLIB


def at(person: int, photo: int, **seen: object) -> PhotoAnalysis:
    """A photo of a person: 0.35 or so from their others, 0.9 from anybody else's."""
    return placed(photo, {person: 0.6, 20 + photo: 0.25}, **seen)


def placed(photo: int, at: dict[int, float], **seen: object) -> PhotoAnalysis:
    """A photo unlike any other, its face at this place of 128 dimensions."""
    embedding = np.zeros(128)
    embedding[list(at)] = list(at.values())
    return PhotoAnalysis(embedding=embedding, hash=int(np.random.default_rng(photo).integers(2**62)), **seen)


def judged(looks: list[PhotoAnalysis | None], main: int = 1, most: int = 10, no_photo: tuple[int, ...] = ()) -> Verdict:
    pictures = [
        Picture(f"File:{number}.jpg", str(number), "", "", "", "", number in no_photo) for number in range(len(looks))
    ]
    return judge(pictures, looks, main, most, DLIB)


def test_photos_that_agree_stay() -> None:
    assert judged([at(0, 0), at(0, 1), at(0, 2)]) == Verdict((0, 1, 2), {})
    assert judged([at(0, 0)]).chosen == (0,)


def test_a_strangers_photo_goes() -> None:
    verdict = judged([at(0, 0), at(1, 1), at(0, 2), at(0, 3)])
    assert verdict.chosen == (0, 2, 3)
    assert verdict.why == {1: "shows somebody else"}


@pytest.mark.parametrize("people", [(0, 1, 1, 1), (0, 1)], ids=["strangers are most", "the main image is a stranger's"])
def test_photos_that_disagree_leave_the_person_out(people: tuple[int, ...]) -> None:
    verdict = judged([at(person, photo) for photo, person in enumerate(people)])
    assert (verdict.chosen, verdict.left_out) == ((), "their photos disagree")


def test_one_unlike_the_main_image_alone_makes_no_other_group() -> None:
    """Like three of the group, 0.56 from the main one."""
    places = [(0.0, 0.0), (0.28, 0.2), (0.28, 0.0), (0.28, -0.2), (0.56, 0.0)]
    verdict = judged([placed(number, {0: x, 1: y}) for number, (x, y) in enumerate(places)])
    assert verdict.chosen == (0, 1, 2, 3)
    assert verdict.why == {4: "shows somebody else"}


def test_without_a_usable_main_image_the_category_must_agree() -> None:
    assert judged([PhotoAnalysis(Why.NO_FACE), at(0, 1), at(0, 2), at(1, 3)]).chosen == (1, 2)
    assert judged([PhotoAnalysis(Why.NO_FACE), at(0, 1)]).left_out == "only photos of a category, and one"
    assert (
        judged([PhotoAnalysis(Why.NO_FACE), at(0, 1), at(0, 2), at(1, 3), at(1, 4)]).left_out == "their photos disagree"
    )


def test_near_duplicates_go_by_the_face_or_by_the_picture() -> None:
    near = at(0, 0)
    near.embedding[99] = 0.1
    same_bits = PhotoAnalysis(embedding=at(0, 5).embedding, hash=at(0, 2).hash ^ 0b111)
    verdict = judged([at(0, 0), near, at(0, 2), same_bits])
    assert verdict.chosen == (0, 2)
    assert verdict.why == {1: Why.SAME_PHOTO, 3: Why.SAME_PHOTO}


def test_no_more_than_were_asked_for() -> None:
    verdict = judged([at(0, number) for number in range(5)], most=3)
    assert verdict.chosen == (0, 1, 2)
    assert set(verdict.why.values()) == {"there are enough"}


def test_one_tint_goes_unless_most_have_it() -> None:
    bronze = at(0, 2, one_tint=True)
    assert judged([at(0, 0), at(0, 1), bronze]).chosen == (0, 1)
    old = [at(0, number, one_tint=True) for number in range(3)]
    assert judged([*old, at(0, 4)]).chosen == (0, 1, 2, 3)
    # A statue as the main image of somebody whose one photo is in colour.
    assert judged([bronze, at(0, 0), at(0, 1)]).chosen == (1, 2)


@pytest.mark.parametrize("trouble", [Why.NO_FACE, Why.SEVERAL, Why.DRAWN])
def test_what_is_no_photo_of_one_face_goes(trouble: Why) -> None:
    verdict = judged([at(0, 0), PhotoAnalysis(trouble), None, at(0, 3), at(0, 4)], no_photo=(3,))
    assert verdict.chosen == (0, 4)
    assert verdict.why[1] == trouble
    assert verdict.why[2] == "could not be had"
    assert "no photo" in verdict.why[3]


def test_nobody_usable_says_so() -> None:
    assert judged([PhotoAnalysis(Why.NO_FACE), None]).left_out == "no usable photo"
    assert judged([], main=0).left_out == "no usable photo"


def test_a_chain_of_neighbours_is_no_group() -> None:
    """Each like the next, the ends unlike: who agrees with fewer than half goes."""
    chosen = judged([placed(step, {0: 0.45 * step}) for step in range(5)]).chosen
    assert 0 in chosen or not chosen
    assert len(chosen) <= 2
