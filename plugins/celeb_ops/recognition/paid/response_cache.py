"""A recogniser's responses by the picture's digest: no picture is paid for twice."""

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
    """The faces on one picture, their boxes in its px."""

    recognizer: RecognizerInfo
    asked_by: str
    """Stem of the capture that paid for it."""
    asked_at: AwareDatetime
    faces: list[Face]

    @classmethod
    def find(
        cls, store: Store, recognizer: RecognizerInfo, digest: str, since: datetime | None
    ) -> CachedResponse | None:
        """The response to a picture of this SHA-256, no older than ``since``."""
        try:
            response = cls.load(store, keys.answer(recognizer.name, digest))
        except NotStoredError:
            return None
        except RecordError as error:
            logger.warning("%s The picture is sent again.", error)
            return None
        # Stored times are whole seconds.
        too_old = since is not None and response.asked_at < since.replace(microsecond=0)
        return None if too_old or response.recognizer != recognizer else response
