"""A person's photos: their picture at Wikidata and those in their category at Wikimedia Commons, with authors."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celeb_ops.gallery.wikidata import Candidate
    from celeb_ops.gallery.wikimedia import Wikimedia

_THUMBNAIL_PX = 500
"""One of the widths that Commons has already made."""
_MOST_OF_A_CATEGORY = 30
"""Pictures: many are of the same day, or of somebody else."""
_MOST_TITLES = 50
"""Titles per request (the API's limit)."""
_PICTURES = {"image/jpeg", "image/png", "image/webp", "image/tiff"}
_NO_PHOTO = re.compile(
    r"\b(?:statues?|busts?|sculptures?|wax(?:works?| figures?)?|tussauds?|drawings?|paintings?|painted|caricatures?"
    r"|cartoons?|portrait (?:by|of) .* by|illustrations?|sketch(?:es)?|murals?|graffiti|stamps?|coins?|medals?"
    r"|posters?|logos?|signatures?|autographs?|graves?|tombs?|plaques?|handprints?|engravings?|lithographs?|figurines?"
    r"|cosplay(?:er|ers)?|impersonators?|look-?alikes?|ai[- ]generated)\b",
    re.IGNORECASE,
)
"""Words in a file's name or categories that mean it is no photo of the person."""
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Picture:
    """A picture file at Commons."""

    title: str
    """``File:Grace Hopper.jpg``."""
    sha1: str
    """The original file's hash: a new version has another one."""
    url: str
    """The thumbnail's address."""
    author: str
    licence: str
    licence_url: str
    no_photo: bool
    """By its name or categories: a statue, a drawing or the like."""


def pictures(person: Candidate, wikimedia: Wikimedia) -> tuple[list[Picture], int]:
    """The item's own pictures, then those of the person's category by name, each file once; and how many are the
    item's own."""
    found: dict[str, Picture] = {}
    if person.images:
        # A renamed file is found under its new name.
        titles: dict[str, str | int] = {"titles": "|".join(person.images[:_MOST_TITLES]), "redirects": 1}
        order = {title: number for number, title in enumerate(person.images)}
        own = _requested(titles, wikimedia, _MOST_TITLES)
        own.sort(key=lambda one: (order.get(one.title, len(order)), one.title))
        found = {picture.sha1: picture for picture in own}
    own_count = len(found)
    if person.category:
        category: dict[str, str | int] = {
            "generator": "categorymembers",
            "gcmtitle": f"Category:{person.category}",
            "gcmtype": "file",
            "gcmlimit": _MOST_OF_A_CATEGORY,
        }
        for picture in _requested(category, wikimedia, _MOST_OF_A_CATEGORY):
            found.setdefault(picture.sha1, picture)
    return list(found.values()), own_count


def _requested(which: dict[str, str | int], wikimedia: Wikimedia, most: int) -> list[Picture]:
    params: dict[str, str | int] = {
        "action": "query",
        **which,
        "prop": "imageinfo",
        "iiprop": "url|size|mime|sha1|extmetadata",
        "iiurlwidth": _THUMBNAIL_PX,
        "iiextmetadatafilter": "Artist|LicenseShortName|LicenseUrl|Categories",
        "iiextmetadatalanguage": "en",
    }
    pages: dict[str, dict[str, Any]] = {}
    go_on: dict[str, str | int] = {}
    while len(pages) < most:
        answer = wikimedia.ask(wikimedia.services.commons, {**params, **go_on})
        for page in answer.get("query", {}).get("pages", []):
            # If an answer would be too long, a page's facts come with a later one.
            pages[page["title"]] = {**pages.get(page["title"], {}), **page}
        go_on = answer.get("continue", {})
        if not go_on:
            break
    found = [_picture(page) for page in pages.values() if page.get("imageinfo")]
    return sorted((one for one in found if one), key=lambda one: one.title)[:most]


def _picture(page: dict[str, Any]) -> Picture | None:
    info = page["imageinfo"][0]
    url = info.get("thumburl") or info.get("url")
    if info.get("mime") not in _PICTURES or not url or not info.get("sha1"):
        return None
    facts = {name: _plain(one.get("value", "")) for name, one in info.get("extmetadata", {}).items()}
    title = page["title"].replace("_", " ")
    words = re.sub(r"[_()\-.]", " ", f"{title} | {facts.get('Categories', '')}")
    return Picture(
        title,
        info["sha1"],
        url,
        facts.get("Artist", "") or "unknown",
        facts.get("LicenseShortName", ""),
        facts.get("LicenseUrl", ""),
        bool(_NO_PHOTO.search(words)),
    )


def _plain(markup: object) -> str:
    """The text of a little HTML, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", str(markup))).split())
