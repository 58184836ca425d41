"""The protocol of a recogniser: a picture in, its faces out. ``aws`` and ``local`` implement it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from celeb_ops.core.geometry import Box  # noqa: TC001  (pydantic reads it for the response cache)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celeb_ops.core.records import RecognizerInfo


@dataclass(frozen=True)
class Face:
    """A face on a picture. ``box`` is in its pixels; ``name`` is None for unknown people."""

    box: Box
    name: str | None = None
    id: str | None = None
    urls: tuple[str, ...] = ()
    """Pages about the person (Rekognition: Wikidata, IMDb)."""
    confidence: float = 0.0
    """0–100: of the names with 90 about nine in ten are right."""
    with_words: float | None = None
    """Confidence if the page's words beside the picture have the name too; None: the same."""
    margin: float | None = None
    basis: str = "face"
    candidate: str | None = None
    """The name of the person it may be, if the page's words beside the picture confirm it."""
    reference: str | None = None
    """The nearest photo of the gallery, ``<Name>/<file>``."""
    qid: str | None = None
    """Their item in Wikidata."""
    aliases: tuple[str, ...] = ()
    """Other names that a page's words may use."""


class Recognizer(Protocol):
    """Finds the faces on a picture and names those it knows."""

    info: RecognizerInfo
    cost_usd: float
    """The price of one call."""

    def recognize(self, picture: bytes, areas: Sequence[Box] = (), key: str | None = None) -> list[Face]:
        """The faces on a JPEG or PNG.

        :param areas: the only places to look at; none: everywhere.
        :param key: of the picture, if it is in the store.
        """
