"""pydantic's errors in our sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celeb_ops.core.text import cleaned, quoted

if TYPE_CHECKING:
    from pydantic import ValidationError

_FIELD_CHARS = 100
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}


def first_problem(error: ValidationError) -> tuple[str, str, str | None]:
    """The field that is wrong (``viewport.1``; empty: the whole), its value for a sentence, and what is wrong, without
    a full stop; None: there is no such field."""
    # First of all an unknown field: it may be a slip for one that is then missing.
    first = min(error.errors(), key=lambda one: one["type"] not in _UNKNOWN)
    message = first["msg"].removeprefix("Value error, ").replace("Input", "input", 1)
    field = cleaned(".".join(map(str, first["loc"])), _FIELD_CHARS)
    return field, quoted(first["input"]), None if first["type"] in _UNKNOWN else message
