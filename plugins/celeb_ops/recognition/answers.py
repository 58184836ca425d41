"""What a recogniser said, kept by what it was shown: nothing is asked, and paid for, twice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import AwareDatetime

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError, RecordError
from celeb_ops.geometry import Box
from celeb_ops.names import qid_in
from celeb_ops.recognition import Face
from celeb_ops.records import RecognizerInfo, Record

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.store import Store

logger = logging.getLogger(__name__)


class AnsweredFace(Record):
    """A face of an answer: that it is there and, of somebody known, who it is; nothing else is kept of it."""

    box: Box
    name: str | None = None
    id: str | None = None
    urls: tuple[str, ...] = ()
    confidence: float = 0

    @classmethod
    def of(cls, face: Face, box: Box) -> AnsweredFace:
        return cls(box=box, name=face.name, id=face.id, urls=face.urls, confidence=face.confidence)

    def face(self) -> Face:
        return Face(self.box, self.name, self.id, self.urls, self.confidence, qid=qid_in(self.urls))


class Answer(Record):
    """What a recogniser said of one picture."""

    recognizer: RecognizerInfo
    asked_by: str
    """Stem of the capture whose run paid for it."""
    asked_at: AwareDatetime
    faces: list[AnsweredFace]
    """Boxes in the picture's px."""


class Answers:
    """The answers of one recogniser in the store."""

    def __init__(self, store: Store, recognizer: RecognizerInfo, since: datetime | None = None) -> None:
        """:param since: answers from before do not count; None: all do."""
        self._store = store
        self._recognizer = recognizer
        # Answers tell whole seconds.
        self._since = since.replace(microsecond=0) if since else None

    def kept(self, digest: str) -> Answer | None:
        """The answer about a picture of this SHA-256; None where it was not asked about, or must be again."""
        try:
            answer = Answer.load(self._store, keys.answer(self._recognizer.name, digest))
        except NotStoredError:
            return None
        except RecordError as error:
            logger.warning("%s It is asked again.", error)
            return None
        older = self._since is not None and answer.asked_at < self._since
        return None if older or answer.recognizer != self._recognizer else answer

    def keep(self, digest: str, answer: Answer) -> None:
        answer.save(self._store, keys.answer(self._recognizer.name, digest))
