"""Whether a page names somebody beside a picture: the page's words are evidence too."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from celeb_ops.records import Picture


def mentions(picture: Picture, name: str) -> bool:
    """Whether the picture's alt text, headline, link or file name has the whole name in it.

    Not a part of the name: families share it, and look alike.
    """
    wanted = f" {_words(name)} "
    texts = (picture.alt, picture.headline, *(unquote(urlsplit(url).path) for url in (picture.link, picture.src)))
    return bool(wanted.strip()) and any(wanted in f" {_words(text)} " for text in texts)


def _words(text: str) -> str:
    """Lower-case words without accents and signs, one space between them."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", plain.casefold().replace("_", " ").replace("'s", "").replace("’s", "")))
