from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from celeb_ops import keys
from celeb_ops.exceptions import BudgetError
from celeb_ops.geometry import Box
from celeb_ops.recognition import models
from celeb_ops.recognition.answers import Answer
from celeb_ops.recognition.local import LocalRecognizer
from celeb_ops.recognition.look import look
from celeb_ops.recognition.memory import Remembered
from celeb_ops.recognition.paid import Terms
from celeb_ops.recognition.rekognition import RekognitionError
from celeb_ops.records import Picture, Result
from celeb_ops.slicing import cut
from tests.factories import RUN_TIME, a_page, a_screenshot, saved
from tests.recognition.test_rekognition import asking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from celeb_ops.recognition import Face
    from celeb_ops.store import FolderStore, Store
    from tests.aws.rekognition import Rekognition

    Shown = Iterable[tuple[str, int, int]]

NEXT = RUN_TIME + timedelta(hours=12)
HOPPER, COLLINS, COFFEE, ROCKET = "hopper-small.jpeg", "collins-small.jpeg", "coffee.jpeg", "rocket.jpeg"
LARGE_HOPPER, LARGE_COLLINS = "hopper.jpeg", "collins.jpeg"


class Site:
    """A site whose page shows pictures of the demo; each visit goes the whole way from picture to result."""

    def __init__(self, store: Store, service: Rekognition, pictures: Path) -> None:
        self.store = store
        self.service = service
        self._pictures = pictures

    def visit(self, shown: Shown, when: datetime = RUN_TIME, height: int = 6_000, **terms: Any) -> Result:
        """The result of a page with these pictures: file, left, top."""
        stem = keys.stem("TMZ", when)
        pictures, places = [], {}
        for name, left, top in shown:
            with Image.open(self._pictures / name) as image:
                pictures.append(Picture(box=Box(left, top, *image.size), src=f"https://example.com/{name}"))
            places[left, top] = self._pictures / name
        screenshot = a_screenshot(page_width=1_000, captured_height=height, pictures=pictures, time=when)
        sidecar = saved(self.store, screenshot, a_page(1_000, height, places))
        plan = cut(screenshot, sidecar, stem, self.store)
        return look(plan, screenshot, asking(self.service.url), stem, self.store, Terms(**terms))

    def age_answers(self, by: timedelta) -> None:
        """Make the kept answers older."""
        for key in [key for key in self.store.list("Answers/") if "/sites/" not in key]:
            answer = Answer.load(self.store, key)
            answer.model_copy(update={"asked_at": answer.asked_at - by}).save(self.store, key)


@pytest.fixture
def site(folder_store: FolderStore, rekognition: Rekognition, pictures: Path) -> Site:
    return Site(folder_store, rekognition, pictures)


# Two slices: the last picture has no room in the first one.
PAGE = [(HOPPER, 10, 10), (COLLINS, 500, 20), (COFFEE, 10, 600), (ROCKET, 10, 1_200), (LARGE_COLLINS, 100, 3_000)]
OTHER = [*PAGE[:4], (LARGE_HOPPER, 100, 3_000)]


class Blind:
    """A recogniser that sees no face."""

    def recognize(self, picture: bytes, areas: Any = (), key: str | None = None) -> list[Face]:
        return []


def people(result: Result) -> Counter[str]:
    return Counter(one.name for one in result.sightings)


class TestAnswersAreKept:
    def test_a_second_time_asks_nothing_and_is_the_same(self, site: Site) -> None:
        first = site.visit(PAGE)
        assert (first.calls, first.slices, site.service.calls) == (2, 2, 2)
        again = site.visit(PAGE)
        assert site.service.calls == 2
        assert again.model_dump(exclude={"seconds"}) == first.model_dump(exclude={"seconds"})

    def test_a_try_that_failed_has_paid_for_what_it_was_told(self, site: Site) -> None:
        site.service.faults = ["", "AccessDeniedException"]
        with pytest.raises(RekognitionError, match="AccessDenied"):
            site.visit(PAGE, at_once=1)
        result = site.visit(PAGE)
        assert (result.calls, site.service.calls) == (2, 3)

    def test_the_same_slice_of_another_run_is_asked_about_once(self, site: Site) -> None:
        site.visit(PAGE, remember=timedelta())
        later = site.visit(PAGE, NEXT, remember=timedelta())
        assert (later.calls, later.calls_saved, later.cost_usd, site.service.calls) == (0, 2, 0, 2)
        assert people(later) == {"Grace Hopper": 1, "Eileen Collins": 2}

    def test_unless_it_is_to_be_asked_anew(self, site: Site) -> None:
        site.visit(PAGE)
        site.age_answers(timedelta(minutes=1))
        start = datetime.now(UTC)
        for _ in range(2):
            # What this run was told it does not ask again.
            assert site.visit(PAGE, since=start).calls == 2
            assert site.service.calls == 4

    def test_nothing_but_what_is_needed_is_in_them(self, site: Site) -> None:
        site.visit(PAGE)
        answers = [site.store.read(key) for key in site.store.list("Answers/")]
        assert answers
        told = [b"Gender", b"Emotion", b"HAPPY", b"Smile", b"Pose", b"Landmark", b"Quality", b"Brightness"]
        assert [word for word in told for content in answers if word.lower() in content.lower()] == []
        (hopper,) = (one for one in site.visit(PAGE).sightings if one.name == "Grace Hopper")
        assert hopper.urls[0].startswith("www.wikidata.org/wiki/Q")


class TestMemory:
    def test_a_page_that_stays_as_it_is_costs_nothing(self, site: Site) -> None:
        first = site.visit(PAGE)
        # All of it one line lower: no slice is the same.
        moved = [(name, left, top + 27) for name, left, top in PAGE]
        later = site.visit(moved, NEXT)
        assert (later.calls, later.calls_saved, later.cost_usd) == (0, 2, 0)
        assert site.service.calls == 2
        assert people(later) == people(first) == {"Grace Hopper": 1, "Eileen Collins": 2}
        assert [one.box.top for one in later.sightings] == [one.box.top + 27 for one in first.sightings]

    def test_what_is_new_is_asked_about_on_one_sheet(self, site: Site) -> None:
        site.visit([(HOPPER, 10, 10), (COFFEE, 500, 20), (COFFEE, 10, 3_000), (COFFEE, 10, 5_000)], height=6_000)
        before = site.service.calls
        shown = [(HOPPER, 10, 10), (COLLINS, 500, 20), (COFFEE, 10, 3_000), (COLLINS, 10, 5_000)]
        later = site.visit(shown, NEXT)
        assert (later.calls, site.service.calls - before) == (1, 1)
        assert later.calls_saved == later.slices - 1
        assert people(later) == {"Grace Hopper": 1, "Eileen Collins": 2}
        tops = sorted(one.box.top // 1_000 for one in later.sightings)
        assert tops == [0, 0, 5]

    def test_a_second_try_of_a_later_run_is_the_same(self, site: Site) -> None:
        site.visit(PAGE)
        first = site.visit(OTHER, NEXT)
        again = site.visit(OTHER, NEXT)
        assert site.service.calls == 3
        assert again.model_dump(exclude={"seconds"}) == first.model_dump(exclude={"seconds"})

    def test_an_unknown_face_is_remembered_as_such(
        self, site: Site, rekognition: Rekognition, recognizer: LocalRecognizer, tmp_path: Path
    ) -> None:
        from celeb_ops.recognition.gallery import Gallery

        rekognition.recognizer = LocalRecognizer(Gallery.load(tmp_path / "nowhere", tmp_path))
        first = site.visit(PAGE)
        rekognition.recognizer = recognizer
        later = site.visit(PAGE, NEXT)
        assert (later.faces, later.unrecognised, later.calls) == (first.faces, 3, 0)

    def test_other_pixels_at_the_same_address_are_asked_about(self, site: Site, pictures: Path, tmp_path: Path) -> None:
        for name in (HOPPER, COLLINS):
            (tmp_path / name).write_bytes((pictures / name).read_bytes())
        changing = Site(site.store, site.service, tmp_path)
        changing.visit([(HOPPER, 10, 10)])
        with Image.open(pictures / HOPPER) as old, Image.open(pictures / COLLINS) as new:
            new.convert("RGB").resize(old.size).save(tmp_path / HOPPER, quality=95)
        later = changing.visit([(HOPPER, 10, 10)], NEXT)
        assert (people(later), later.calls) == ({"Eileen Collins": 1}, 1)

    def test_the_evidence_is_of_the_run_s_own_page(self, site: Site, recognizer: LocalRecognizer) -> None:
        site.visit(PAGE)
        later = site.visit([(name, left, top + 27) for name, left, top in PAGE], NEXT)
        for one in later.sightings:
            assert one.crop.startswith(f"Faces/{keys.stem('TMZ', NEXT)}/")
            (face,) = recognizer.recognize(site.store.read(one.crop))
            assert face.name == one.name

    def test_a_known_picture_that_one_slice_cuts_is_not_asked_about(
        self, site: Site, pictures: Path, tmp_path: Path
    ) -> None:
        for name in (COFFEE, ROCKET):
            with Image.open(pictures / name) as image:
                image.resize((450, 1_800)).save(tmp_path / name, quality=95)
        tall = Site(site.store, site.service, tmp_path)
        page = [(COFFEE, 10, 10), (ROCKET, 500, 900)]
        first = tall.visit(page, height=3_000)
        assert (first.slices, first.calls) == (2, 2)
        # The second picture begins beside the first, so both slices show it, and only one of them all of it.
        later = tall.visit([(name, left, top + 27) for name, left, top in page], NEXT, height=3_000)
        assert (later.slices, later.calls) == (2, 0)

    def test_of_a_small_picture_on_a_large_one_the_answer_about_the_small_one_counts(
        self, site: Site, pictures: Path, tmp_path: Path
    ) -> None:
        with Image.open(pictures / COFFEE) as image:
            image.resize((960, 1_700)).save(tmp_path / COFFEE, quality=95)
        for name in (HOPPER, COLLINS):
            # Of one mean shade: it is the same large picture, as far as its cells tell.
            small = a_portrait(pictures / name)
            shades = np.asarray(small, float)
            shades *= 130 / np.asarray(small.convert("L")).mean()
            Image.fromarray(shades.clip(0, 255).astype(np.uint8)).save(tmp_path / name, quality=95)
        changing = Site(site.store, site.service, tmp_path)
        assert people(changing.visit([(COFFEE, 10, 10), (HOPPER, 310, 310)], height=1_800)) == {"Grace Hopper": 1}
        for hours, calls in ((12, 1), (24, 0)):
            later = changing.visit(
                [(COFFEE, 10, 10), (COLLINS, 310, 310)], RUN_TIME + timedelta(hours=hours), height=1_800
            )
            assert (people(later), later.faces, later.calls) == ({"Eileen Collins": 1}, 1, calls)

    def test_a_face_stays_on_the_page(self, site: Site) -> None:
        site.visit([(HOPPER, 300, 300)], height=900)
        key = keys.memory("rekognition", "TMZ")
        (known,) = Remembered.load(site.store, key).pictures
        # It reaches over the picture's edge, as one may, and the next page ends there.
        over = tuple(face.model_copy(update={"box": Box(-9, -7, 150, 150)}) for face in known.faces)
        Remembered(pictures=(known.model_copy(update={"faces": over}),)).save(site.store, key)
        (sighting,) = site.visit([(HOPPER, 0, 0)], NEXT, height=900).sightings
        assert sighting.box == Box(0, 0, 141, 143)


def a_portrait(photo: Path, margin: float = 0.3) -> Image.Image:
    """The photo's face, 60 × 60 px."""
    with Image.open(photo) as image:
        image = image.convert("RGB")
        (found,) = models.best().find(np.asarray(image))
        face = found.box
        around = face.grown(margin).clipped(*image.size)
        return image.crop((around.left, around.top, around.right, around.bottom)).resize((60, 60))


class TestSheets:
    def test_name_the_same_people_in_one_call(self, site: Site) -> None:
        by_slices = site.visit(PAGE, remember=timedelta())
        calls = site.service.calls
        by_sheets = site.visit(PAGE, NEXT, remember=timedelta(), sheets=True)
        assert site.service.calls - calls == by_sheets.calls == 1
        assert by_sheets.calls_saved == 1
        assert people(by_sheets) == people(by_slices)
        assert by_sheets.faces == by_slices.faces
        for sheet in by_sheets.sightings:
            assert max(sheet.box.ios(one.box) for one in by_slices.sightings if one.name == sheet.name) > 0.8

    def test_of_a_page_without_faces_are_none(self, site: Site) -> None:
        result = site.visit([(COFFEE, 10, 10)], sheets=True)
        assert (result.calls, result.faces, site.service.calls) == (0, 0, 0)

    def test_leave_out_what_is_known(self, site: Site) -> None:
        site.visit(PAGE, sheets=True)
        later = site.visit(OTHER, NEXT, sheets=True)
        assert (later.calls, site.service.calls) == (1, 2)
        assert people(later) == {"Grace Hopper": 2, "Eileen Collins": 1}
        assert site.visit(PAGE[:4], NEXT + timedelta(hours=12), sheets=True).calls == 0

    def test_what_rekognition_does_not_take_for_a_face_is_none(self, site: Site, rekognition: Rekognition) -> None:
        rekognition.recognizer = Blind()
        result = site.visit(PAGE, sheets=True)
        assert (result.faces, result.calls) == (0, 1)


class TestBudget:
    def test_is_not_passed(self, site: Site) -> None:
        with pytest.raises(BudgetError, match=r"TMZ needs 2 calls .* this run may make 1 \(CELEBS_BUDGET\)"):
            site.visit(PAGE, budget=1)
        assert site.service.calls == 0
        assert site.visit(PAGE, budget=2).calls == 2

    def test_calls_about_a_page_that_was_photographed_anew_stay_counted(self, site: Site) -> None:
        assert site.visit(PAGE, budget=3).calls == 2
        other = [(name, left, top + 27) for name, left, top in PAGE]
        with pytest.raises(BudgetError, match="TMZ needs 4 calls"):
            site.visit(other, budget=3)
        assert site.service.calls == 2
        assert site.visit(other, budget=4).calls == 2

    def test_known_answers_take_nothing_of_it(self, site: Site) -> None:
        site.visit(PAGE)
        assert site.visit(PAGE, NEXT, budget=1).calls == 0


class TestSixtyFourFaces:
    def test_are_asked_about_in_halves(self, site: Site, pictures: Path, tmp_path: Path) -> None:
        with Image.open(pictures / "hopper-small.jpeg") as portrait:
            portrait.crop((20, 20, 220, 270)).resize((96, 120)).save(tmp_path / "small.jpeg", quality=95)
        site._pictures = tmp_path
        # Without a gallery, because so many embeddings take their time.
        from celeb_ops.recognition.gallery import Gallery

        site.service.recognizer = LocalRecognizer(Gallery.load(tmp_path / "nowhere", tmp_path))
        shown = [("small.jpeg", left * 96, top * 120) for left in range(10) for top in range(8)]
        result = site.visit(shown, height=1_000)
        there = site.service.recognizer.recognize(site.store.read(next(iter(site.store.list("Slices/")))))
        assert len(there) > 64
        assert result.faces == pytest.approx(len(there), abs=2)
        assert result.faces > 64
        assert result.calls == site.service.calls == 3

    def test_count_against_the_budget(self, site: Site, pictures: Path, tmp_path: Path) -> None:
        from celeb_ops.recognition.gallery import Gallery

        with Image.open(pictures / "hopper-small.jpeg") as portrait:
            portrait.crop((20, 20, 220, 270)).resize((96, 120)).save(tmp_path / "small.jpeg", quality=95)
        site._pictures = tmp_path
        site.service.recognizer = LocalRecognizer(Gallery.load(tmp_path / "nowhere", tmp_path))
        shown = [("small.jpeg", left * 96, top * 120) for left in range(10) for top in range(8)]
        with pytest.raises(BudgetError, match="TMZ needs 3 calls"):
            site.visit(shown, height=1_000, budget=2)
        assert site.service.calls == 1
        assert site.visit(shown, height=1_000, budget=3).calls == 3
