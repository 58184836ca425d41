"""How a recogniser that costs money is asked about a page: only about what it has not seen, and that in few calls."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from celeb_ops.geometry import Box, united
from celeb_ops.recognition import Face
from celeb_ops.recognition.answers import AnsweredFace, Answers
from celeb_ops.recognition.asking import Inquiry, Question
from celeb_ops.recognition.budget import Budget
from celeb_ops.recognition.detector import find_faces
from celeb_ops.recognition.findings import SAME_IOS, Finding, finding, merged, on_slice
from celeb_ops.recognition.memory import Memory, shades_of
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.sheets import MOST_FACES, Piece, Shelves, contact_sheets, face_piece

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from celeb_ops.recognition import Recognizer
    from celeb_ops.recognition.memory import Known
    from celeb_ops.records import Picture, Plan, Screenshot, Slice
    from celeb_ops.settings import Settings
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terms:
    """On which terms a recogniser is asked."""

    at_once: int = 4
    """Calls under way at the same time, at most."""
    sheets: bool = False
    """Faces are found here and asked about on contact sheets, in place of slices."""
    budget: int | None = None
    """Calls of a run, all sites together."""
    remember: timedelta = timedelta(days=30)
    """How long the answer about a picture is good for later runs."""
    since: datetime | None = None
    """Answers from before are no answers: somebody wants to have it asked anew."""

    @classmethod
    def of(cls, settings: Settings, since: datetime | None = None) -> Terms:
        return cls(
            at_once=settings.calls_at_once,
            sheets=settings.sheets,
            budget=settings.budget,
            remember=timedelta(days=settings.remember_days),
            since=since,
        )


def find(
    plan: Plan,
    screenshot: Screenshot,
    recognizer: Recognizer,
    stem: str,
    store: Store,
    terms: Terms,
) -> tuple[list[Finding], int, list[str]]:
    """The faces of a page, one maybe twice where slices overlap, the calls that were made for them in this run, and
    what was not asked about.

    :raises BudgetError: the page needs more calls than the run has left.
    """
    memory = None
    if terms.remember:
        anew = terms.since is not None
        memory = Memory(store, recognizer.info.name, screenshot.site, stem, terms.remember, anew)
    answers = Answers(store, recognizer.info, terms.since)
    budget = Budget(store, screenshot.site, screenshot.time, terms.budget)
    inquiry = Inquiry(recognizer, answers, budget, stem, terms.at_once)

    page = _Page(screenshot, plan, memory)
    # All before the first question: a picture of which one slice shows a part may be whole on the next, and known.
    for one in plan.slices:
        page.meet(one, store)
    way = _FacesOnSheets(page, stem) if terms.sheets else _Slices(page, stem, store)
    questions = [question for one in plan.slices for question in way.slice(one, store.read(one.key))]
    questions += way.rest()
    known = page.recalled()
    logger.info(
        "%d slices: %d of %d pictures are known from earlier runs; %d questions",
        len(plan.slices),
        len(page.known),
        len(page.shades),
        len(questions),
    )
    found = [*inquiry.ask(questions), *known]
    if memory:
        memory.keep(page.seen(merged(found), memory))
    not_asked = way.not_asked()
    if inquiry.unasked:
        not_asked.append(f"{inquiry.unasked:,} parts of slices with more faces than an answer holds")
    return found, inquiry.calls, not_asked


class _Page:
    """The pictures of a page, by their boxes: which of them are known, and what they look like."""

    def __init__(self, screenshot: Screenshot, plan: Plan, memory: Memory | None) -> None:
        self.areas = plan.areas
        self.shades: dict[Box, bytes] = {}
        self.known: dict[Box, Known] = {}
        self._when = screenshot.time
        self._memory = memory
        self._size = screenshot.page_width, screenshot.captured_height
        areas = set(plan.areas)
        self._pictures: dict[Box, Picture] = {
            box: picture for picture in screenshot.pictures if (box := picture.box.clipped(*self._size)) in areas
        }

    def meet(self, one: Slice, store: Store) -> None:
        """Look at the pictures that are whole on a slice, and on none before it."""
        if not self._memory:
            return
        whole = {
            box: parts[0]
            for box in self._pictures
            if box not in self.shades and len(parts := one.parts_of(box)) == 1 and parts[0].area == box.area
        }
        if not whole:
            return
        pixels = decode(store.read(one.key))
        for box, part in whole.items():
            self.shades[box] = shades_of(pixels[part.top : part.bottom, part.left : part.right])
            known = self._memory.recall(self._pictures[box].src, (box.width, box.height), self.shades[box])
            if known:
                self.known[box] = known

    def parts(self, one: Slice, new: bool) -> list[Box]:
        """The areas on a slice, in its pixels: those to ask about, or the known ones."""
        return [part for area in self.areas if (area not in self.known) == new for part in one.parts_of(area)]

    def recalled(self) -> list[Finding]:
        """The faces of the known pictures. Where a smaller picture lies on one, what is said of that one counts.

        A small picture on a large one changes its shades too little to tell: another face may be there by now.
        """
        found: list[Finding] = []
        for box, known in sorted(self.known.items(), key=lambda item: item[0].area):
            source = f"picture {box}"
            here = [
                finding(face, face.box.moved(box.left, box.top).clipped(*self._size), source, cut=False)
                for face in (one.face() for one in known.faces)
            ]
            new = [area for area in self.areas if area not in self.known and area.area < box.area]
            on_top = [other.box for other in found]
            found += [
                one
                for one in here
                if not any(_mostly_on(area, one.box) for area in new)
                and not any(other.ios(one.box) >= SAME_IOS for other in on_top)
            ]
        return found

    def seen(self, found: Sequence[Finding], memory: Memory) -> list[Known]:
        """What is to be remembered: each picture with the faces that are mostly on it."""
        return [
            self.known[box].model_copy(update={"seen": max(self.known[box].seen, self._when)})
            if box in self.known
            else memory.known(self._pictures[box].src, box, shades, _faces_on(box, found), self._when)
            for box, shades in self.shades.items()
        ]


def _faces_on(box: Box, found: Iterable[Finding]) -> list[AnsweredFace]:
    return [AnsweredFace.of(one.face, one.box.moved(-box.left, -box.top)) for one in found if _mostly_on(box, one.box)]


def _mostly_on(area: Box, face: Box) -> bool:
    return 2 * area.intersection(face) > face.area


class _Slices:
    """Slices as they are; of those with known pictures, what else is on them, together on sheets."""

    def __init__(self, page: _Page, stem: str, store: Store) -> None:
        self._page = page
        self._store = store
        self._shelves = Shelves(f"{stem} sheet")

    def slice(self, one: Slice, content: bytes) -> Iterator[Question]:
        if not self._page.parts(one, new=False):
            yield Question.of_slice(one, content, self._store)
            return
        pixels = decode(content)
        pieces = [
            Piece(pixels[box.top : box.bottom, box.left : box.right].copy(), one.on_page(box))
            for box in united(self._page.parts(one, new=True))
        ]
        for sheet in self._shelves.add(pieces):
            yield Question.of_bytes(sheet.view, sheet.picture())

    def rest(self) -> list[Question]:
        return [Question.of_bytes(sheet.view, sheet.picture()) for sheet in self._shelves.rest()]

    def not_asked(self) -> list[str]:
        return []


@dataclass
class _FacesOnSheets:
    """Faces found here, each in a cell of a contact sheet; what Rekognition then takes for none was none."""

    page: _Page
    stem: str
    _found: list[Finding] = field(default_factory=list)
    _pieces: dict[tuple[str, Box], Piece] = field(default_factory=dict)
    _passed_over: int = 0

    def slice(self, one: Slice, content: bytes) -> Iterator[Question]:
        areas = self.page.parts(one, new=True)
        if not areas and self.page.areas:
            return iter(())
        if len(self._found) >= MOST_FACES:
            self._passed_over += 1
            return iter(())
        pixels = decode(content)
        height, width = pixels.shape[:2]
        faces = [Face(one.box.clipped(width, height)) for one in find_faces(pixels, areas)]
        for here in on_slice(faces, one):
            self._found.append(here)
            self._pieces[here.source, here.face.box] = face_piece(pixels, here.face.box, here.box)
        return iter(())

    def rest(self) -> list[Question]:
        # A face in two slices is asked about once.
        pieces = [self._pieces[one.source, one.face.box] for one in merged(self._found)]
        return [
            Question.of_bytes(sheet.view, sheet.picture()) for sheet in contact_sheets(f"{self.stem} faces", pieces)
        ]

    def not_asked(self) -> list[str]:
        return [f"the last slices ({self._passed_over}), below {MOST_FACES:,} faces"] if self._passed_over else []
