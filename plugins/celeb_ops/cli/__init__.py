"""What a person types: make run, make demo, make up. The one part that prints."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from celeb_ops.given import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def parsed(parser: ArgumentParser, arguments: list[str] | None) -> Namespace:
    """The options; what argparse would end with a traceback, or what nobody can write down, ends with a sentence."""
    given = sys.argv[1:] if arguments is None else arguments
    for one in given:
        if re.fullmatch("--[^=]+=--", one):
            # argparse takes the second `--` for its own sign, and then misses the value.
            parser.error(f"argument {one[:-3]}: '--' is no value")
        if printable(one) != one:
            parser.error(f"{one!a} has a character that is none of a text")
    return parser.parse_args(given)


def counted(number: int, noun: str) -> str:
    """``1 face``, ``2 faces``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
