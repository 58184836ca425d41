"""Asks a recogniser that costs money: about a few pictures at once, about each only once, and within a budget."""

from __future__ import annotations

import hashlib
import io
import logging
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from celeb_ops.geometry import Box
from celeb_ops.recognition.answers import Answer, AnsweredFace
from celeb_ops.recognition.findings import Finding, on_slice
from celeb_ops.slicing import MIN_SIDE_PX, OVERLAP_PX, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from celeb_ops.recognition import Face, Recognizer
    from celeb_ops.recognition.answers import Answers
    from celeb_ops.recognition.budget import Budget
    from celeb_ops.records import Slice
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

_HALVINGS = 2
"""How often a picture full of faces is halved: quarters hold 256. Ever smaller faces would cost thousands of calls."""


class View(Protocol):
    """What a picture shows of the page."""

    @property
    def key(self) -> str: ...

    def findings(self, faces: Sequence[Face]) -> list[Finding]:
        """Faces in the picture's px, as findings in the page's; none of what is not the page's."""


@dataclass(frozen=True)
class SliceView:
    """A slice as it is."""

    slice: Slice

    @property
    def key(self) -> str:
        return self.slice.key

    def findings(self, faces: Sequence[Face]) -> list[Finding]:
        return on_slice(faces, self.slice)


@dataclass(frozen=True)
class PartView:
    """A part of another picture, so that more than the 64 largest faces of that are told."""

    whole: View
    area: Box
    """In the other picture's px."""

    @property
    def key(self) -> str:
        return f"{self.whole.key}#{','.join(map(str, self.area))}"

    def findings(self, faces: Sequence[Face]) -> list[Finding]:
        there = [replace(face, box=face.box.moved(self.area.left, self.area.top)) for face in faces]
        inside = Box(self.area.left + 1, self.area.top + 1, self.area.width - 2, self.area.height - 2)
        return [
            replace(one, source=self.key, cut=one.cut or inside.intersection(one.face.box) < one.face.box.area)
            for one in self.whole.findings(there)
        ]


@dataclass(frozen=True)
class Question:
    """A picture to ask about."""

    view: View
    digest: str
    """SHA-256 of the picture's bytes."""
    load: Callable[[], bytes]
    key: str | None = None
    """The picture's own in the store, where it is there."""

    @classmethod
    def of_slice(cls, one: Slice, content: bytes, store: Store) -> Question:
        # Read anew when it is asked about: all slices of a tall page are too much to hold.
        return cls(SliceView(one), _sha256(content), lambda: store.read(one.key), one.key)

    @classmethod
    def of_bytes(cls, view: View, content: bytes) -> Question:
        return cls(view, _sha256(content), lambda: content)

    def halves(self) -> list[Question]:
        """Questions about its two halves, which overlap by the largest face to be expected; none of a small one."""
        with Image.open(io.BytesIO(self.load())) as image:
            pixels = np.asarray(image.convert("RGB"))
        return [
            Question.of_bytes(
                PartView(self.view, area), encoded(pixels[area.top : area.bottom, area.left : area.right])
            )
            for area in _halves(pixels.shape[1], pixels.shape[0])
        ]


class Inquiry:
    """The questions of one capture."""

    def __init__(self, recognizer: Recognizer, answers: Answers, budget: Budget, stem: str, at_once: int) -> None:
        """:param stem: of the capture that pays. :param at_once: calls under way at the same time, at most."""
        self._recognizer = recognizer
        self._answers = answers
        self._budget = budget
        self._stem = stem
        self._at_once = at_once
        self._paid: set[str] = set()
        self.unasked = 0
        """Parts of pictures that may show more faces than their answer has."""

    @property
    def calls(self) -> int:
        """Answers that this capture paid for, in this try or an earlier one."""
        return len(self._paid)

    def ask(self, questions: Sequence[Question]) -> list[Finding]:
        """The findings of all questions; a face may be among them twice where pictures overlap.

        :raises BudgetError: the answers that are lacking would pass the budget; none of them was asked for.
        """
        found: list[Finding] = []
        for halved in range(_HALVINGS + 1):
            further: list[Question] = []
            answers = self._answered(questions)
            for question in questions:
                faces = [face.face() for face in answers[question.digest].faces]
                found += question.view.findings(faces)
                if self._recognizer.most_faces and len(faces) >= self._recognizer.most_faces:
                    # There may be more: each half of the picture has room for as many.
                    if halved < _HALVINGS:
                        further += question.halves()
                    else:
                        self.unasked += 1
            questions = further
        return found

    def _answered(self, questions: Sequence[Question]) -> dict[str, Answer]:
        by_digest = {question.digest: question for question in questions}
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="ask") as pool:
            kept = dict(zip(by_digest, pool.map(self._answers.kept, by_digest), strict=True))
            answers = {digest: answer for digest, answer in kept.items() if answer}
            self._paid |= {digest for digest, answer in answers.items() if answer.asked_by == self._stem}
            lacking = [question for digest, question in by_digest.items() if digest not in answers]
            logger.info("%d pictures to ask about, %d of them answered already", len(by_digest), len(answers))
            self._budget.take(self._paid, {question.digest for question in lacking})
            calls: dict[Future[Answer], str] = {}
            try:
                for question in lacking:
                    calls[pool.submit(self._call, question)] = question.digest
                # As they end, so that a refusal is not noticed behind a slow answer, while others are paid for.
                for number, call in enumerate(as_completed(calls), start=1):
                    answers[calls[call]] = answer = call.result()
                    logger.info("Call %d of %d: %d faces", number, len(lacking), len(answer.faces))
            except BaseException:
                # What is under way is paid for and its answer kept; nothing more is begun.
                pool.shutdown(cancel_futures=True)
                raise
        self._paid |= {question.digest for question in lacking}
        return answers

    def _call(self, question: Question) -> Answer:
        faces = self._recognizer.recognize(question.load(), key=question.key)
        answer = Answer(
            recognizer=self._recognizer.info,
            asked_by=self._stem,
            asked_at=datetime.now(UTC),
            faces=[AnsweredFace.of(face, face.box) for face in faces],
        )
        self._answers.keep(question.digest, answer)
        return answer


def _halves(width: int, height: int) -> list[Box]:
    long = max(width, height)
    overlap = min(OVERLAP_PX, long // 4)
    half = (long + overlap) // 2
    if half < MIN_SIDE_PX or half >= long:
        return []
    if height >= width:
        return [Box(0, 0, width, half), Box(0, height - half, width, half)]
    return [Box(0, 0, half, height), Box(width - half, 0, half, height)]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
