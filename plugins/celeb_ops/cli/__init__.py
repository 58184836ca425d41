"""What a person types: make run, make demo, make up. The one part that prints."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 face``, ``2 faces``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
