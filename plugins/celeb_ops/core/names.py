"""Which spellings are one name, for everything that compares names.

Case, accents, apostrophes, spaces, signs and the Unicode form make no difference. Scripts do: no Greek, Cyrillic or
Chinese name becomes a Latin one, because transliterated many people have one name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LETTERS = {
    **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ɓ": "b", "ɗ": "d", "ƙ": "k"},
    **{"ƴ": "y", "ə": "e", "ɛ": "e", "ɔ": "o", "æ": "ae", "œ": "oe", "þ": "th"},
}
"""Latin letters whose sign is no accent in Unicode, as people write them who leave signs out."""
_APOSTROPHES = re.compile("[`´‘’‛′＇\u02b9-\u02bf\u02c8\u02ca\u02cb\ua78b\ua78c]")
_GENITIVE = re.compile(r"'s\b")
_NO_ASCII_LETTER = bytes(code for code in range(128) if not chr(code).isalnum())
_NO_LETTER_OF_ASCII = re.compile("[^a-z0-9]+")
_PAST_ASCII = re.compile(r"[^\x00-\x7f]+")
_LAST_MARK = 0x20000
# Japanese: カ and ガ are two sounds, and not one with an accent. Greek: the iota below a vowel is one beside a capital.
_ACCENTS = {1, *range(10, 36), *range(202, 241)}
"""Unicode's combining classes of Latin, Greek and Cyrillic accents and of Hebrew's and Arabic's points. In Thai, Lao,
Tibetan and the scripts of India marks of other classes are vowels: without them names would be the same."""
_NO_ACCENTS = "\u3099\u309a\u0345"

_QID = re.compile(r"Q[1-9][0-9]*")
_WIKIDATA = re.compile(
    r"(?:https?://)?(?:(?:www|m)\.)?wikidata\.org/(?:wiki|entity)/(?:Special:EntityPage/)?(Q[1-9][0-9]*)"
)


def nfc(name: str) -> str:
    """The name as it is stored and shown: in Unicode's composed form."""
    return unicodedata.normalize("NFC", name)


def words(text: str) -> str:
    """Lower-case words without accents, signs and ``'s`` at their ends, one space between them."""
    return _spaced(_GENITIVE.sub("", folded(text)))


def spellings(text: str) -> set[str]:
    """The text's :func:`words` by both ways to spell an apostrophe: ``o connor`` and ``oconnor``."""
    bare = _GENITIVE.sub("", folded(text))
    return {_spaced(bare), _spaced(bare.replace("'", ""))}


@lru_cache(maxsize=10_000)
def letters(name: str) -> str:
    """Whose name it is: the same for all spellings of a name. A name of signs alone is itself."""
    return squeezed(name) or "".join(name.split()).casefold()


def squeezed(text: str) -> str:
    """The text's :func:`words` without spaces; some 0.3 ms for 30 kB, with letters past ASCII 3 ms."""
    bare = _GENITIVE.sub("", folded(text))
    if bare.isascii():
        return bare.encode().translate(None, _NO_ASCII_LETTER).decode()
    return _no_letter().sub("", bare)


def says(text: str, name: str) -> bool:
    """Whether a text has the whole name in it, as words of its own."""
    inside = [f" {one} " for one in spellings(text)]
    return any(f" {one} " in text for one in spellings(name) if one for text in inside)


def folded(text: str) -> str:
    """The text in lower case and without accents, its apostrophes as ``'``; spaces and other signs are left."""
    if text.isascii():
        return text.lower().replace("`", "'")
    text = _APOSTROPHES.sub("'", nfc(text))
    # What lower case is made of may have a case again: twice, as in Unicode's own folding.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    text = _APOSTROPHES.sub("'", text)
    for letter, plainer in LETTERS.items():
        text = text.replace(letter, plainer)
    # ``translate`` takes its time with every sign: in long texts few are past ASCII.
    return _PAST_ASCII.sub(lambda found: found[0].translate(_nothing()), text)


def _spaced(bare: str) -> str:
    return (_NO_LETTER_OF_ASCII if bare.isascii() else _no_letter()).sub(" ", bare).strip()


@cache
def _nothing() -> dict[int, None]:
    """Accents, and what is not seen: soft hyphens, marks of direction."""
    every = map(chr, range(_LAST_MARK))
    marks = (char for char in every if unicodedata.combining(char) in _ACCENTS or unicodedata.category(char) == "Cf")
    return dict.fromkeys(ord(char) for char in marks if char not in _NO_ACCENTS)


@cache
def _no_letter() -> re.Pattern[str]:
    # Of scripts like Devanagari vowels are marks: without those, names would be the same.
    vowels = (char for char in map(chr, range(_LAST_MARK)) if unicodedata.category(char)[0] == "M")
    return re.compile(f"(?:[^\\w{''.join(char for char in vowels if ord(char) not in _nothing())}]|_)+")


def qid_in(urls: Iterable[str]) -> str | None:
    """The QID in the first of these addresses that is of Wikidata, ``www.wikidata.org/wiki/Q7259``."""
    return next((found[1] for url in urls if (found := _WIKIDATA.match(url))), None)


def is_qid(text: str) -> bool:
    return bool(_QID.fullmatch(text))
