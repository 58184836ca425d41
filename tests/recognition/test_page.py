import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.core.records import Picture, Plan, RecognizerInfo, Result, Slice, Slot, Span
from celeb_ops.core.store import FolderStore, Store
from celeb_ops.recognition import detections
from celeb_ops.recognition.detections import MOST_FACES, Detection
from celeb_ops.recognition.local.recognizer import LocalRecognizer
from celeb_ops.recognition.naming import confirmed
from celeb_ops.recognition.page import recognize_page
from celeb_ops.recognition.recognizer import Face
from celeb_ops.slicing.cut import cut
from tests.factories import RUN_TIME, a_page, a_picture, a_screenshot, saved

STEM = "TMZ_Nov_23_2026_08H_00M_00S"
UPPER = Slice(key=keys.slice_(STEM, (0, 400), (0, 300)), bands=[Span(0, 400)], columns=Span(0, 300))
LOWER = Slice(key=keys.slice_(STEM, (200, 600), (0, 300)), bands=[Span(200, 600)], columns=Span(0, 300))
Found = tuple[Face, Slice]


class Scripted:
    """A recogniser with scripted answers, a slice each."""

    cost_usd = 0.0
    info = RecognizerInfo(name="scripted", version="1")

    def __init__(self, *answers: list[Face]) -> None:
        self.answers = iter(answers)

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        return next(self.answers)


def a_face(left: int, top: int, name: str | None = None, size: int = 60, **facts: Any) -> Face:
    return Face(Box(left, top, size, size), name, **{"confidence": 90.0} | facts)


def result_of(store: Store, *answers: list[Face], **facts: Any) -> Result:
    """The result of a page of 300 × 600 in two slices, 0–400 and 200–600."""
    screenshot = a_screenshot(page_width=300, captured_height=600, viewport=(300, 400), **facts)
    plan = Plan(screenshot=keys.sidecar(STEM), slices=[UPPER, LOWER])
    for seed, one in enumerate((UPPER, LOWER)):
        if not store.exists(one.key):
            store.write(one.key, a_picture(300, 400, seed=seed))
    return recognize_page(plan, screenshot, Scripted(*answers), STEM, store)


def deduplicated(found: Sequence[Found]) -> list[Found]:
    """The module's own, with boxes in page px."""
    slices = {one.key: one for _, one in found}
    given = [
        Detection(face, face.box, one.key, one.touches_edge(face.box.moved(0, -one.bands[0].start)))
        for face, one in found
    ]
    return [(one.face, slices[one.source]) for one in detections.deduplicated(given)]


PIECE, WHOLE = Face(Box(100, 350, 60, 50), "A", confidence=60), a_face(100, 350)


class TestDeduplicated:
    @pytest.mark.parametrize(
        ("found", "names"),
        [
            ([(a_face(100, 250, "A"), UPPER), (a_face(103, 252, "A"), LOWER)], ["A"]),
            ([(a_face(100, 250), UPPER), (a_face(100, 250, "A", confidence=60), LOWER)], ["A"]),
            ([(a_face(100, 250, "A", confidence=60), LOWER), (a_face(100, 250), UPPER)], ["A"]),
            ([(a_face(100, 250, size=100), UPPER), (a_face(110, 260, size=40), LOWER)], [None, None]),
            ([(a_face(100, 250, "A"), UPPER), (a_face(100, 250, "B"), LOWER)], ["A", "B"]),
            ([(a_face(100, 250), UPPER), (a_face(140, 250), LOWER)], [None, None]),
            ([(a_face(100, 250), UPPER), (a_face(110, 250), UPPER)], [None, None]),
            ([(a_face(95, 245, size=90), LOWER), (a_face(100, 250), UPPER), (a_face(110, 250), UPPER)], [None, None]),
        ],
        ids=[
            *("in two slices it is one", "one slice knows it", "the other knows it"),
            *("a child before an adult", "two names are never one", "side by side", "of one slice", "one around both"),
        ],
    )
    def test_a_face_is_one_face(self, found: list[Found], names: list[str | None]) -> None:
        assert sorted((face.name for face, _ in deduplicated(found)), key=str) == names

    def test_the_whole_face_wins_over_a_surer_piece_of_it(self) -> None:
        surer, whole = replace(PIECE, confidence=99), a_face(100, 350, "A", confidence=80)
        assert deduplicated([(surer, UPPER), (whole, LOWER)]) == [(whole, LOWER)]
        # And keeps its box when the piece has the name.
        ((face, one),) = deduplicated([(PIECE, UPPER), (WHOLE, LOWER)])
        assert (face.name, face.box, one) == ("A", WHOLE.box, LOWER)
        # Of two whole ones the surer wins.
        found = [(a_face(100, 250, "A", confidence=70), UPPER), (a_face(101, 250, "A", confidence=80), LOWER)]
        assert [face.confidence for face, _ in deduplicated(found)] == [80]

    findings = st.lists(
        st.tuples(
            st.builds(
                Face,
                st.builds(Box, *[st.integers(0, 120)] * 2, *[st.integers(20, 60)] * 2),
                st.sampled_from([None, "A", "B"]),
                confidence=st.floats(50, 100),
            ),
            st.sampled_from([UPPER, LOWER]),
        ),
        max_size=8,
    )

    @given(findings)
    def test_no_name_is_lost_or_made_and_no_slice_has_more_faces(self, found: list[Found]) -> None:
        once = deduplicated(found)
        assert {face.name for face, _ in once} - {None} == {face.name for face, _ in found} - {None}
        places = [(face.box, one.key) for face, one in found]
        assert all((face.box, one.key) in places for face, one in once)
        assert len(once) >= max(sum(one == place for _, one in found) for place in (UPPER, LOWER))


class TestConfirmed:
    """What the page's words beside a picture make of faces that may be somebody."""

    PHOTO = Picture(box=Box(0, 0, 300, 300), src="", headline="Ann Other and her sister were seen")
    ELSEWHERE = Picture(box=Box(0, 320, 300, 200), src="", alt="A harbour")

    # On the photo, and not its picture.
    BADGE = Picture(box=Box(40, 40, 20, 20), src="", alt="play")

    def names(self, *faces: Face) -> dict[Box, tuple[str | None, str]]:
        found = [Detection(face, face.box, UPPER.key, False) for face in faces]
        named = confirmed(found, [self.BADGE, self.PHOTO, self.ELSEWHERE])
        return {one.box: (one.face.name, one.face.basis) for one in named}

    def test_a_likely_face_is_named_beside_its_name_only(self) -> None:
        one, other = (a_face(20, top, candidate="Ann Other", confidence=55) for top in (20, 340))
        assert self.names(one, other) == {one.box: ("Ann Other", "face+text"), other.box: (None, "face")}

    def test_a_name_by_the_face_alone_rests_on_both(self) -> None:
        one, other = a_face(20, 20, "Ann Other"), a_face(20, 340, "Ann Other")
        assert self.names(one, other) == {one.box: ("Ann Other", "face+text"), other.box: ("Ann Other", "face")}

    def test_her_sister_gets_not_her_name(self) -> None:
        her, sister = a_face(20, 20, "Ann Other", confidence=90), a_face(150, 20, candidate="Ann Other", confidence=52)
        assert self.names(sister, her)[sister.box] == (None, "face")
        likely = a_face(20, 20, candidate="Ann Other", confidence=60)
        assert self.names(sister, likely) == {sister.box: (None, "face"), likely.box: ("Ann Other", "face+text")}


class TestRecognizePage:
    def test_boxes_are_page_pixels_and_end_with_the_page(self, folder_store: FolderStore) -> None:
        result = result_of(folder_store, [a_face(10, 20, "A")], [a_face(200, 310, "B"), a_face(260, 370, "C")])
        boxes = {"A": Box(10, 20, 60, 60), "B": Box(200, 510, 60, 60), "C": Box(260, 570, 40, 30)}
        assert {one.name: one.box for one in result.sightings} == boxes
        assert result.sightings[0].page_share == pytest.approx(60 * 60 / (300 * 600))

    def test_says_which_page_it_is_and_what_the_recogniser_said(self, folder_store: FolderStore) -> None:
        address = "https://web.archive.org/web/20261123061200/https://www.tmz.com/"
        page = {"source": "archive", "memento": address, "images_missing": 9, "captured_at": RUN_TIME}
        face = a_face(10, 20, "A", id="1x", confidence=77.5, margin=0.1, basis="face")
        result = result_of(folder_store, [face], [], **page)
        assert {name: getattr(result, name) for name in page} == page
        (sighting,) = result.sightings
        assert (sighting.id, sighting.confidence, sighting.margin, sighting.basis) == ("1x", 77.5, 0.1, "face")
        assert result.recognizer == Scripted.info

    def test_a_face_in_the_overlap_counts_once_and_sightings_go_down_the_page(self, folder_store: FolderStore) -> None:
        upper = [a_face(100, 250, "B"), a_face(200, 20), a_face(10, 250, "C")]
        result = result_of(folder_store, upper, [a_face(101, 51, "B"), a_face(200, 310), a_face(10, 300, "A")])
        assert [one.name for one in result.sightings] == ["C", "B", "A"]
        assert (result.faces, result.unrecognised, result.celebrities) == (5, 2, ["A", "B", "C"])

    def test_a_name_below_the_least_confidence_is_dropped(self, folder_store: FolderStore) -> None:
        faces = [a_face(10, 20, "A", confidence=50), a_face(200, 20, "B", confidence=49.9)]
        result = result_of(folder_store, faces, [])
        assert (result.celebrities, result.faces, result.unrecognised) == (["A"], 2, 1)
        # Nor does it make a second face.
        upper, lower = a_face(100, 250, "A", confidence=45), a_face(100, 50, "B", confidence=95)
        result = result_of(folder_store, [upper], [lower])
        assert (result.celebrities, result.faces, result.unrecognised) == (["B"], 1, 0)

    def test_nobody_there_is_a_result_too(self, folder_store: FolderStore) -> None:
        result = result_of(folder_store, [], [])
        assert (result.faces, result.sightings, result.slices) == (0, [], 2)
        assert list(folder_store.list("Faces/")) == []
        assert (result.calls, result.cost_usd) == (0, 0)

    @pytest.mark.parametrize(("top", "above"), [(399, True), (400, False)])
    def test_the_fold_is_the_viewport_s_end(self, folder_store: FolderStore, top: int, above: bool) -> None:
        (sighting,) = result_of(folder_store, [], [a_face(10, top - 200, "A", size=20)]).sightings
        assert sighting.above_fold is above

    def test_a_face_belongs_to_the_smallest_picture_around_its_middle(self, folder_store: FolderStore) -> None:
        boxes = [Box(0, 0, 300, 600), Box(20, 20, 100, 100), Box(30, 60, 10, 10), Box(0, 500, 50, 50)]
        pictures = [Picture(box=box, src=f"https://example.com/{number}") for number, box in enumerate(boxes)]
        result = result_of(folder_store, [a_face(30, 30, "A"), a_face(200, 30, "B")], [], pictures=pictures)
        assert {one.name: one.picture for one in result.sightings} == {"A": 1, "B": 0}
        assert result_of(folder_store, [a_face(30, 30, "A")], []).sightings[0].picture is None


class TestPlacement:
    PICTURES = (
        Picture(box=Box(0, 0, 100, 100), src="", placement="editorial"),
        Picture(box=Box(100, 0, 100, 100), src="", placement="advert"),
    )
    FOUND = (a_face(20, 20, "A"), a_face(120, 20, "B"), a_face(220, 20, "C"), a_face(220, 120, "D"))

    def test_is_the_picture_s_or_the_place_s(self, folder_store: FolderStore) -> None:
        slots = [Slot(box=Box(200, 0, 100, 100), placement="advert")]
        result = result_of(folder_store, list(self.FOUND), [], pictures=list(self.PICTURES), slots=slots)
        placed = {one.name: one.placement for one in result.sightings}
        assert placed == {"A": "editorial", "B": "advert", "C": "advert", "D": "editorial"}
        assert (result.celebrities, result.adverts_counted, result.faces) == (["A", "D"], False, 4)
        assert result.model_copy(update={"adverts_counted": True}).celebrities == ["A", "B", "C", "D"]

    def test_is_unknown_of_a_page_of_an_earlier_version(self, folder_store: FolderStore) -> None:
        pictures = [one.model_copy(update={"placement": None}) for one in self.PICTURES]
        result = result_of(folder_store, list(self.FOUND), [], pictures=pictures)
        assert {one.placement for one in result.sightings} == {None}
        assert (result.celebrities, result.adverts_counted) == (["A", "B", "C", "D"], None)


class TestAPageThatWantsTooMuch:
    def test_is_not_looked_at_below_a_thousand_faces(self, folder_store: FolderStore) -> None:
        wall = [a_face(9 * (number % 30), 9 * (number // 30), size=8) for number in range(MOST_FACES)]
        result = result_of(folder_store, wall)
        assert result.faces == MOST_FACES
        assert result.not_looked_at == ["the last 1 of 2 slices, because 1,000 faces were found above them"]

    def test_says_how_many_pictures_are_beyond_the_largest(self, folder_store: FolderStore) -> None:
        thumbnails = [Picture(box=Box(left, top, 41, 41), src="") for top in range(300) for left in range(0, 250, 25)]
        screenshot = a_screenshot(page_width=300, captured_height=600, pictures=thumbnails)
        plan = cut(screenshot, saved(folder_store, screenshot, a_page(300, 600, {})), STEM, folder_store)
        result = recognize_page(plan, screenshot, Scripted([]), STEM, folder_store)
        assert result.not_looked_at == ["1,000 pictures smaller than the 2,000 largest"]


class TestNames:
    @pytest.mark.parametrize(
        ("name", "clean"),
        [
            ("Grace\nHopper", "Grace Hopper"),
            ("\u200f\n", ""),
            ("Grace\r\n\tHopper\0", "Grace Hopper"),
            ("\u202eGrace Hopper\u202c", "Grace Hopper"),
            ("Grace \u200f Hopper", "Grace Hopper"),
            ("Beyonc\udce9", "Beyonc"),
            ("Beyoncé 王菲", "Beyoncé 王菲"),
        ],
    )
    def test_are_kept_on_one_line_without_hidden_signs(self, folder_store: FolderStore, name: str, clean: str) -> None:
        result = result_of(folder_store, [a_face(10, 20, name)], [])
        assert (result.celebrities, result.faces) == ([clean] if clean else [], 1)
        assert result.unrecognised == (not clean)
        assert Result.model_validate_json(result.model_dump_json()) == result

    def test_that_differ_only_in_hidden_signs_are_one(self, folder_store: FolderStore) -> None:
        result = result_of(folder_store, [a_face(10, 250, "Grace\u200fHopper")], [a_face(10, 50, "Grace Hopper")])
        assert (result.celebrities, result.faces) == (["Grace Hopper"], 1)


class TestOtherNames:
    """A page's words may have somebody by another name than the gallery."""

    @pytest.mark.parametrize(
        ("aliases", "named"),
        [(("Stefani Germanotta",), ["Lady Gaga"]), (("Stefani",), []), ((), [])],
        ids=["two words", "one word is in too many headlines", "none"],
    )
    def test_confirm_a_candidate(self, folder_store: FolderStore, aliases: tuple[str, ...], named: list[str]) -> None:
        face = a_face(10, 20, candidate="Lady Gaga", confidence=60, aliases=aliases, qid="Q19848")
        picture = Picture(box=Box(0, 0, 300, 200), src="", headline="Stefani Germanotta sings")
        result = result_of(folder_store, [face], [], pictures=[picture])
        assert result.celebrities == named
        assert [one.basis for one in result.sightings] == ["face+text"] * len(named)

    def test_of_one_qid_are_one_face(self, folder_store: FolderStore) -> None:
        upper, lower = a_face(10, 220, "Lady Gaga", qid="Q19848"), a_face(10, 20, "Stefani", qid="Q19848")
        assert result_of(folder_store, [upper], [lower]).faces == 1


class TestEvidence:
    def test_a_crop_shows_the_face_with_a_border(self, store: Store) -> None:
        page = Image.new("RGB", (300, 400), "white")
        page.paste("red", (100, 110, 160, 170))
        out = io.BytesIO()
        page.save(out, "JPEG", quality=95)
        store.write(LOWER.key, out.getvalue())
        (sighting,) = result_of(store, [], [a_face(100, 110, "A", confidence=90)]).sightings
        assert sighting.crop == f"Faces/{STEM}/1.jpeg"
        crop = Image.open(io.BytesIO(store.read(sighting.crop)))
        assert crop.size == (60 + 2 * 21, 60 + 2 * 21)
        assert crop.getpixel((51, 51))[1] < 30
        assert min(crop.getpixel((5, 5))) > 225

    def test_a_crop_is_small(self, folder_store: FolderStore) -> None:
        (sighting,) = result_of(folder_store, [a_face(10, 10, "A", size=280)], []).sightings
        assert max(Image.open(io.BytesIO(folder_store.read(sighting.crop))).size) == 256
        # Of the unrecognised nothing is kept.
        result_of(folder_store, [a_face(10, 20), a_face(100, 20, "B")], [])
        assert len(list(folder_store.list("Faces/"))) == 1

    def test_a_second_time_replaces_the_first(self, store: Store) -> None:
        others = "Faces/TMZ_Nov_23_2026_20H_00M_00S/1.jpeg"
        store.write(others, b"another run's")
        result_of(store, [a_face(10, 20, "A"), a_face(100, 20, "B")], [a_face(10, 300, "C")])
        before = list(store.list(f"Faces/{STEM}/"))
        result = result_of(store, [a_face(100, 20, "B")], [])
        assert len(before) == 3
        assert list(store.list("Faces/")) == [result.sightings[0].crop, others]


def test_a_real_face_on_a_cut_is_named_once(
    recognizer: LocalRecognizer, pictures: Path, folder_store: FolderStore
) -> None:
    # Slices 0–1920 and 400–2320: the first ends in the middle of her face.
    height = 2_320
    pixels = a_page(500, height, {(20, 1_720): pictures / "hopper.jpeg"})
    screenshot = a_screenshot(
        page_width=500,
        captured_height=height,
        parts=[{"key": "Images/x.jpeg", "rows": (0, height)}],
        # A picture that is taller than a slice can't but be cut.
        pictures=[Picture(box=Box(0, 0, 500, height), src="")],
    )
    plan = cut(screenshot, saved(folder_store, screenshot, pixels), STEM, folder_store)
    assert [one.bands for one in plan.slices] == [[(0, 1_920)], [(400, height)]]
    result = recognize_page(plan, screenshot, recognizer, STEM, folder_store)
    (sighting,) = result.sightings
    assert (sighting.name, result.faces) == ("Grace Hopper", 1)
    assert Box(20, 1_720, 480, 480).contains(sighting.box.centre)
    assert recognizer.recognize(folder_store.read(sighting.crop))[0].name == "Grace Hopper"
