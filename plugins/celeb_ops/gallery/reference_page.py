"""``gallery show NAME``: a page with a person's reference faces, and where each is from."""

from __future__ import annotations

import base64
import difflib
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
    from celeb_ops.recognition.local.gallery_file import Entry, Whole


def page(whole: Whole, name: str, cache: Path) -> str:
    """HTML of the person of this name, other name or QID. GalleryError where nobody is, with who is near."""
    entry = find(whole, name)
    photos = []
    for one in entry.references:
        crop = photo_analysis.crop_of(cache, one.sha1)
        photos.append(
            {
                "crop": base64.b64encode(crop).decode(),
                "page": f"https://commons.wikimedia.org/wiki/{quote(one.file.replace(' ', '_'))}",
                "title": one.file.removeprefix("File:"),
                "author": one.author,
                "licence": one.licence,
                # An address of somebody else's making: only one that opens a page.
                "licence_url": one.licence_url if one.licence_url.startswith(("https://", "http://")) else "",
            }
        )
    own = entry.person.name
    alike = [(({*pair} - {own}).pop(), distance) for *pair, distance in whole.about.confusable if own in pair]
    template = Path(__file__).with_name("person.html").read_text("utf-8")
    environment = Environment(autoescape=True)
    return environment.from_string(template).render(entry=entry, photos=photos, alike=alike, made=whole.about.made)


def find(whole: Whole, name: str) -> Entry:
    """The person of this name, other name or QID. GalleryError where nobody is, with who is near."""
    qid = name.strip().upper()
    person = People(entry.person for entry in whole.entries).find(name, qid if is_qid(qid) else None)
    if person:
        return next(entry for entry in whole.entries if entry.person == person)
    for left_qid, left, why in whole.left_out:
        if letters(name) in {letters(left), letters(left_qid)}:
            raise GalleryError(f"{left} is not in the gallery: {why}.")
    near = difflib.get_close_matches(name, [entry.person.name for entry in whole.entries], n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else " `make gallery PEOPLE=…` makes one of people you name."
    raise GalleryError(f"Nobody called {name!r} is in {gallery_file.FILE}.{hint}")
