"""Whether a page names somebody beside a picture: the page's words are evidence too."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from celeb_ops.names import says

if TYPE_CHECKING:
    from celeb_ops.records import Picture


def mentions(picture: Picture, name: str) -> bool:
    """Whether the picture's alt text, headline, link or file name has the whole name in it.

    Not a part of the name: families share it, and look alike.
    """
    texts = (picture.alt, picture.headline, _path(picture.link), _path(picture.src))
    return any(says(text, name) for text in texts)


def _path(url: str) -> str:
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        # What a page links to need be no address.
        return ""
