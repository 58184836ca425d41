"""Everyday English words, so that names made of them ("Future", "Ice Cube") are not found in every headline."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from celeb_ops.core.settings import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DICTIONARY = PROJECT / "node_modules" / "dictionary-en" / "index.dic"
"""Hunspell's English dictionary (SCOWL; MIT and BSD), which ``make setup`` installs if npm is there."""


class CommonWords:
    """The everyday words, and those of them that are people's names too; empty without the dictionary."""

    def __init__(self, dictionary: Path) -> None:
        lines = dictionary.read_text(encoding="utf-8").splitlines()[1:] if dictionary.is_file() else []
        words = [line.partition("/")[::2] for line in lines]
        self._common = {word for word, _ in words if word.islower()}
        # Capitalised words with the flag M (they may take an 's) are names; other capitalised words are abbreviations.
        self._names = {word.lower() for word, flags in words if word.istitle() and "M" in flags}

    def __bool__(self) -> bool:
        return bool(self._common)

    def has(self, word: str) -> bool:
        """Whether a lower-case word is an everyday word, by itself or with an English ending."""
        return word in self._common or not self._common.isdisjoint(_stems(word))

    def has_name(self, word: str) -> bool:
        """Whether a lower-case word is also a name with a capital letter: ``Will``, ``Jack``, ``Young``."""
        return word in self._names


def _stems(word: str) -> Iterator[str]:
    """Possible stems of a word: ``deny`` of ``denies``, ``drop`` of ``dropped``, ``make`` of ``makes``."""
    for ending in ("s", "es", "d", "ed", "r", "er", "ing"):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word.removesuffix(ending)
            yield from (stem, f"{stem}e", f"{stem[:-1]}y" if stem[-1] == "i" else stem)
            if stem[-1] == stem[-2]:
                yield stem[:-1]


@cache
def installed() -> CommonWords:
    """The words of the installed dictionary, read once."""
    return CommonWords(DICTIONARY)
