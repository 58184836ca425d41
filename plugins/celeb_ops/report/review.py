"""The review page, with the names of a run on its screenshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyvips

from celeb_ops.core import keys
from celeb_ops.core.exceptions import EmptyPictureError, InvalidKeyError, NotStoredError
from celeb_ops.core.libvips import opaque, reason
from celeb_ops.core.records import Plan, Result, Screenshot
from celeb_ops.gallery.references import References
from celeb_ops.report.rendering import render
from celeb_ops.report.run_page import placed_faces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celeb_ops.core.store import Store

WIDTH_PX = 720
"""The width of a screenshot on the page."""
_PIECE_PX = 8_000
"""Rows of one picture on the page: browsers refuse much taller ones."""
_REFERENCE_PX = 176


Keep = Callable[[bytes], str]
"""Keeps a JPEG for the page; its address there."""


def review(store: Store, results: list[str], gallery: Path, keep: Keep, cache: Path | None = None) -> str:
    """The page for these results: screenshots, boxes, crops and the references that they matched.

    Its pictures are files of their own: in the page, those of twenty sites would be 30 MB that no browser scrolls well.

    :param results: keys of one run's results. :param gallery: where the references' photos are.
    :param cache: ``CELEBS_CACHE``, which has the faces of photos that `make gallery` downloaded.
    :raises NotStoredError: a result, or the screenshot behind it, is not there.
    """
    loaded = [Result.load(store, key) for key in results]
    references = References(gallery, cache) if cache else None
    sites = [_site(store, result, keep, lambda name: _reference(gallery, name, references)) for result in loaded]
    return render("review.html", time=keys.iso(loaded[0].time) if loaded else "", sites=sites)


def latest(store: Store) -> list[str]:
    """The results of the store's latest run. NotStoredError if there is none."""
    times = {key: when for key in store.list("Results/") if (when := keys.time_in(key))}
    if not times:
        raise NotStoredError(f"{store.url('Results/')} has no results: nothing was recognised there yet.")
    newest = max(times.values())
    return [key for key, when in times.items() if when == newest]


def _site(store: Store, result: Result, keep: Keep, reference: Callable[[str | None], bytes]) -> dict[str, Any]:
    def kept(content: bytes) -> str:
        return keep(content) if content else ""

    shot = Screenshot.load(store, result.screenshot)
    try:
        left_out = Plan.load(store, keys.plan(keys.stem(result.site, result.time))).left_out
    except NotStoredError:
        # Slices and their plan may have been deleted.
        left_out = []
    return {
        "anchor": keys.safe(result.site),
        "result": result,
        "shot": shot,
        "pictures": [(keep(content), *size) for content, *size in _screenshot(store, shot)],
        "left_out": left_out,
        "faces": [
            (face, kept(_crop(store, face.sighting.crop)), kept(reference(face.sighting.reference)))
            for face in placed_faces(shot, result)
        ],
    }


def _crop(store: Store, key: str) -> bytes:
    """The crop; empty where it is not there any more."""
    try:
        return store.read(key)
    except (NotStoredError, InvalidKeyError):
        return b""


def _reference(gallery: Path, name: str | None, references: References | None) -> bytes:
    """The reference's photo, small; empty where it is no longer there."""
    path = gallery / (name or "")
    # The name came out of a file of the store: it must not lead out of the gallery.
    if not name or not path.resolve().is_relative_to(gallery.resolve()) or not path.is_file():
        return (references.face(name) if references else None) or b""
    try:
        # Not by its name: libvips takes a `[…]` at its end for options.
        image = pyvips.Image.thumbnail_buffer(path.read_bytes(), _REFERENCE_PX)
        return bytes(opaque(image.colourspace("srgb")).jpegsave_buffer(Q=80))
    except (OSError, pyvips.Error):
        return b""


def _screenshot(store: Store, shot: Screenshot) -> Iterator[tuple[bytes, int, int]]:
    """The screenshot from the top, as pictures that a browser can show, with width and height."""
    for part in shot.parts:
        try:
            content = store.read(part.key)
            image = opaque(pyvips.Image.thumbnail_buffer(content, WIDTH_PX, height=part.rows.size, size="down"))
            image = image.copy_memory()
        except pyvips.Error as error:
            raise EmptyPictureError(f"{store.url(part.key)} can't be shown: {reason(error)}.") from None
        for top in range(0, image.height, _PIECE_PX):
            piece = image.crop(0, top, image.width, min(_PIECE_PX, image.height - top))
            yield bytes(piece.jpegsave_buffer(Q=60)), piece.width, piece.height
