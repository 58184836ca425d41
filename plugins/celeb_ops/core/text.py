"""Text of pages, services and people, made safe to keep, to print and to quote in a sentence."""

from __future__ import annotations

import re

SENTENCE_CHARS = 2_000
"""An error's sentence: the longest of ours, about the copies of an archived page, has some 1,000 characters."""

# Control characters (a terminal obeys them, NUL ends texts elsewhere), line and paragraph separators, what turns the
# direction of writing, and halves of signs, which can't be written as UTF-8.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def cleaned(text: str, most: int = SENTENCE_CHARS) -> str:
    """``text`` on one line of harmless characters, cut where it is longer than ``most``."""
    # A page may say 100 MB: what is cut off anyway is not looked at.
    line = " ".join(_UNSAFE.sub(" ", text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """``1 face``, ``2 faces``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters, and halves of characters, which no file can hold."""
_SHOWN = 100


def quoted(value: object) -> str:
    """The value as a sentence quotes it: in one line, and cut where it is long."""
    quoted = repr(value)
    return quoted if len(quoted) <= _SHOWN else f"{quoted[:_SHOWN]}…"


def printable(text: str) -> str:
    """The text with a space for each control character and half of a character."""
    return UNPRINTABLE.sub(" ", text)
