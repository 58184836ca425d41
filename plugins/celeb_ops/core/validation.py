"""pydantic's errors in our sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celeb_ops.core.text import cleaned, quoted

if TYPE_CHECKING:
    from pydantic import ValidationError

_FIELD_CHARS = 100
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}


def first_problem(error: ValidationError) -> tuple[str, str, str | None]:
    """The first wrong field (``viewport.1``; empty if the whole value is wrong), its value, quoted, and a message
    without a full stop. The message is None if the field is unknown."""
    # Report an unknown field first: it may be a misspelt required field, which is then also reported as missing.
    first = min(error.errors(), key=lambda one: one["type"] not in _UNKNOWN)
    message = first["msg"].removeprefix("Value error, ").replace("Input", "input", 1)
    field = cleaned(".".join(map(str, first["loc"])), _FIELD_CHARS)
    return field, quoted(first["input"]), None if first["type"] in _UNKNOWN else message


def contact_address(text: str) -> str:
    """A mail address, or the address of a web page; ValueError for any other text."""
    if text and not re.fullmatch(r"[!-~ ]*(?:[!-~]@[!-~]|https?://[!-~])[!-~ ]*", text):
        raise ValueError("this is no contact address; give a mail address or the address of a web page")
    return text
