"""Shows the reference faces of the gallery's names: for ``gallery show NAME``, and for the review of a run."""

from __future__ import annotations

import base64
import difflib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment

from celeb_ops.core.exceptions import GalleryError
from celeb_ops.core.names import is_qid, letters
from celeb_ops.gallery import photo_analysis
from celeb_ops.recognition.local import gallery_file
from celeb_ops.recognition.people import People

if TYPE_CHECKING:
    from celeb_ops.recognition.local.gallery_file import GalleryContent


class References:
    """Reference faces by a sighting's ``reference``, ``<Name>/File:…``."""

    def __init__(self, folder: Path, cache: Path) -> None:
        """
        :param folder: the gallery's.
        :param cache: ``CELEBS_CACHE``, where `make gallery` left the faces.
        """
        self._folder = folder
        self._cache = cache / "gallery"

    def face(self, reference: str | None) -> bytes:
        """A JPEG of 160 px at most; empty: it is not in the gallery's file, or was analysed on another machine."""
        sha1 = self._sha1_of.get((reference or "").rpartition("/")[2])
        return photo_analysis.crop_of(self._cache, sha1) if sha1 else b""

    @cached_property
    def _sha1_of(self) -> dict[str, str]:
        return gallery_file.sha1_of(self._folder)


def page(whole: GalleryContent, name: str, cache: Path) -> str:
    """HTML with a person's reference faces and where each is from.

    :param name: name, other name or QID.
    :raises GalleryError: nobody has it; it suggests similar names.
    """
    qid = name.strip().upper()
    person = People(entry.person for entry in whole.entries).find(name, qid if is_qid(qid) else None)
    if not person:
        for left_qid, left_name, reason in whole.left_out:
            if letters(name) in {letters(left_name), letters(left_qid)}:
                raise GalleryError(f"{left_name} is not in the gallery: {reason}.")
        near = difflib.get_close_matches(name, [entry.person.name for entry in whole.entries], n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`make gallery PEOPLE=…` makes one of people you name."
        raise GalleryError(f"Nobody called {name!r} is in {gallery_file.FILE}. {hint}")
    entry = next(entry for entry in whole.entries if entry.person == person)
    photos = [
        {
            "crop": base64.b64encode(photo_analysis.crop_of(cache, one.sha1)).decode(),
            "page": f"https://commons.wikimedia.org/wiki/{quote(one.file.replace(' ', '_'))}",
            "title": one.file.removeprefix("File:"),
            "author": one.author,
            "licence": one.licence,
            # Anybody can write it: only web addresses become links.
            "licence_url": one.licence_url if one.licence_url.startswith(("https://", "http://")) else "",
        }
        for one in entry.references
    ]
    own = entry.person.name
    alike = [(({*pair} - {own}).pop(), distance) for *pair, distance in whole.about.confusable if own in pair]
    template = Environment(autoescape=True).from_string(Path(__file__).with_name("person.html").read_text("utf-8"))
    return template.render(entry=entry, photos=photos, alike=alike, made=whole.about.made)
