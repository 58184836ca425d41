"""Decides which spellings are one name; all code that compares names uses it.

Case, accents, apostrophes, spaces, punctuation and the Unicode form make no difference. Scripts do: no Greek, Cyrillic
or Chinese name becomes a Latin one, because many people have the same name once it is transliterated.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

LETTERS = {
    **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ɓ": "b", "ɗ": "d", "ƙ": "k"},
    **{"ƴ": "y", "ə": "e", "ɛ": "e", "ɔ": "o", "æ": "ae", "œ": "oe", "þ": "th"},
}
"""Latin letters that Unicode does not split into a letter and an accent, and what people type instead."""
_APOSTROPHES = re.compile("[`´‘’‛′＇\u02b9-\u02bf\u02c8\u02ca\u02cb\ua78b\ua78c]")
_GENITIVE = re.compile(r"'s\b")
_ANY_GENITIVE = re.compile(r"'s\b", re.IGNORECASE)
_IN_WORD = re.compile(r"(?<=\w)'(?=\w)")
_INITIALS = re.compile(r"\b([^\W\d_])(?:\. ?| )(?=[^\W\d_](?:\.|\b))")
UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
"""A character of a script without spaces between words."""
_NO_ASCII_LETTER = bytes(code for code in range(128) if not chr(code).isalnum())
_NO_LETTER_OF_ASCII = re.compile("[^a-z0-9]+")
_PAST_ASCII = re.compile(r"[^\x00-\x7f]+")
_LAST_MARK = 0x20000
# Japanese: カ and ガ are two sounds, not one sound with an accent. Greek: an iota below a vowel is written beside a
# capital.
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
    """The lower-case words without accents, punctuation and ``'s`` at their ends, with one space between them."""
    return _spaced(_GENITIVE.sub("", folded(text)))


def spellings(text: str) -> set[str]:
    """The text's :func:`words` in both spellings of an apostrophe: ``o connor`` and ``oconnor``."""
    bare = _GENITIVE.sub("", folded(text))
    return {_spaced(bare), _spaced(bare.replace("'", ""))}


@lru_cache(maxsize=10_000)
def letters(name: str) -> str:
    """A key that is equal for all spellings of one name. A name without letters is its own key."""
    return squeezed(name) or "".join(name.split()).casefold()


def squeezed(text: str) -> str:
    """The text's :func:`words` without spaces; some 0.3 ms for 30 kB, with letters past ASCII 3 ms."""
    bare = _GENITIVE.sub("", folded(text))
    if bare.isascii():
        return bare.encode().translate(None, _NO_ASCII_LETTER).decode()
    return _no_letter().sub("", bare)


def says(text: str, name: str) -> bool:
    """Whether a text contains the whole name, as separate words."""
    inside = [f" {one} " for one in spellings(text)]
    return any(f" {one} " in text for one in spellings(name) if one for text in inside)


class Word(NamedTuple):
    """A word as it is written, without apostrophes and ``'s``; and the characters before it."""

    text: str
    before: str


def written_words(text: str) -> tuple[list[Word], str]:
    """The text's words, and the characters after the last one.

    ``O'Connor's`` is one word, ``OConnor``, and so are initials, ``J. K.`` as ``JK``. In a script without spaces each
    character is a word.
    """
    bare = _ANY_GENITIVE.sub("", _APOSTROPHES.sub("'", nfc(text)))
    bare = _INITIALS.sub(r"\1", _IN_WORD.sub("", bare))
    words: list[Word] = []
    end, before = 0, ""
    for gap in _no_letter().finditer(bare):
        words += _parts(bare[end : gap.start()], before)
        end, before = gap.end(), gap[0]
    return ([*words, *_parts(bare[end:], before)], "") if bare[end:] else (words, before)


def _parts(written: str, before: str) -> list[Word]:
    parts = list(written) if UNSPACED.search(written) else [written] if written else []
    return [Word(part, "" if at else before) for at, part in enumerate(parts)]


def folded(text: str) -> str:
    """The text in lower case and without accents, its apostrophes as ``'``; spaces and other characters stay."""
    if text.isascii():
        return text.lower().replace("`", "'")
    text = _APOSTROPHES.sub("'", nfc(text))
    # Twice, as in Unicode's own folding: the result of the first pass may contain capitals again.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    text = _APOSTROPHES.sub("'", text)
    for letter, plainer in LETTERS.items():
        text = text.replace(letter, plainer)
    # Only characters beyond ASCII, which are few in long texts: ``translate`` is slow.
    return _PAST_ASCII.sub(lambda found: found[0].translate(_nothing()), text)


def _spaced(bare: str) -> str:
    return (_NO_LETTER_OF_ASCII if bare.isascii() else _no_letter()).sub(" ", bare).strip()


@cache
def _nothing() -> dict[int, None]:
    """Accents and invisible characters: soft hyphens, marks of direction."""
    every = map(chr, range(_LAST_MARK))
    marks = (char for char in every if unicodedata.combining(char) in _ACCENTS or unicodedata.category(char) == "Cf")
    return dict.fromkeys(ord(char) for char in marks if char not in _NO_ACCENTS)


@cache
def _no_letter() -> re.Pattern[str]:
    # In scripts like Devanagari vowels are marks: without them different names would be the same.
    vowels = (char for char in map(chr, range(_LAST_MARK)) if unicodedata.category(char)[0] == "M")
    return re.compile(f"(?:[^\\w{''.join(char for char in vowels if ord(char) not in _nothing())}]|_)+")


def qid_in(urls: Iterable[str]) -> str | None:
    """The QID in the first of these addresses that is of Wikidata, ``www.wikidata.org/wiki/Q7259``."""
    return next((found[1] for url in urls if (found := _WIKIDATA.match(url))), None)


def is_qid(text: str) -> bool:
    return bool(_QID.fullmatch(text))
