"""Text of pages, services and people, made safe to keep, to print and to quote in a sentence."""

import difflib
import re
from collections.abc import Collection

SENTENCE_CHARS = 2_000
"""An error's sentence: the longest of ours, about the copies of an archived page, has some 1,000 characters."""
_QUOTED_CHARS = 100

# Control characters (a terminal obeys them, NUL ends texts elsewhere), line and paragraph separators, marks that turn
# the direction of writing, and halves of surrogate pairs, which UTF-8 can't have.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


def cleaned(text: str, most: int = SENTENCE_CHARS) -> str:
    """``text`` on one line of harmless characters, cut where it is longer than ``most``."""
    # A page may give 100 MB: most of what is cut off anyway is not looked at.
    line = " ".join(_UNSAFE.sub(" ", text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 face``, ``2,345 faces``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def quoted(value: object) -> str:
    """The value as a sentence quotes it: in one line, and cut where it is long."""
    quoted = repr(value)
    return quoted if len(quoted) <= _QUOTED_CHARS else f"{quoted[:_QUOTED_CHARS]}…"


def printable(text: str) -> str:
    """The text with a space for each control character and half of a character."""
    return UNPRINTABLE.sub(" ", text)


def suggestion(name: str, known: Collection[str], prefix: str = "") -> str:
    """``did you mean PEOPLE?``, or all known names.

    :param prefix: of all names; it is left out of the comparison, because it makes any two of them look alike.
    """
    near = difflib.get_close_matches(name.removeprefix(prefix), [one.removeprefix(prefix) for one in known], n=1)
    return f"did you mean {prefix}{near[0]}?" if near else f"known are {', '.join(known)}."
