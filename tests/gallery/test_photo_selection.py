"""Which of a person's photos count."""

import numpy as np
import pytest

from celeb_ops.gallery.commons import Picture
from celeb_ops.gallery.photo_analysis import PhotoAnalysis, Rejection
from celeb_ops.gallery.photo_selection import Selection, select
from celeb_ops.recognition.local.face_model import DLIB


def at(person: int, photo: int, **seen: object) -> PhotoAnalysis:
    """A photo of a person: 0.35 or so from their others, 0.9 from anybody else's."""
    return placed(photo, {person: 0.6, 20 + photo: 0.25}, **seen)


def placed(photo: int, at: dict[int, float], **seen: object) -> PhotoAnalysis:
    """A photo unlike any other, its face at this place of 128 dimensions."""
    embedding = np.zeros(128)
    embedding[list(at)] = list(at.values())
    return PhotoAnalysis(embedding=embedding, hash=int(np.random.default_rng(photo).integers(2**62)), **seen)


def judged(analyses: list[PhotoAnalysis | None], main: int = 1, no_photo: tuple[int, ...] = ()) -> Selection:
    pictures = [
        Picture(f"File:{number}.jpg", str(number), "", "", "", "", number in no_photo)
        for number in range(len(analyses))
    ]
    return select(pictures, analyses, main, DLIB)


def test_photos_that_agree_stay_and_a_strangers_goes() -> None:
    assert judged([at(0, 0), at(0, 1), at(0, 2)]) == Selection((0, 1, 2), {})
    assert judged([at(0, 0)]).chosen == (0,)
    assert judged([at(0, 0), at(1, 1), at(0, 2), at(0, 3)]) == Selection((0, 2, 3), {1: Rejection.SOMEBODY_ELSE})


@pytest.mark.parametrize("people", [(0, 1, 1, 1), (0, 1)], ids=["strangers are most", "the main image is a stranger's"])
def test_photos_that_disagree_leave_the_person_out(people: tuple[int, ...]) -> None:
    selection = judged([at(person, photo) for photo, person in enumerate(people)])
    assert (selection.chosen, selection.left_out) == ((), "their photos disagree")


def test_one_unlike_the_main_image_alone_makes_no_other_group() -> None:
    """Like three of the group, 0.56 from the main one."""
    places = [(0.0, 0.0), (0.28, 0.2), (0.28, 0.0), (0.28, -0.2), (0.56, 0.0)]
    selection = judged([placed(number, {0: x, 1: y}) for number, (x, y) in enumerate(places)])
    assert selection.chosen == (0, 1, 2, 3)
    assert selection.rejected == {4: "shows somebody else"}


def test_without_a_usable_main_image_the_category_must_agree() -> None:
    assert judged([PhotoAnalysis(Rejection.NO_FACE), at(0, 1), at(0, 2), at(1, 3)]).chosen == (1, 2)
    assert judged([PhotoAnalysis(Rejection.NO_FACE), at(0, 1)]).left_out == "only photos of a category, and one"
    assert (
        judged([PhotoAnalysis(Rejection.NO_FACE), at(0, 1), at(0, 2), at(1, 3), at(1, 4)]).left_out
        == "their photos disagree"
    )


def test_near_duplicates_go_by_the_face_or_by_the_picture() -> None:
    near = at(0, 0)
    near.embedding[99] = 0.1
    same_bits = PhotoAnalysis(embedding=at(0, 5).embedding, hash=at(0, 2).hash ^ 0b111)
    selection = judged([at(0, 0), near, at(0, 2), same_bits])
    assert selection.chosen == (0, 2)
    assert selection.rejected == {1: Rejection.SAME_PHOTO, 3: Rejection.SAME_PHOTO}


def test_ten_are_enough() -> None:
    selection = judged([at(0, number) for number in range(12)])
    assert selection == Selection(tuple(range(10)), {10: Rejection.ENOUGH, 11: Rejection.ENOUGH})


def test_one_tint_goes_unless_most_have_it() -> None:
    bronze = at(0, 2, one_tint=True)
    assert judged([at(0, 0), at(0, 1), bronze]).chosen == (0, 1)
    old = [at(0, number, one_tint=True) for number in range(3)]
    assert judged([*old, at(0, 4)]).chosen == (0, 1, 2, 3)
    # A statue as the main image of somebody whose one photo is in colour.
    assert judged([bronze, at(0, 0), at(0, 1)]).chosen == (1, 2)


@pytest.mark.parametrize("trouble", [Rejection.NO_FACE, Rejection.SEVERAL, Rejection.DRAWN])
def test_what_is_no_photo_of_one_face_goes(trouble: Rejection) -> None:
    selection = judged([at(0, 0), PhotoAnalysis(trouble), None, at(0, 3), at(0, 4)], no_photo=(3,))
    assert selection.chosen == (0, 4)
    assert selection.rejected[1] == trouble
    assert selection.rejected[2] == "could not be fetched"
    assert "no photo" in selection.rejected[3]


def test_nobody_usable_says_so() -> None:
    assert judged([PhotoAnalysis(Rejection.NO_FACE), None]).left_out == "no usable photo"
    assert judged([], main=0).left_out == "no usable photo"


def test_a_chain_of_neighbours_is_no_group() -> None:
    """Each like the next, the ends unlike: who agrees with fewer than half goes."""
    chosen = judged([placed(step, {0: 0.45 * step}) for step in range(5)]).chosen
    assert 0 in chosen or not chosen
    assert len(chosen) <= 2
