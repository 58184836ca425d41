"""The pictures of a site that a recogniser has seen: one that a page still shows is not asked about again."""

from __future__ import annotations

import base64
import hashlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pydantic import AwareDatetime, ValidationError

from celeb_ops import keys
from celeb_ops.exceptions import NotStoredError
from celeb_ops.gate import scrubbed
from celeb_ops.recognition.answers import AnsweredFace
from celeb_ops.records import Record
from celeb_ops.removed import Removed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    import numpy.typing as npt

    from celeb_ops.geometry import Box
    from celeb_ops.store import Store

logger = logging.getLogger(__name__)

GRID = 16
"""A picture is told from another by the mean shades of 16 × 16 cells: far too few to show a face."""
_MEAN_SHADES = 1.5
_MOST_SHADES = 8
"""Two takes of one picture differ by no more of 255 shades, on average and in any cell. Measured on 43 photos: moved
over the page by up to 15 px and encoded anew as JPEG, 0.5 and 2 at most; two photos of one person 33 and 124 at least
(472 pairs); one picture of 300 px with another face of 40 px in it 19 in a cell at least (780 pairs)."""
_AT_MOST = 3_000
"""Pictures remembered of a site: about 2 MB."""


class Known(Record):
    """A picture that the recogniser has seen."""

    src: str
    """SHA-256 of its address."""
    size: tuple[int, int]
    """Width and height on the page, px."""
    shades: str
    """Mean grey of each of 16 × 16 cells, row by row, a byte each, base64."""
    faces: tuple[AnsweredFace, ...]
    """Boxes in the picture's px."""
    asked_by: str
    """Stem of the capture whose run paid for it."""
    asked_at: AwareDatetime
    seen: AwareDatetime
    """The latest run time at which a page showed it."""

    @property
    def place(self) -> tuple[str, tuple[int, int], str, str]:
        return self.src, self.size, self.shades, self.asked_by


class Remembered(Record):
    """The pictures of a site."""

    pictures: tuple[Known, ...] = ()


def shades_of(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The shades by which a picture (height × width × 3) is known again."""
    grey = Image.fromarray(pixels).convert("L")
    return grey.resize((GRID, GRID), Image.Resampling.BOX).tobytes()


def alike(one: bytes, other: bytes) -> bool:
    """Whether two pictures' shades are those of one picture, drawn and encoded at another time."""
    apart = np.abs(np.frombuffer(one, np.uint8).astype(int) - np.frombuffer(other, np.uint8))
    return bool(apart.mean() <= _MEAN_SHADES and apart.max() <= _MOST_SHADES)


class Memory:
    """What a recogniser is known to say about the pictures of one site."""

    def __init__(
        self, store: Store, recognizer: str, site: str, stem: str, keep: timedelta, anew: bool = False
    ) -> None:
        """:param stem: of the capture at hand. :param keep: how long an answer is good. :param anew: recall nothing."""
        self._store = store
        self._key = keys.memory(recognizer, site)
        self._stem = stem
        self._keep = keep
        self._anew = anew
        self._by_source: dict[tuple[str, tuple[int, int]], list[Known]] = {}
        now = datetime.now(UTC)
        for one in self._pictures(self._content()) if not anew else ():
            # What this capture asked itself it asks again, and has the kept answer: so its sheets are the same at
            # every try, and so is its number of calls.
            if one.asked_by != stem and now - one.asked_at <= keep:
                self._by_source.setdefault((one.src, one.size), []).append(one)

    def recall(self, src: str, size: tuple[int, int], shades: bytes) -> Known | None:
        """The same picture as seen by an earlier run: of this address and size, with these pixels."""
        several = self._by_source.get((_digest(src), size), [])
        return next((one for one in reversed(several) if alike(base64.b64decode(one.shades), shades)), None)

    def known(self, src: str, box: Box, shades: bytes, faces: Iterable[AnsweredFace], when: datetime) -> Known:
        """The memory of a picture that was asked about now."""
        return Known(
            src=_digest(src),
            size=(box.width, box.height),
            shades=base64.b64encode(shades).decode(),
            faces=tuple(faces),
            asked_by=self._stem,
            asked_at=datetime.now(UTC),
            seen=when,
        )

    def keep(self, seen: Sequence[Known]) -> None:
        """Remember these pictures, and forget those that no page showed for as long as an answer is good."""
        if seen:
            removed = Removed.load(self._store)

            def change(old: bytes | None) -> bytes:
                content = self._with(self._pictures(old), seen)
                return scrubbed(content, removed) or content

            self._store.update(self._key, change)

    def _with(self, before: Iterable[Known], seen: Sequence[Known]) -> bytes:
        again = {(one.src, one.size) for one in seen} if self._anew else set()
        kept = {one.place: one for one in before if (one.src, one.size) not in again}
        for one in seen:
            # A second try found the kept answer: it is as old as it is.
            first = kept.get(one.place, one)
            kept[one.place] = first.model_copy(update={"seen": max(one.seen, first.seen)})
        newest = max(one.seen for one in kept.values())
        stay = sorted((one for one in kept.values() if newest - one.seen <= self._keep), key=lambda one: one.place)
        stay.sort(key=lambda one: one.seen)
        return Remembered(pictures=tuple(stay[-_AT_MOST:])).model_dump_json().encode()

    def _content(self) -> bytes | None:
        try:
            return self._store.read(self._key)
        except NotStoredError:
            return None

    def _pictures(self, content: bytes | None) -> tuple[Known, ...]:
        try:
            return Remembered.model_validate_json(content).pictures if content else ()
        except ValidationError:
            logger.warning("%s can't be read: its pictures are asked about again.", self._store.url(self._key))
            return ()


def _digest(src: str) -> str:
    return hashlib.sha256(src.encode(errors="surrogatepass")).hexdigest()
