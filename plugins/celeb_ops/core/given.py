"""What somebody has typed or written, in sentences of ours."""

from __future__ import annotations

import re

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters, and halves of characters, which no file can hold."""
_SHOWN = 100


def shown(value: object) -> str:
    """The value as a sentence quotes it: in one line, and cut where it is long."""
    quoted = repr(value)
    return quoted if len(quoted) <= _SHOWN else f"{quoted[:_SHOWN]}…"


def printable(text: str) -> str:
    """The text with a space for each control character and half of a character."""
    return UNPRINTABLE.sub(" ", text)
