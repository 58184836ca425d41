"""What a recogniser said, kept by what it was shown: nothing is asked, and paid for, twice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import AwareDatetime

from celeb_ops.core import keys
from celeb_ops.core.exceptions import NotStoredError, RecordError
from celeb_ops.core.records import RecognizerInfo, Record
from celeb_ops.recognition.recognizer import Face

if TYPE_CHECKING:
    from datetime import datetime

    from celeb_ops.core.store import Store

logger = logging.getLogger(__name__)


class CachedResponse(Record):
    """What a recogniser said of one picture: which faces there are, and who they are."""

    recognizer: RecognizerInfo
    asked_by: str
    """Stem of the capture whose run paid for it."""
    asked_at: AwareDatetime
    faces: list[Face]
    """Boxes in the picture's px."""

    @classmethod
    def kept(
        cls, store: Store, recognizer: RecognizerInfo, digest: str, since: datetime | None
    ) -> CachedResponse | None:
        """The answer about a picture of this SHA-256; None where it was not asked about, or must be again.

        :param since: an answer from before does not count; None: any does.
        """
        try:
            answer = cls.load(store, keys.answer(recognizer.name, digest))
        except NotStoredError:
            return None
        except RecordError as error:
            logger.warning("%s The picture is asked about again.", error)
            return None
        # Stored times are whole seconds.
        too_old = since is not None and answer.asked_at < since.replace(microsecond=0)
        return None if too_old or answer.recognizer != recognizer else answer
