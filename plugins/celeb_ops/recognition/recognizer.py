"""The protocol of a recogniser: a slice in, its faces out; two implementations, ``aws`` and ``local``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from celeb_ops.core.geometry import Box  # noqa: TC001  (pydantic reads it, where an answer is kept)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.records import RecognizerInfo


@dataclass(frozen=True)
class Face:
    """A face on a slice. ``box`` is in the slice's pixels; ``name`` is None for someone it does not know."""

    box: Box
    name: str | None = None
    id: str | None = None
    urls: tuple[str, ...] = ()
    """Pages about the person, as the recogniser names them (Rekognition: Wikidata, IMDb)."""
    confidence: float = 0.0
    """0–100: of the names with 90 about nine in ten are right."""
    with_words: float | None = None
    """The same where the page's words beside the picture have the name too; None: they change nothing."""
    margin: float | None = None
    basis: str = "face"
    candidate: str | None = None
    """Whom it may be: the page's own words beside the picture make a name of it."""
    reference: str | None = None
    """The gallery's photo that is nearest, ``<Name>/<file>``."""
    qid: str | None = None
    """Their item in Wikidata."""
    aliases: tuple[str, ...] = ()
    """Other names under which a page's words may have them."""


class Recognizer(Protocol):
    """Finds the faces of a slice and names those it knows."""

    info: RecognizerInfo
    cost_usd: float
    """Of one call; what costs nothing is asked as often as it is convenient."""

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        """The faces on a JPEG or PNG.

        :param areas: where pictures are on it; a recogniser may look nowhere else. Without any it looks everywhere.
        :param key: the picture's own in the store, where it is there.
        """
