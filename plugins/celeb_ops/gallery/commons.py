"""Which photos: a person's picture at Wikidata and those in their category at Wikimedia Commons, with who made them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celeb_ops.gallery.wikidata import Candidate
    from celeb_ops.gallery.wikimedia import Wikimedia

THUMBNAIL_PX = 500
"""One of the widths that Commons has ready."""
LOOKED_AT = 30
"""Pictures of a category that are looked at: many are of the same day, or of somebody else."""
_TITLES = 50
"""Of one question (the API's limit)."""
_PICTURES = {"image/jpeg", "image/png", "image/webp", "image/tiff"}
_NO_PHOTO = re.compile(
    r"\b(?:statues?|busts?|sculptures?|wax(?:works?| figures?)?|tussauds?|drawings?|paintings?|painted|caricatures?"
    r"|cartoons?|portrait (?:by|of) .* by|illustrations?|sketch(?:es)?|murals?|graffiti|stamps?|coins?|medals?"
    r"|posters?|logos?|signatures?|autographs?|graves?|tombs?|plaques?|handprints?|engravings?|lithographs?|figurines?"
    r"|cosplay(?:er|ers)?|impersonators?|look-?alikes?|ai[- ]generated)\b",
    re.IGNORECASE,
)
"""What a file's name or categories call what is no photo of the person."""
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Picture:
    """A picture file at Commons."""

    title: str
    """``File:Grace Hopper.jpg``."""
    sha1: str
    """Of the file itself: a new version has another one."""
    url: str
    """Of its thumbnail."""
    author: str
    licence: str
    licence_url: str
    no_photo: bool
    """Its name or categories say that it is a statue, a drawing or the like."""


def pictures(person: Candidate, wikimedia: Wikimedia) -> tuple[list[Picture], int]:
    """The item's own pictures first, then those of the person's category by name, each file once; and how many the
    first are."""
    found: dict[str, Picture] = {}
    if person.images:
        # One that was renamed since is found where it is now.
        titles: dict[str, str | int] = {"titles": "|".join(person.images[:_TITLES]), "redirects": 1}
        order = {title: number for number, title in enumerate(person.images)}
        own = _asked(titles, wikimedia, _TITLES)
        for picture in sorted(own, key=lambda one: (order.get(one.title, len(order)), one.title)):
            found[picture.sha1] = picture
    main = len(found)
    if person.category:
        category: dict[str, str | int] = {
            "generator": "categorymembers",
            "gcmtitle": f"Category:{person.category}",
            "gcmtype": "file",
            "gcmlimit": LOOKED_AT,
        }
        for picture in _asked(category, wikimedia, LOOKED_AT):
            found.setdefault(picture.sha1, picture)
    return list(found.values()), main


def _asked(which: dict[str, str | int], wikimedia: Wikimedia, most: int) -> list[Picture]:
    """The pictures of a query, page by page, until there are so many."""
    wanted: dict[str, str | int] = {
        "action": "query",
        **which,
        "prop": "imageinfo",
        "iiprop": "url|size|mime|sha1|extmetadata",
        "iiurlwidth": THUMBNAIL_PX,
        "iiextmetadatafilter": "Artist|LicenseShortName|LicenseUrl|Categories",
        "iiextmetadatalanguage": "en",
    }
    pages: dict[str, dict[str, Any]] = {}
    go_on: dict[str, str | int] = {}
    while True:
        answer = wikimedia.ask(wikimedia.commons, {**wanted, **go_on})
        for page in answer.get("query", {}).get("pages", []):
            # Where an answer would be too long, a page's facts come with a later one.
            pages[page["title"]] = {**pages.get(page["title"], {}), **page}
        go_on = answer.get("continue", {})
        if not go_on or len(pages) >= most:
            break
    found = [_picture(page) for page in pages.values() if page.get("imageinfo")]
    return sorted((one for one in found if one), key=lambda one: one.title)[:most]


def _picture(page: dict[str, Any]) -> Picture | None:
    info = page["imageinfo"][0]
    url = info.get("thumburl") or info.get("url")
    if info.get("mime") not in _PICTURES or not url or not info.get("sha1"):
        return None
    told = {name: _plain(one.get("value", "")) for name, one in info.get("extmetadata", {}).items()}
    title = page["title"].replace("_", " ")
    words = re.sub(r"[_()\-.]", " ", f"{title} | {told.get('Categories', '')}")
    return Picture(
        title,
        info["sha1"],
        url,
        told.get("Artist", "") or "unknown",
        told.get("LicenseShortName", ""),
        told.get("LicenseUrl", ""),
        bool(_NO_PHOTO.search(words)),
    )


def _plain(markup: Any) -> str:
    """Text of a little HTML, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", str(markup))).split())
