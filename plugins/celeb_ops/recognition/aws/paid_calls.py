"""How a recogniser that costs money is asked about a page: of a picture once, a few at a time, within a budget."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from celeb_ops.core import keys
from celeb_ops.core.geometry import Box
from celeb_ops.recognition.aws.budget import Budget
from celeb_ops.recognition.aws.contact_sheets import contact_sheets, face_piece
from celeb_ops.recognition.aws.response_cache import CachedResponse
from celeb_ops.recognition.detections import merged, on_every_slice, on_slice
from celeb_ops.recognition.local.detector import find_faces
from celeb_ops.recognition.pictures import decode
from celeb_ops.recognition.recognizer import Face
from celeb_ops.slicing import MIN_SIDE_PX, OVERLAP_PX, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celeb_ops.core.records import Plan, Screenshot, Slice
    from celeb_ops.core.settings import Settings
    from celeb_ops.core.store import Store
    from celeb_ops.recognition.aws.contact_sheets import Piece
    from celeb_ops.recognition.detections import Finding
    from celeb_ops.recognition.recognizer import Recognizer

logger = logging.getLogger(__name__)

MOST_FACES = 64
"""Rekognition's answer holds the largest 64 faces: of a picture with so many, there may be more."""
_HALVINGS = 2
"""How often a picture full of faces is halved: quarters hold 256. Ever smaller faces would cost thousands of calls."""


@dataclass(frozen=True)
class Terms:
    """On which terms a recogniser is asked."""

    at_once: int = 4
    """Calls under way at the same time, at most."""
    sheets: bool = False
    """Faces are found here and asked about on contact sheets, in place of slices."""
    budget: int | None = None
    """Calls of a run, all sites together."""
    since: datetime | None = None
    """Answers from before do not count: somebody wants the questions asked again."""

    @classmethod
    def of(cls, settings: Settings, since: datetime | None = None) -> Terms:
        return cls(sheets=settings.sheets, budget=settings.budget, since=since)


def find(
    plan: Plan, screenshot: Screenshot, recognizer: Recognizer, stem: str, store: Store, terms: Terms
) -> tuple[list[Finding], int, list[str]]:
    """The faces of a page, one maybe twice where slices overlap; the calls that this capture paid for; what was not
    asked about.

    :raises BudgetError: the page needs more calls than the run has left.
    """
    questions, not_asked = _on_sheets(plan, stem, store) if terms.sheets else (_on_slices(plan, store), [])
    inquiry = Inquiry(recognizer, store, Budget(store, screenshot.site, screenshot.time, terms.budget), stem, terms)
    found = inquiry.ask(questions)
    if inquiry.unasked:
        not_asked.append(f"{inquiry.unasked:,} parts of slices with more faces than an answer holds")
    return found, inquiry.calls, not_asked


def _on_slices(plan: Plan, store: Store) -> list[Question]:
    # Each is read again when it is asked about: all slices of a tall page are too much to hold.
    return [
        Question(one.key, partial(store.read, one.key), partial(on_slice, one=one), in_store=True)
        for one in plan.slices
    ]


def _on_sheets(plan: Plan, stem: str, store: Store) -> tuple[list[Question], list[str]]:
    """Questions about the faces that our own detector finds, and what it did not look at."""
    pieces: dict[Finding, Piece] = {}

    def see(one: Slice, content: bytes, areas: Sequence[Box]) -> list[Finding]:
        pixels = decode(content)
        height, width = pixels.shape[:2]
        found = on_slice([Face(face.box.clipped(width, height)) for face in find_faces(pixels, areas)], one)
        pieces.update((face, face_piece(pixels, face)) for face in found)
        return found

    found, not_looked_at = on_every_slice(plan, store, see)
    # A face in two slices is asked about once.
    sheets = contact_sheets(f"{stem} faces", [pieces[face] for face in merged(found)])
    return [Question(sheet.name, partial(bytes, sheet.content), sheet.findings) for sheet in sheets], not_looked_at


@dataclass(frozen=True)
class Question:
    """A picture to ask about."""

    name: str
    """Two findings of one picture are two faces."""
    load: Callable[[], bytes]
    place: Callable[[list[Face]], list[Finding]]
    """Where the faces of an answer are on the page."""
    in_store: bool = False
    """Whether its name is a key of the store."""
    part: Box | None = None
    """The picture is this part of the one that ``place`` knows."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its bytes."""
        return hashlib.sha256(self.load()).hexdigest()

    def findings(self, faces: list[Face]) -> list[Finding]:
        """An answer's faces as findings on the page."""
        if self.part is None:
            return self.place(faces)
        left, top, width, height = self.part
        inside = Box(left + 1, top + 1, width - 2, height - 2)
        return [
            replace(one, source=self.name, cut=one.cut or inside.intersection(one.face.box) < one.face.box.area)
            for one in self.place([replace(face, box=face.box.moved(left, top)) for face in faces])
        ]

    def halves(self) -> list[Question]:
        """Questions about its two halves, which overlap by the largest face to be expected; none of a small one."""
        pixels = decode(self.load())
        height, width = pixels.shape[:2]
        long = max(height, width)
        half = (long + min(OVERLAP_PX, long // 4)) // 2
        if half < MIN_SIDE_PX or half >= long:
            return []
        wide, high = (width, half) if height >= width else (half, height)
        left, top = (self.part or Box(0, 0, width, height))[:2]
        return [
            Question(
                f"{self.name}#{x},{y}",
                partial(bytes, encoded(pixels[y : y + high, x : x + wide])),
                self.place,
                part=Box(left + x, top + y, wide, high),
            )
            for x, y in ((0, 0), (width - wide, height - high))
        ]


@dataclass
class Inquiry:
    """The questions of one capture."""

    recognizer: Recognizer
    store: Store
    budget: Budget
    stem: str
    """Of the capture that pays."""
    terms: Terms
    unasked: int = 0
    """Parts of pictures that may show more faces than their answer has."""
    _paid: set[str] = field(default_factory=set)

    @property
    def calls(self) -> int:
        """Answers that this capture paid for, in this try or an earlier one."""
        return len(self._paid)

    def ask(self, questions: Sequence[Question]) -> list[Finding]:
        """The findings of all questions; a face may be among them twice where pictures overlap.

        :raises BudgetError: the answers that are lacking would pass the budget; none of them was asked for.
        """
        found: list[Finding] = []
        for _ in range(_HALVINGS + 1):
            answers = self._answered({question.digest: question for question in questions})
            full = []
            for question in questions:
                faces = answers[question.digest].faces
                found += question.findings(faces)
                if len(faces) >= MOST_FACES:
                    full.append(question)
            self.unasked = len(full)
            # Each half of a picture has room for as many faces.
            questions = [half for question in full for half in question.halves()]
            if not questions:
                break
        return found

    def _answered(self, questions: dict[str, Question]) -> dict[str, CachedResponse]:
        """The answers to questions by their digest."""
        kept = partial(CachedResponse.kept, self.store, self.recognizer.info, since=self.terms.since)
        with ThreadPoolExecutor(self.terms.at_once, thread_name_prefix="ask") as pool:
            answers = {digest: one for digest, one in zip(questions, pool.map(kept, questions), strict=True) if one}
            lacking = [digest for digest in questions if digest not in answers]
            logger.info("%d pictures to ask about, %d of them answered already", len(questions), len(answers))
            self._paid |= {digest for digest, answer in answers.items() if answer.asked_by == self.stem}
            self.budget.take(self._paid, lacking)
            try:
                calls = [pool.submit(self._call, questions[digest]) for digest in lacking]
                wait(calls, return_when=FIRST_EXCEPTION)
            finally:
                # What is under way is paid for and its answer kept; after a failure nothing more is begun.
                pool.shutdown(cancel_futures=True)
        # In the order in which they began: the first that has no result has the reason.
        answers.update(zip(lacking, (call.result() for call in calls), strict=True))
        self._paid.update(lacking)
        return answers

    def _call(self, question: Question) -> CachedResponse:
        faces = self.recognizer.recognize(question.load(), key=question.name if question.in_store else None)
        answer = CachedResponse(
            recognizer=self.recognizer.info, asked_by=self.stem, asked_at=datetime.now(UTC), faces=faces
        )
        answer.save(self.store, keys.answer(self.recognizer.info.name, question.digest))
        logger.info("%s: %d faces", question.name, len(faces))
        return answer
